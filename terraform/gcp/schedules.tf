# Schedules, in UTC as the wiring has them. A tick that got lost is made up for by sweep.

resource "google_cloud_scheduler_job" "tick" {
  for_each = local.crons

  name             = "${local.name}-${each.key}"
  region           = var.region
  description      = "Tick ${each.value.schedule} of ${each.value.function}"
  schedule         = each.value.cron
  time_zone        = "Etc/UTC"
  attempt_deadline = each.value.job ? "60s" : "${min(local.functions[each.value.function].timeout_s + 30, 1800)}s"

  retry_config {
    retry_count          = min(local.functions[each.value.function].retries.attempts - 1, 5)
    min_backoff_duration = "${max(local.functions[each.value.function].retries.backoff_s, 1)}s"
  }

  http_target {
    http_method = "POST"
    uri = (each.value.job
      ? "https://workflowexecutions.googleapis.com/v1/${google_workflows_workflow.job[each.value.function].id}/executions"
      : google_cloud_run_v2_service.function[each.value.function].uri
    )
    headers = { "Content-Type" = "application/json" }
    body = base64encode(jsonencode(each.value.job
      ? { argument = jsonencode({ schedule = each.value.schedule }) }
      : { schedule = each.value.schedule }
    ))

    dynamic "oauth_token" {
      for_each = each.value.job ? [google_service_account.starter.email] : []
      content { service_account_email = oauth_token.value }
    }

    dynamic "oidc_token" {
      for_each = each.value.job ? [] : [google_service_account.delivery.email]
      content {
        service_account_email = oidc_token.value
        audience              = google_cloud_run_v2_service.function[each.value.function].uri
      }
    }
  }
}

# An instance that answered lately is kept for some minutes. Not /healthz: Google's front end keeps paths ending in z.
resource "google_cloud_scheduler_job" "warm" {
  for_each = local.warm

  name             = "${local.name}-${each.key}-warm"
  region           = var.region
  description      = "Keeps ${each.key} awake around kick-offs"
  schedule         = each.value
  time_zone        = "Etc/UTC"
  attempt_deadline = "30s"

  retry_config { retry_count = 0 }

  http_target {
    http_method = "GET"
    uri         = google_cloud_run_v2_service.function[each.key].uri

    oidc_token {
      service_account_email = google_service_account.delivery.email
      audience              = google_cloud_run_v2_service.function[each.key].uri
    }
  }
}
