# Jobs: tasks of Fargate in a network of their own, with a way out and none in. No NAT gateway, which would cost more
# than all the rest: a task has a public address, and a security group that lets nobody in.

locals {
  zone = "${var.region}a"
  # Memory that Fargate gives to so many processors, in MiB, at most.
  sizes     = { 1024 = 8192, 2048 = 16384, 4096 = 30720 }
  cpu       = { for job, told in local.jobs : job => min([for cpu, most in local.sizes : tonumber(cpu) if told.memory_mib <= most]...) }
  container = "job"
}

resource "aws_vpc" "jobs" {
  cidr_block           = "10.77.0.0/24"
  enable_dns_hostnames = true

  tags = { Name = "${var.name}-jobs" }
}

resource "aws_default_security_group" "jobs" {
  vpc_id = aws_vpc.jobs.id # without rules: nothing uses it, and nothing could
}

resource "aws_internet_gateway" "jobs" {
  vpc_id = aws_vpc.jobs.id
}

resource "aws_subnet" "jobs" {
  vpc_id            = aws_vpc.jobs.id
  cidr_block        = "10.77.0.0/26"
  availability_zone = local.zone
}

resource "aws_route_table" "jobs" {
  vpc_id = aws_vpc.jobs.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.jobs.id
  }
}

resource "aws_route_table_association" "jobs" {
  subnet_id      = aws_subnet.jobs.id
  route_table_id = aws_route_table.jobs.id
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id          = aws_vpc.jobs.id
  service_name    = "com.amazonaws.${var.region}.s3"
  route_table_ids = [aws_route_table.jobs.id]
}

resource "aws_security_group" "jobs" {
  name        = "${var.name}-jobs"
  description = "Nobody in; out to HTTPS and PostgreSQL"
  vpc_id      = aws_vpc.jobs.id

  dynamic "egress" {
    for_each = { https = 443, postgresql = var.database_port }
    content {
      description = egress.key
      protocol    = "tcp"
      from_port   = egress.value
      to_port     = egress.value
      cidr_blocks = ["0.0.0.0/0"]
    }
  }
}

resource "aws_ecs_cluster" "jobs" {
  name = "${var.name}-jobs"

  setting {
    name  = "containerInsights"
    value = "disabled" # the run records tell more, and cost nothing
  }
}

# The role by which the platform starts a task: pulls its image, opens its log, hands it its secrets.
resource "aws_iam_role" "starting" {
  for_each = local.jobs

  name               = "${var.name}-${each.key}-starting"
  description        = "Touchline: starts tasks of ${each.key}"
  assume_role_policy = data.aws_iam_policy_document.assumed["ecs-tasks"].json
}

data "aws_iam_policy_document" "starting" {
  for_each = local.jobs

  statement {
    sid       = "SignIn"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"] # it knows no resource
  }

  statement {
    sid       = "PullImage"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = ["arn:aws:ecr:${var.region}:${local.account}:repository/touchline-${each.key}"] # of images/
  }

  statement {
    sid       = "WriteLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.function[each.key].arn}:*"]
  }

  dynamic "statement" {
    for_each = length(local.secrets[each.key]) == 0 ? [] : [values(local.secrets[each.key])]
    content {
      sid       = "ReadSecrets"
      actions   = ["ssm:GetParameters"]
      resources = [for parameter in statement.value : aws_ssm_parameter.secret[parameter].arn]
    }
  }
}

resource "aws_iam_role_policy" "starting" {
  for_each = local.jobs

  name   = "start"
  role   = aws_iam_role.starting[each.key].name
  policy = data.aws_iam_policy_document.starting[each.key].json
}

resource "aws_ecs_task_definition" "job" {
  for_each = local.jobs

  family                   = "${var.name}-${each.key}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = local.cpu[each.key]
  memory                   = each.value.memory_mib
  execution_role_arn       = aws_iam_role.starting[each.key].arn
  task_role_arn            = aws_iam_role.function[each.key].arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = upper(var.architecture)
  }

  volume { name = "tmp" }

  container_definitions = jsonencode([{
    name                   = local.container
    image                  = lookup(var.images, each.key, "none")
    essential              = true
    cpu                    = local.cpu[each.key]
    memory                 = each.value.memory_mib
    readonlyRootFilesystem = true
    stopTimeout            = 120
    environment            = [for name, value in local.environment[each.key] : { name = name, value = value }]
    secrets = [for variable, parameter in local.secrets[each.key] : {
      name = variable, valueFrom = aws_ssm_parameter.secret[parameter].arn
    }]
    linuxParameters = { capabilities = { drop = ["ALL"] }, initProcessEnabled = true }
    mountPoints     = [{ sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.function[each.key].name
        awslogs-region        = var.region
        awslogs-stream-prefix = "job"
      }
    }
  }])
}

# What rules and schedules need to start tasks.
data "aws_iam_policy_document" "starts" {
  statement {
    sid       = "StartJobs"
    actions   = ["ecs:RunTask"]
    resources = flatten([for task in aws_ecs_task_definition.job : [task.arn_without_revision, "${task.arn_without_revision}:*"]])

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [aws_ecs_cluster.jobs.arn]
    }
  }

  statement {
    sid       = "LendRoles"
    actions   = ["iam:PassRole"]
    resources = concat([for job in keys(local.jobs) : aws_iam_role.function[job].arn], [for role in aws_iam_role.starting : role.arn])

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }
}

# The role by which rules do.
resource "aws_iam_role" "rules" {
  name               = "${var.name}-rules"
  description        = "Touchline: starts jobs when objects arrive"
  assume_role_policy = data.aws_iam_policy_document.assumed["events"].json
}

resource "aws_iam_role_policy" "rules" {
  name   = "start"
  role   = aws_iam_role.rules.name
  policy = data.aws_iam_policy_document.starts.json
}

# Events of functions that send it its work again.
resource "aws_cloudwatch_event_rule" "again" {
  for_each = local.jobs

  name          = "${var.name}-${each.key}-again"
  description   = "Work of ${each.key} that is asked for again"
  event_pattern = jsonencode({ source = ["touchline"], detail = { function = [each.key] } })
}

locals {
  # A task's environment can only hold text: the fields of an event are put together again as JSON within JSON.
  again    = ["specversion", "id", "source", "type", "time", "subject", "sha256", "generation", "traceparent"]
  repeated = replace(replace(jsonencode({ for field in local.again : field => "<${field}>" }), "\\u003c", "<"), "\\u003e", ">")
  created = replace(replace(jsonencode({
    id     = "<id>", source = "aws.s3", detail-type = "Object Created", time = "<time>"
    detail = { bucket = { name = "<bucket>" }, object = { key = "<key>" } }
  }), "\\u003c", "<"), "\\u003e", ">")

  starts = merge([for job in keys(local.jobs) : {
    "${job}-objects" = {
      job   = job, rule = try(aws_cloudwatch_event_rule.objects[job].name, "")
      paths = { id = "$.id", time = "$.time", bucket = "$.detail.bucket.name", key = "$.detail.object.key" }
      event = local.created
    }
    "${job}-again" = {
      job   = job, rule = aws_cloudwatch_event_rule.again[job].name
      paths = { for field in local.again : field => "$.detail.event.${field}" }
      event = local.repeated
    }
  }]...)
}

resource "aws_cloudwatch_event_target" "job" {
  for_each = { for name, start in local.starts : name => start if start.rule != "" }

  rule      = each.value.rule
  target_id = "task"
  arn       = aws_ecs_cluster.jobs.arn
  role_arn  = aws_iam_role.rules.arn

  ecs_target {
    task_definition_arn = aws_ecs_task_definition.job[each.value.job].arn_without_revision
    launch_type         = "FARGATE"
    task_count          = 1

    network_configuration {
      subnets          = [aws_subnet.jobs.id]
      security_groups  = [aws_security_group.jobs.id]
      assign_public_ip = true
    }
  }

  input_transformer {
    input_paths = each.value.paths
    # jsonencode writes < and > as escapes, which a rule would not recognise.
    input_template = replace(replace(jsonencode({ containerOverrides = [{
      name = local.container, environment = [{ name = "TOUCHLINE_EVENT", value = each.value.event }]
    }] }), "\\u003c", "<"), "\\u003e", ">")
  }

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 20
  }

  dead_letter_config { arn = aws_sqs_queue.dead[each.value.job].arn }
}

# A task that ended otherwise than done (0) or to be done again (1): killed, out of memory, misset, never started.
resource "aws_cloudwatch_event_rule" "crashed" {
  for_each = local.jobs

  name        = "${var.name}-${each.key}-crashed"
  description = "Tasks of ${each.key} that crashed"
  event_pattern = jsonencode({
    source      = ["aws.ecs"]
    detail-type = ["ECS Task State Change"]
    detail = {
      clusterArn        = [aws_ecs_cluster.jobs.arn]
      taskDefinitionArn = [{ prefix = "${aws_ecs_task_definition.job[each.key].arn_without_revision}:" }]
      lastStatus        = ["STOPPED"]
      "$or"             = [{ containers = { exitCode = [{ anything-but = [0, 1] }] } }, { stopCode = ["TaskFailedToStart"] }]
    }
  })
}

resource "aws_cloudwatch_event_target" "crashed" {
  for_each = local.jobs

  rule      = aws_cloudwatch_event_rule.crashed[each.key].name
  target_id = "dead"
  arn       = aws_sqs_queue.dead[each.key].arn
}
