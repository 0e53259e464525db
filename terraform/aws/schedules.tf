# Schedules, in UTC as the wiring has them. A tick that got lost is made up for by sweep.

data "aws_iam_policy_document" "scheduler" {
  source_policy_documents = [data.aws_iam_policy_document.starts.json]

  statement {
    sid       = "PutTicks"
    actions   = ["sqs:SendMessage"]
    resources = concat([for queue in aws_sqs_queue.function : queue.arn], [for queue in aws_sqs_queue.dead : queue.arn])
  }

  dynamic "statement" {
    for_each = length(local.warm) == 0 ? [] : [1]
    content {
      sid       = "Warm"
      actions   = ["lambda:InvokeFunction"]
      resources = [for told in local.warm : aws_lambda_function.service[told.function].arn]
    }
  }
}

resource "aws_iam_role" "scheduler" {
  name               = "${var.name}-scheduler"
  description        = "Touchline: puts ticks into queues, starts jobs, keeps predict awake"
  assume_role_policy = data.aws_iam_policy_document.assumed["scheduler"].json
}

resource "aws_iam_role_policy" "scheduler" {
  name   = "schedules"
  role   = aws_iam_role.scheduler.name
  policy = data.aws_iam_policy_document.scheduler.json
}

locals {
  # A CloudEvent whose id and time the scheduler fills in: the same tick again is the same work. (jsonencode writes <
  # and > as escapes, which the scheduler would not recognise.)
  ticks = { for name, tick in local.crons : name => replace(replace(jsonencode({
    specversion = "1.0"
    id          = "<aws.scheduler.execution-id>"
    source      = "aws.scheduler/${var.name}-${name}"
    type        = "dev.touchline.cron.tick"
    time        = "<aws.scheduler.scheduled-time>"
    subject     = tick.schedule
  }), "\\u003c", "<"), "\\u003e", ">") }
}

resource "aws_scheduler_schedule" "tick" {
  for_each = local.crons

  name                         = "${var.name}-${each.key}"
  description                  = "Tick ${each.value.schedule} of ${each.value.function}"
  schedule_expression          = local.expressions[each.key]
  schedule_expression_timezone = "UTC"

  flexible_time_window { mode = "OFF" }

  target {
    arn      = each.value.job ? aws_ecs_cluster.jobs.arn : aws_sqs_queue.function[each.value.function].arn
    role_arn = aws_iam_role.scheduler.arn
    input = each.value.job ? replace(replace(jsonencode({ containerOverrides = [{
      name = local.container, environment = [{ name = "TOUCHLINE_EVENT", value = local.ticks[each.key] }]
    }] }), "\\u003c", "<"), "\\u003e", ">") : local.ticks[each.key]

    dynamic "ecs_parameters" {
      for_each = each.value.job ? [aws_ecs_task_definition.job[each.value.function]] : []
      content {
        task_definition_arn = ecs_parameters.value.arn_without_revision
        launch_type         = "FARGATE"
        platform_version    = "LATEST"

        network_configuration {
          subnets          = [aws_subnet.jobs.id]
          security_groups  = [aws_security_group.jobs.id]
          assign_public_ip = true
        }
      }
    }

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = each.value.job ? 5 : 10
    }

    dead_letter_config { arn = aws_sqs_queue.dead[each.value.function].arn }
  }
}

# Asks predict for a sign of life, as the gateway would, so that an instance stays ready.
resource "aws_scheduler_schedule" "warm" {
  for_each = local.warm

  name                         = "${var.name}-${each.key}"
  description                  = "Keeps ${each.value.function} awake around kick-offs"
  schedule_expression          = local.expressions[each.key]
  schedule_expression_timezone = "UTC"

  flexible_time_window { mode = "OFF" }

  target {
    arn      = aws_lambda_function.service[each.value.function].arn
    role_arn = aws_iam_role.scheduler.arn
    input = jsonencode({
      version         = "2.0", routeKey = "$default", rawPath = "/readyz", rawQueryString = "", headers = { host = "warm" }
      requestContext  = { http = { method = "GET", path = "/readyz", protocol = "HTTP/1.1", sourceIp = "127.0.0.1" } }
      isBase64Encoded = false
    })

    retry_policy {
      maximum_event_age_in_seconds = 60
      maximum_retry_attempts       = 0
    }
  }
}
