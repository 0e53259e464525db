# Without an account: the provider is mocked.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
}

run "made" {
  assert {
    condition = toset(keys(aws_ecr_repository.function)) == toset([
      for entry in fileset("../../../functions", "*/main.py") : dirname(entry)
    ])
    error_message = "scripts/build-images sends an image of each folder of functions/, so each has a repository."
  }

  assert {
    condition     = alltrue([for one in aws_ecr_repository.function : one.image_tag_mutability == "IMMUTABLE"])
    error_message = "A tag that was sent stays what it is."
  }
}
