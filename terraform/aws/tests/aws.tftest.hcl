# Without an account: the provider is mocked, so this shows what would be asked of AWS, not what AWS says to it.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::touchline-123456789012" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mocked" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-west-1:123456789012:mocked" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:mocked" }
  }
  mock_resource "aws_ssm_parameter" {
    defaults = { arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/mocked" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:mocked" }
  }
  mock_resource "aws_lambda_function" {
    defaults = {
      arn        = "arn:aws:lambda:eu-west-1:123456789012:function:mocked"
      invoke_arn = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:mocked/invocations"
    }
  }
  mock_resource "aws_ecs_cluster" {
    defaults = { arn = "arn:aws:ecs:eu-west-1:123456789012:cluster/mocked" }
  }
  mock_resource "aws_ecs_task_definition" {
    defaults = {
      arn                  = "arn:aws:ecs:eu-west-1:123456789012:task-definition/mocked:1"
      arn_without_revision = "arn:aws:ecs:eu-west-1:123456789012:task-definition/mocked"
    }
  }
  mock_resource "aws_apigatewayv2_api" {
    defaults = { execution_arn = "arn:aws:execute-api:eu-west-1:123456789012:mocked" }
  }
}

variables {
  alarm_email = "somebody@example.com"
  secrets     = {}
  images = { for function in keys(yamldecode(file("../../functions/wiring.yaml")).functions) :
    function => "123456789012.dkr.ecr.eu-west-1.amazonaws.com/touchline-${function}@sha256:${sha256(function)}"
  }
}

run "made" {
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.objects["export"].event_pattern).detail.object.key == [{ prefix = "scrapes/published/" }]
    error_message = "export is woken by scrapes/published/ alone."
  }

  assert {
    condition     = alltrue([for function, queue in aws_sqs_queue.function : queue.visibility_timeout_seconds >= 6 * aws_lambda_function.service[function].timeout])
    error_message = "A message stays hidden for as long as its function may take, and is not delivered meanwhile."
  }

  assert {
    condition     = alltrue([for mapping in aws_lambda_event_source_mapping.queue : contains(mapping.function_response_types, "ReportBatchItemFailures") && mapping.scaling_config[0].maximum_concurrency >= 2])
    error_message = "Messages are acknowledged one by one; AWS refuses a maximum below two."
  }

  assert {
    condition     = alltrue([for queue in concat(values(aws_sqs_queue.function), values(aws_sqs_queue.dead)) : queue.sqs_managed_sse_enabled])
    error_message = "Queues are encrypted."
  }

  assert {
    condition     = aws_scheduler_schedule.tick["train-weekly"].schedule_expression == "cron(30 3 ? * MON *)" && aws_scheduler_schedule.tick["sweep-quarter-hourly"].schedule_expression == "cron(0/15 * * * ? *)"
    error_message = "Schedules are written as AWS has them."
  }

  assert {
    condition     = alltrue([for tick in aws_scheduler_schedule.tick : tick.schedule_expression_timezone == "UTC" && strcontains(tick.target[0].input, "<aws.scheduler.execution-id>")])
    error_message = "Ticks are in UTC, and each has an identity."
  }

  assert {
    condition     = join(",", keys(aws_ecs_task_definition.job)) == "train" && setunion(keys(aws_lambda_function.service), ["train"]) == toset(keys(local.functions))
    error_message = "train is a task, the others are functions."
  }

  assert {
    condition     = alltrue([for function in aws_lambda_function.service : can(regex("@sha256:", function.image_uri))])
    error_message = "Images are named by digest."
  }

  assert {
    condition     = alltrue([for function in aws_lambda_function.service : length(setintersection(keys(function.environment[0].variables), ["TOUCHLINE_DATABASE", "TOUCHLINE_CACHE", "MLFLOW_TRACKING_URI"])) == 0])
    error_message = "No secret stands in a variable of a function."
  }

  assert {
    condition     = { for name, route in aws_apigatewayv2_route.function : route.route_key => route.authorization_type }["$default"] == "AWS_IAM" && { for name, route in aws_apigatewayv2_route.function : route.route_key => route.authorization_type }["GET /metrics"] == "AWS_IAM"
    error_message = "What operates the service, or changes something, is not open."
  }

  assert {
    condition     = length(aws_s3_bucket_policy.objects) == 1 && alltrue([for one in [aws_s3_bucket_public_access_block.objects] : one.block_public_acls && one.block_public_policy && one.ignore_public_acls && one.restrict_public_buckets])
    error_message = "The bucket is for nobody but us, and over TLS alone."
  }

  assert {
    condition     = { for told in jsondecode(aws_ecs_task_definition.job["train"].container_definitions)[0].environment : told.name => told.value }["JOB_SECONDS"] == "7200"
    error_message = "A task that hangs ends after the time of the wiring."
  }

  assert {
    condition     = length(aws_security_group.jobs.ingress) == 0
    error_message = "Nobody connects to a job."
  }

  assert {
    condition     = length(aws_budgets_budget.month) == 1 && length(aws_cloudwatch_metric_alarm.dead) == length(local.woken)
    error_message = "Cost is watched, and so are all dead letters."
  }
}

run "without_secrets" {
  command = plan

  variables { unused_secrets = ["MLFLOW_TRACKING_URI", "TOUCHLINE_CACHE", "TOUCHLINE_SENTRY_DSN", "TOUCHLINE_TRAIN_STUDY"] }

  assert {
    condition     = !contains(keys(aws_ssm_parameter.secret), "TOUCHLINE_CACHE") && !contains(keys(aws_lambda_function.service["predict"].environment[0].variables), "TOUCHLINE_SECRETS")
    error_message = "Where there is no secret, nobody asks for one."
  }
}

run "refuses_tags" {
  command = plan

  variables { images = { export = "touchline-export:latest" } }

  expect_failures = [var.images]
}
