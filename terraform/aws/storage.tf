# The bucket: encrypted, versioned, for nobody but us, and only over TLS. It tells EventBridge of every new object.

locals {
  bucket = "${module.wiring.bucket}-${local.account}"
}

resource "aws_s3_bucket" "objects" {
  bucket        = local.bucket
  force_destroy = !var.deletion_protection
}

resource "aws_s3_bucket_public_access_block" "objects" {
  bucket                  = aws_s3_bucket.objects.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "objects" {
  bucket = aws_s3_bucket.objects.bucket

  versioning_configuration { status = "Enabled" }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "objects" {
  bucket = aws_s3_bucket.objects.bucket

  rule {
    apply_server_side_encryption_by_default { sse_algorithm = "AES256" }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "objects" {
  bucket = aws_s3_bucket.objects.bucket

  rule {
    id     = "what-was-replaced"
    status = "Enabled"

    filter {}
    noncurrent_version_expiration { noncurrent_days = var.keep_days }
    abort_incomplete_multipart_upload { days_after_initiation = 1 }
    expiration { expired_object_delete_marker = true }
  }

  depends_on = [aws_s3_bucket_versioning.objects]
}

# Nobody speaks to the bucket or to a queue but over TLS.
data "aws_iam_policy_document" "only_over_tls" {
  for_each = merge(
    { bucket = { service = "s3", resources = [aws_s3_bucket.objects.arn, "${aws_s3_bucket.objects.arn}/*"] } },
    { for function in keys(local.queued) : function => { service = "sqs", resources = [local.queue_arn[function]] } },
    { for function in keys(local.woken) : "${function}-dead" => { service = "sqs", resources = ["${local.queue_arn[function]}-dead"] } },
  )

  statement {
    sid       = "OnlyOverTls"
    effect    = "Deny"
    actions   = ["${each.value.service}:*"]
    resources = each.value.resources

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "objects" {
  count = startswith(var.endpoint, "http://") ? 0 : 1 # an emulator without TLS keeps to it, and would let nobody in

  bucket     = aws_s3_bucket.objects.bucket
  policy     = data.aws_iam_policy_document.only_over_tls["bucket"].json
  depends_on = [aws_s3_bucket_public_access_block.objects]
}

resource "aws_s3_bucket_notification" "objects" {
  bucket      = aws_s3_bucket.objects.bucket
  eventbridge = true
}
