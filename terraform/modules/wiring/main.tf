# The functions as functions/wiring.yaml declares them, its defaults filled in: what every cloud needs to know of them.

terraform {
  required_version = ">= 1.9"
}

variable "file" {
  description = "The declaration; empty = that of the checkout."
  type        = string
  default     = ""
}

locals {
  wiring = yamldecode(file(var.file == "" ? "${path.module}/../../../functions/wiring.yaml" : var.file))
  base   = local.wiring.defaults

  functions = { for function, given in local.wiring.functions : function => merge(local.base, given, {
    scale    = merge(local.base.scale, try(given.scale, {}))
    retries  = merge(local.base.retries, try(given.retries, {}))
    prefixes = [for trigger in given.triggers : trigger.prefix if can(trigger.prefix)]
    http     = anytrue([for trigger in given.triggers : can(trigger.http)])
    claim    = try(given.claim, false)
    needs    = try(given.needs, local.base.needs)
  }) }

  services = { for function, told in local.functions : function => told if told.kind == "service" }
}

output "bucket" {
  description = "Name of the bucket."
  value       = local.wiring.bucket
}

output "functions" {
  description = "What each function is, by its name."
  value       = local.functions
}

output "services" {
  description = "Those that answer."
  value       = local.services
}

output "jobs" {
  description = "Those that run once for each event."
  value       = { for function, told in local.functions : function => told if told.kind == "job" }
}

output "public" {
  description = "Those that answer over HTTP."
  value       = { for function, told in local.services : function => told if told.http }
}

output "crons" {
  description = "Schedules by function and name: cron has five fields, in UTC."
  value = merge([for function, told in local.functions : {
    for trigger in told.triggers : "${function}-${trigger.name}" => {
      function = function, schedule = trigger.name, cron = trigger.cron, job = told.kind == "job"
    } if can(trigger.cron)
  }]...)
}

output "writes" {
  description = "Prefixes that each function writes, its own part of shared ones among them."
  value = { for function, told in local.functions : function =>
    concat(try(told.writes, []), [for own in told.own : "${own}${function}/"])
  }
}
