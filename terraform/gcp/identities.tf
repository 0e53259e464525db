# Who is who: an account for each function, one for those who deliver, one for who starts jobs; secrets by reference.

data "google_project" "this" {
  project_id = var.project
}

locals {
  pubsub_agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

resource "google_service_account" "function" {
  for_each = local.functions

  account_id   = "${local.name}-${each.key}"
  display_name = "Touchline ${each.key}"
  description  = substr(each.value.about, 0, 256)
}

resource "google_service_account" "delivery" {
  account_id   = "${local.name}-delivery"
  display_name = "Touchline: calls functions for Pub/Sub and Scheduler"
}

# Pub/Sub signs its calls as that account.
resource "google_service_account_iam_member" "delivery" {
  service_account_id = google_service_account.delivery.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.pubsub_agent
}

# Values come by `gcloud secrets versions add`, never through Terraform: so no state ever holds one.
resource "google_secret_manager_secret" "this" {
  for_each = toset([for told in values(local.secrets) : told.id])

  secret_id = each.key

  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_iam_member" "function" {
  for_each = local.secrets

  secret_id = google_secret_manager_secret.this[each.value.id].id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.function[each.value.function].member
}
