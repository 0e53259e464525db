output "predict" {
  description = "Where predict answers."
  value       = one([for function in keys(local.public) : google_cloud_run_v2_service.function[function].uri])
}

output "environment" {
  description = "What `touchline deadletters` and the smoke command need in their environment."
  value = {
    TOUCHLINE_STORE   = "gs://${google_storage_bucket.objects.name}"
    TOUCHLINE_SINK    = "pubsub://${var.project}/${google_pubsub_topic.again.name}"
    TOUCHLINE_CRASHES = "pubsub://${var.project}/${google_pubsub_subscription.dead.name}"
  }
}

output "registry" {
  description = "Where the images belong: <registry>/touchline-<function>."
  value       = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.repository_id}"
}

output "secrets" {
  description = "Secrets that need a value before the functions start."
  value       = sort(keys(google_secret_manager_secret.this))
}
