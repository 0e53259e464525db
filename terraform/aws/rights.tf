# What each function may do, as the wiring has it, and nothing else. A job has the same document for its task.

data "aws_iam_policy_document" "function" {
  for_each = local.functions

  dynamic "statement" {
    for_each = contains(keys(local.stored), each.key) ? [local.reads[each.key]] : []
    content {
      sid       = "ReadObjects"
      actions   = ["s3:GetObject"]
      resources = [for prefix in statement.value : "${aws_s3_bucket.objects.arn}/${prefix}*"]
    }
  }

  # S3 says that a missing object is forbidden to whoever may not list, and a question after one object has no prefix.
  dynamic "statement" {
    for_each = contains(keys(local.stored), each.key) ? [concat(local.reads[each.key], local.writes[each.key])] : []
    content {
      sid       = "ListObjects"
      actions   = ["s3:ListBucket"]
      resources = [aws_s3_bucket.objects.arn]

      condition {
        test     = "StringLikeIfExists"
        variable = "s3:prefix"
        values   = [for prefix in statement.value : "${prefix}*"]
      }
    }
  }

  # A write that is refused is looked at, whether it was ours after all.
  dynamic "statement" {
    for_each = contains(keys(local.stored), each.key) ? [local.writes[each.key]] : []
    content {
      sid       = "WriteObjects"
      actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
      resources = [for prefix in statement.value : "${aws_s3_bucket.objects.arn}/${prefix}*"]
    }
  }

  # A task gets its secrets from the platform, by the role that starts it.
  dynamic "statement" {
    for_each = each.value.kind == "job" || length(local.secrets[each.key]) == 0 ? [] : [values(local.secrets[each.key])]
    content {
      sid       = "ReadSecrets"
      actions   = ["ssm:GetParameters"]
      resources = [for parameter in statement.value : aws_ssm_parameter.secret[parameter].arn]
    }
  }

  dynamic "statement" {
    for_each = contains(keys(local.queued), each.key) ? [each.key] : []
    content {
      sid       = "TakeMessages"
      actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage"]
      resources = [aws_sqs_queue.function[statement.value].arn]
    }
  }

  dynamic "statement" {
    for_each = contains(each.value.needs, "events") ? [each.key] : []
    content {
      sid       = "SendEvents"
      actions   = ["sqs:GetQueueUrl", "sqs:SendMessage"]
      resources = [for function in keys(local.queued) : local.queue_arn[function]]
    }
  }

  dynamic "statement" {
    for_each = contains(each.value.needs, "events") ? [each.key] : []
    content {
      sid       = "StartJobs"
      actions   = ["events:PutEvents"]
      resources = ["arn:aws:events:${var.region}:${local.account}:event-bus/default"]

      condition {
        test     = "StringEquals"
        variable = "events:source"
        values   = ["touchline"]
      }
    }
  }

  dynamic "statement" {
    for_each = each.value.kind == "job" ? [] : [each.key]
    content {
      sid       = "WriteLog"
      actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      resources = ["${aws_cloudwatch_log_group.function[statement.value].arn}:*"]
    }
  }
}
