# Objects and events on their way to the services: one topic for each, filtered pushes, retries, dead letters.

locals {
  retention = "604800s" # a week to mend what keeps a function from answering

  # A filter holds 256 bytes and cannot be changed later: Terraform then makes the subscription anew, and what was told
  # in between is found by sweep.
  subscriptions = merge(
    { for function, told in local.services : function => {
      function = function
      topic    = "objects"
      filter   = join(" OR ", [for prefix in told.prefixes : "hasPrefix(attributes.objectId, \"${prefix}\")"])
    } if length(told.prefixes) > 0 },
    { for function, told in local.services : "${function}-again" => {
      function = function
      topic    = "again"
      filter   = "attributes.function = \"${function}\""
    } if !told.http },
  )
  topics = { objects = google_pubsub_topic.objects.id, again = google_pubsub_topic.again.id }
}

resource "google_pubsub_topic" "objects" {
  name                       = "${local.name}-objects"
  message_retention_duration = local.retention
}

# Events for one function, which their attribute `function` names: what sweep and `touchline deadletters redrive` send.
resource "google_pubsub_topic" "again" {
  name                       = local.again
  message_retention_duration = local.retention
}

resource "google_pubsub_topic_iam_member" "emitting" {
  for_each = local.emitting

  topic  = google_pubsub_topic.again.id
  role   = "roles/pubsub.publisher"
  member = google_service_account.function[each.key].member
}

resource "google_pubsub_subscription" "function" {
  for_each = local.subscriptions

  name                       = "${local.name}-${each.key}"
  topic                      = local.topics[each.value.topic]
  filter                     = each.value.filter
  ack_deadline_seconds       = min(local.functions[each.value.function].timeout_s + 30, 600)
  message_retention_duration = local.retention

  expiration_policy { ttl = "" } # never, however quiet it is

  push_config {
    push_endpoint = google_cloud_run_v2_service.function[each.value.function].uri
    oidc_token {
      service_account_email = google_service_account.delivery.email
      audience              = google_cloud_run_v2_service.function[each.value.function].uri
    }
  }

  retry_policy { # Pub/Sub knows pauses of 10 to 600 s
    minimum_backoff = "${max(10, local.functions[each.value.function].retries.backoff_s)}s"
    maximum_backoff = "600s"
  }

  dead_letter_policy { # and 5 to 100 attempts
    dead_letter_topic     = google_pubsub_topic.dead.id
    max_delivery_attempts = max(5, local.functions[each.value.function].retries.attempts)
  }

  lifecycle {
    precondition {
      condition     = length(each.value.filter) <= 256
      error_message = "The filter of ${each.key} has ${length(each.value.filter)} bytes; Pub/Sub takes 256. Name fewer or shorter prefixes."
    }
  }

  depends_on = [google_cloud_run_v2_service_iam_member.delivery, google_service_account_iam_member.delivery]
}

# What was delivered in vain waits here for `touchline deadletters`.
resource "google_pubsub_topic" "dead" {
  name                       = "${local.name}-dead"
  message_retention_duration = "2678400s"
}

resource "google_pubsub_subscription" "dead" {
  name                       = "${local.name}-dead"
  topic                      = google_pubsub_topic.dead.id
  ack_deadline_seconds       = 60
  message_retention_duration = "2678400s"

  expiration_policy { ttl = "" }
}

# Pub/Sub itself moves dead letters: it must be allowed to publish them, and to acknowledge them where they came from.
resource "google_pubsub_topic_iam_member" "dead" {
  topic  = google_pubsub_topic.dead.id
  role   = "roles/pubsub.publisher"
  member = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "dead" {
  for_each = google_pubsub_subscription.function

  subscription = each.value.name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}
