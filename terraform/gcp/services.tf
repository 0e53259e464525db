# A Cloud Run service for each function that answers in time; only what has an HTTP trigger is reached from outside.

resource "google_artifact_registry_repository" "images" {
  repository_id = local.name
  location      = var.region
  format        = "DOCKER"
  description   = "Images of the functions"

  docker_config { immutable_tags = true }

  cleanup_policies {
    id     = "keep-the-newest"
    action = "KEEP"
    most_recent_versions { keep_count = 5 }
  }

  cleanup_policies {
    id     = "delete-the-old"
    action = "DELETE"
    condition { older_than = "2592000s" }
  }
}

resource "google_cloud_run_v2_service" "function" {
  for_each = local.services

  name                = "${local.name}-${each.key}"
  location            = var.region
  description         = each.value.about
  ingress             = each.value.http ? "INGRESS_TRAFFIC_ALL" : "INGRESS_TRAFFIC_INTERNAL_ONLY"
  deletion_protection = each.value.http && var.deletion_protection

  template {
    service_account                  = google_service_account.function[each.key].email
    timeout                          = "${each.value.timeout_s}s"
    max_instance_request_concurrency = each.value.concurrency
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2" # a browser needs a whole Linux

    scaling {
      min_instance_count = each.value.scale.min
      max_instance_count = each.value.scale.max
    }

    containers {
      image = var.images[each.key]

      resources {
        limits            = { cpu = tostring(local.cpu[each.key]), memory = "${max(each.value.memory_mib, 512)}Mi" }
        cpu_idle          = true # paid while requests are answered
        startup_cpu_boost = true
      }

      dynamic "env" {
        for_each = local.environment[each.key]
        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = { for told in values(local.secrets) : told.variable => told.id if told.function == each.key }
        content {
          name = env.key
          value_source {
            secret_key_ref {
              secret  = google_secret_manager_secret.this[env.value].secret_id
              version = "latest"
            }
          }
        }
      }

      startup_probe {
        period_seconds    = 3
        timeout_seconds   = 2
        failure_threshold = 20
        http_get { path = "/healthz" }
      }
    }
  }

  depends_on = [google_secret_manager_secret_iam_member.function]
}

resource "google_cloud_run_v2_service_iam_member" "delivery" {
  for_each = { for function, told in local.services : function => told if !told.http || contains(keys(local.warm), function) }

  name     = google_cloud_run_v2_service.function[each.key].name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.delivery.member
}

resource "google_cloud_run_v2_service_iam_member" "users" {
  for_each = merge([for function in keys(local.public) : {
    for member in(var.predict_access == "public" ? ["allUsers"] : var.predict_members) :
    "${function} ${member}" => { function = function, member = member }
  }]...)

  name     = google_cloud_run_v2_service.function[each.value.function].name
  location = var.region
  role     = "roles/run.invoker"
  member   = each.value.member
}
