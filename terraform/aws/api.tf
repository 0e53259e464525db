# The HTTP API in front of predict. Keys are the service's own business. What operates it (its figures) and what changes
# something (rollback, redrive) is only for those who sign with IAM, and need an admin's key besides.

locals {
  open   = ["GET /", "GET /{proxy+}", "HEAD /", "HEAD /{proxy+}", "POST /predict/{proxy+}"]
  closed = ["GET /metrics", "$default"]

  routes = merge([for function in keys(local.public) : merge(
    { for route in local.open : "${function} ${route}" => { function = function, route = route, authorization = "NONE" } },
    { for route in local.closed : "${function} ${route}" => { function = function, route = route, authorization = "AWS_IAM" } },
  )]...)
}

resource "aws_apigatewayv2_api" "predict" {
  name          = var.name
  description   = "Touchline's answers"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_integration" "function" {
  for_each = local.public

  api_id                 = aws_apigatewayv2_api.predict.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.service[each.key].invoke_arn
  payload_format_version = "2.0"
  timeout_milliseconds   = min(30000, (each.value.timeout_s + 1) * 1000)
}

resource "aws_apigatewayv2_route" "function" {
  for_each = local.routes

  api_id             = aws_apigatewayv2_api.predict.id
  route_key          = each.value.route
  target             = "integrations/${aws_apigatewayv2_integration.function[each.value.function].id}"
  authorization_type = each.value.authorization
}

resource "aws_cloudwatch_log_group" "api" {
  name              = "/aws/apigateway/${var.name}"
  retention_in_days = var.log_days
}

resource "aws_apigatewayv2_stage" "predict" {
  api_id      = aws_apigatewayv2_api.predict.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit    = var.api_rate
    throttling_burst_limit   = var.api_burst
    detailed_metrics_enabled = false # paid by route
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.api.arn
    format = jsonencode({
      request = "$context.requestId", time = "$context.requestTime", address = "$context.identity.sourceIp"
      method  = "$context.httpMethod", path = "$context.path", status = "$context.status"
      ms      = "$context.responseLatency", error = "$context.integrationErrorMessage"
    })
  }
}

resource "aws_lambda_permission" "api" {
  for_each = local.public

  statement_id  = "gateway"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.service[each.key].function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.predict.execution_arn}/*/*"
}
