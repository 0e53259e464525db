terraform {
  required_version = ">= 1.11.0" # since then, arguments that are written and never kept

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 6.0.0"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = { application = var.name }
  }

  # What follows is for an emulator of AWS; without an endpoint it says nothing.
  access_key                  = local.emulated ? "emulated" : null
  secret_key                  = local.emulated ? "emulated" : null
  skip_credentials_validation = local.emulated
  skip_metadata_api_check     = local.emulated
  s3_use_path_style           = local.emulated
  max_retries                 = local.emulated ? 2 : null

  dynamic "endpoints" {
    for_each = local.emulated ? [var.endpoint] : []
    content {
      apigatewayv2 = endpoints.value
      cloudwatch   = endpoints.value
      ec2          = endpoints.value
      ecr          = endpoints.value
      ecs          = endpoints.value
      events       = endpoints.value
      iam          = endpoints.value
      lambda       = endpoints.value
      logs         = endpoints.value
      s3           = endpoints.value
      scheduler    = endpoints.value
      sns          = endpoints.value
      sqs          = endpoints.value
      ssm          = endpoints.value
      sts          = endpoints.value
    }
  }
}
