# Secrets: their values go straight to SSM, so that no state and no plan ever holds one. A function is told the names
# of its parameters, and reads the values when it starts; a task gets them from the platform.

resource "aws_ssm_parameter" "secret" {
  for_each = local.parameters

  name             = "/${var.name}/${each.key}"
  description      = "Secret of Touchline"
  type             = "SecureString"
  value_wo         = lookup(var.secrets, each.key, "-")
  value_wo_version = var.secrets_version
}
