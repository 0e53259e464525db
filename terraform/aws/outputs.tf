output "bucket" {
  description = "The bucket; TOUCHLINE_STORE of the command line is s3://<bucket>."
  value       = aws_s3_bucket.objects.bucket
}

output "address" {
  description = "Where predict answers."
  value       = aws_apigatewayv2_api.predict.api_endpoint
}

output "environment" {
  description = "What the command line needs to work with this installation, but for secrets."
  value = {
    AWS_REGION        = var.region
    TOUCHLINE_STORE   = "s3://${aws_s3_bucket.objects.bucket}"
    TOUCHLINE_SINK    = "aws://${var.name}"
    TOUCHLINE_CRASHES = "aws://${var.name}"
  }
}

output "secret_parameters" {
  description = "Names of the secrets; each needs a value in `secrets`, until then it holds a hyphen."
  value       = sort(local.parameters)
}

output "schedules" {
  description = "Schedules as AWS has them."
  value       = local.expressions
}

output "jobs" {
  description = "Where tasks run, for who starts one by hand."
  value = {
    cluster  = aws_ecs_cluster.jobs.name
    networks = "awsvpcConfiguration={subnets=[${aws_subnet.jobs.id}],securityGroups=[${aws_security_group.jobs.id}],assignPublicIp=ENABLED}"
    tasks    = { for job, task in aws_ecs_task_definition.job : job => task.family }
  }
}
