# New objects and ticks wait in a queue for each function; what crashes it ends in its dead-letter queue.

locals {
  # Whoever finds his function claimed gives the message back, and SQS counts that.
  deliveries = { for function, told in local.queued : function => told.retries.attempts + (told.claim ? 5 : 0) }
  queue_arn  = { for function in keys(local.woken) : function => "arn:aws:sqs:${var.region}:${local.account}:${var.name}-${function}" }
  rule_arn   = { for function in keys(local.woken) : function => "arn:aws:events:${var.region}:${local.account}:rule/${var.name}-${function}" }
}

resource "aws_sqs_queue" "dead" {
  for_each = local.woken

  name                      = "${var.name}-${each.key}-dead"
  message_retention_seconds = 14 * 24 * 3600
  sqs_managed_sse_enabled   = true
  policy                    = data.aws_iam_policy_document.dead[each.key].json
}

resource "aws_sqs_queue" "function" {
  for_each = local.queued

  name                       = "${var.name}-${each.key}"
  visibility_timeout_seconds = each.value.timeout_s * 6 # as Lambda advises: shorter, and what still runs comes again
  message_retention_seconds  = 4 * 24 * 3600
  sqs_managed_sse_enabled    = true
  policy                     = data.aws_iam_policy_document.queue[each.key].json
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead[each.key].arn
    maxReceiveCount     = local.deliveries[each.key]
  })
}

# Over TLS alone; and only the function's own rule may put something there, schedules and functions do so by their roles.
data "aws_iam_policy_document" "queue" {
  for_each = local.queued

  source_policy_documents = [data.aws_iam_policy_document.only_over_tls[each.key].json]

  dynamic "statement" {
    for_each = contains(keys(local.objects), each.key) ? [local.rule_arn[each.key]] : []
    content {
      sid       = "NewObjects"
      actions   = ["sqs:SendMessage"]
      resources = [local.queue_arn[each.key]]

      principals {
        type        = "Service"
        identifiers = ["events.amazonaws.com"]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = [statement.value]
      }
    }
  }
}

data "aws_iam_policy_document" "dead" {
  for_each = local.woken

  source_policy_documents = [data.aws_iam_policy_document.only_over_tls["${each.key}-dead"].json]

  statement {
    sid       = "WhatCouldNotBeDelivered"
    actions   = ["sqs:SendMessage"]
    resources = ["${local.queue_arn[each.key]}-dead"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [local.rule_arn[each.key], "${local.rule_arn[each.key]}-*"]
    }
  }
}

resource "aws_cloudwatch_event_rule" "objects" {
  for_each = local.objects

  name        = "${var.name}-${each.key}"
  description = "New objects that wake ${each.key}"
  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    detail = {
      bucket = { name = [aws_s3_bucket.objects.bucket] }
      object = { key = [for prefix in each.value : { prefix = prefix }] }
    }
  })
}

resource "aws_cloudwatch_event_target" "queue" {
  for_each = { for function, prefixes in local.objects : function => prefixes if contains(keys(local.queued), function) }

  rule      = aws_cloudwatch_event_rule.objects[each.key].name
  target_id = "queue"
  arn       = aws_sqs_queue.function[each.key].arn

  dead_letter_config { arn = aws_sqs_queue.dead[each.key].arn }
}
