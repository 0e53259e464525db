# Repositories for the images, one for each function. They come first: a function cannot be made before its image is there.

variable "region" {
  description = "Region of the functions."
  type        = string
  default     = "eu-west-1"
}

variable "wiring" {
  description = "The declaration of the functions; empty = that of the checkout."
  type        = string
  default     = ""
}

variable "keep" {
  description = "Images of each function that are kept, so that one can go back."
  type        = number
  default     = 10
}

locals {
  wiring = yamldecode(file(var.wiring == "" ? "${path.module}/../../../functions/wiring.yaml" : var.wiring))
  # Also for what runs beside the functions elsewhere: scripts/build-images sends all images there are.
  functions = setunion(keys(local.wiring.functions), keys(try(local.wiring.platform, {})))
}

data "aws_caller_identity" "this" {}

resource "aws_ecr_repository" "function" {
  for_each = local.functions

  name                 = "touchline-${each.key}" # as scripts/build-images names it, whatever the installations are called
  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration { scan_on_push = true }
}

resource "aws_ecr_lifecycle_policy" "function" {
  for_each = local.functions

  repository = aws_ecr_repository.function[each.key].name
  policy = jsonencode({ rules = [{
    rulePriority = 1
    description  = "Keep the newest"
    selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = var.keep }
    action       = { type = "expire" }
  }] })
}

# Lambda pulls by itself; tasks do so by a role of their own.
data "aws_iam_policy_document" "pull" {
  for_each = local.functions

  statement {
    sid     = "LambdaPulls"
    actions = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

resource "aws_ecr_repository_policy" "function" {
  for_each = local.functions

  repository = aws_ecr_repository.function[each.key].name
  policy     = data.aws_iam_policy_document.pull[each.key].json
}

output "registry" {
  description = "Where to push: <registry>/touchline-<function>:<commit>."
  value       = "${data.aws_caller_identity.this.account_id}.dkr.ecr.${var.region}.amazonaws.com"
}
