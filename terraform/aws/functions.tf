# Services: each an image, a role, a log and a mapping of its queue.

data "aws_iam_policy_document" "assumed" {
  for_each = toset(["ecs-tasks", "events", "lambda", "scheduler"])

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["${each.key}.amazonaws.com"]
    }

    # So that nobody else's rule, schedule or task is a reason to lend the role.
    dynamic "condition" {
      for_each = each.key == "lambda" ? [] : [local.account]
      content {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [condition.value]
      }
    }
  }
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  name               = "${var.name}-${each.key}"
  description        = "Touchline ${each.key}"
  assume_role_policy = data.aws_iam_policy_document.assumed[each.value.kind == "job" ? "ecs-tasks" : "lambda"].json
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions

  name   = "wiring"
  role   = aws_iam_role.function[each.key].name
  policy = data.aws_iam_policy_document.function[each.key].json
}

resource "aws_cloudwatch_log_group" "function" {
  for_each = local.functions

  name              = each.value.kind == "job" ? "/ecs/${var.name}-${each.key}" : "/aws/lambda/${var.name}-${each.key}"
  retention_in_days = var.log_days
}

resource "aws_lambda_function" "service" {
  for_each = local.services

  function_name                  = "${var.name}-${each.key}"
  description                    = substr(each.value.about, 0, 256)
  role                           = aws_iam_role.function[each.key].arn
  package_type                   = "Image"
  image_uri                      = lookup(var.images, each.key, "none")
  architectures                  = [var.architecture]
  memory_size                    = each.value.memory_mib
  timeout                        = each.value.timeout_s
  reserved_concurrent_executions = each.value.http ? var.predict_reserved : -1

  ephemeral_storage { size = 1024 }

  environment {
    variables = merge(local.environment[each.key], length(local.secrets[each.key]) == 0 ? {} : {
      TOUCHLINE_SECRETS = join(",", [
        for variable, parameter in local.secrets[each.key] : "${variable}=${aws_ssm_parameter.secret[parameter].name}"
      ])
    })
  }

  depends_on = [aws_cloudwatch_log_group.function, aws_iam_role_policy.function]
}

# One message at a time, each acknowledged by itself. Lambda knows no lower limit than two at once: claims do the rest.
resource "aws_lambda_event_source_mapping" "queue" {
  for_each = local.queued

  event_source_arn        = aws_sqs_queue.function[each.key].arn
  function_name           = aws_lambda_function.service[each.key].arn
  batch_size              = 1
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config { maximum_concurrency = max(2, each.value.scale.max) }
}
