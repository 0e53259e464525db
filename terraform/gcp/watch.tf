# Who is told, and of what: dead letters, messages that wait, a scrape that is silent, errors of predict, and money.

locals {
  channels = [for channel in google_monitoring_notification_channel.email : channel.id]
  silent   = toset([for function, told in local.services : function if anytrue([for tick in values(local.crons) : tick.function == function])])

  alerts = {
    dead = {
      about     = "Work was given up: see `touchline deadletters list`, mend the cause, redrive."
      metric    = "pubsub.googleapis.com/subscription/num_undelivered_messages"
      where     = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = \"${google_pubsub_subscription.dead.name}\""
      above     = 0
      seconds   = 0
      aligner   = "ALIGN_MAX"
      reducer   = "REDUCE_SUM"
      alignment = 300
    }
    waiting = {
      about     = "A message waits for an hour: its function is down, or too slow for what comes."
      metric    = "pubsub.googleapis.com/subscription/oldest_unacked_message_age"
      where     = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id != \"${google_pubsub_subscription.dead.name}\""
      above     = 3600
      seconds   = 300
      aligner   = "ALIGN_MAX"
      reducer   = "REDUCE_MAX"
      alignment = 300
    }
    errors = {
      about     = "predict answers with errors."
      metric    = "run.googleapis.com/request_count"
      where     = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = one_of(${join(", ", [for function in keys(local.public) : "\"${local.name}-${function}\""])}) AND metric.labels.response_code_class = \"5xx\""
      above     = 0.05
      seconds   = 300
      aligner   = "ALIGN_RATE"
      reducer   = "REDUCE_SUM"
      alignment = 60
    }
  }
}

resource "google_monitoring_notification_channel" "email" {
  count = var.alert_email == "" ? 0 : 1

  display_name = "Touchline"
  type         = "email"
  labels       = { email_address = var.alert_email }
}

resource "google_monitoring_alert_policy" "threshold" {
  for_each = local.alerts

  display_name          = "Touchline: ${each.key}"
  combiner              = "OR"
  notification_channels = local.channels

  documentation {
    content   = each.value.about
    mime_type = "text/markdown"
  }

  conditions {
    display_name = each.key
    condition_threshold {
      filter          = "metric.type = \"${each.value.metric}\" AND ${each.value.where}"
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.above
      duration        = "${each.value.seconds}s"
      aggregations {
        alignment_period     = "${each.value.alignment}s"
        per_series_aligner   = each.value.aligner
        cross_series_reducer = each.value.reducer
      }
    }
  }
}

# Nothing that was answered well for so long: 23.5 h is the longest silence that Monitoring can hear.
resource "google_monitoring_alert_policy" "silent" {
  for_each = local.silent

  display_name          = "Touchline: ${each.key} is silent"
  combiner              = "OR"
  notification_channels = local.channels

  documentation {
    content   = "${each.key} has schedules, and did not end well once in a day."
    mime_type = "text/markdown"
  }

  conditions {
    display_name = "silent"
    condition_absent {
      filter   = "metric.type = \"run.googleapis.com/request_count\" AND resource.type = \"cloud_run_revision\" AND resource.labels.service_name = \"${local.name}-${each.key}\" AND metric.labels.response_code_class = \"2xx\""
      duration = "84600s"
      aggregations {
        alignment_period   = "600s"
        per_series_aligner = "ALIGN_COUNT"
      }
    }
  }
}

resource "google_billing_budget" "month" {
  count = var.billing_account == "" ? 0 : 1

  billing_account = var.billing_account
  display_name    = "Touchline"

  budget_filter { projects = ["projects/${data.google_project.this.number}"] }

  amount {
    specified_amount { units = tostring(var.budget) }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1.0]
    content { threshold_percent = threshold_rules.value }
  }

  all_updates_rule {
    monitoring_notification_channels = local.channels
    disable_default_iam_recipients   = false
  }
}
