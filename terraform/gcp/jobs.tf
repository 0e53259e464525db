# What takes longer than a push may wait: a Cloud Run job. Pub/Sub cannot start one, so a workflow does, waits for its
# end, and puts what failed for good where the dead letters of the services are, too.

resource "google_cloud_run_v2_job" "function" {
  for_each = local.jobs

  name                = "${local.name}-${each.key}"
  location            = var.region
  deletion_protection = false # it holds nothing

  template {
    task_count = 1

    template {
      service_account = google_service_account.function[each.key].email
      timeout         = "${each.value.timeout_s}s"
      max_retries     = each.value.retries.attempts - 1

      containers {
        image = var.images[each.key]

        resources {
          limits = { cpu = tostring(local.cpu[each.key]), memory = "${max(each.value.memory_mib, 512)}Mi" }
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
      }
    }
  }

  depends_on = [google_secret_manager_secret_iam_member.function]
}

# The bucket tells this topic of the prefixes of the job alone, so that no workflow starts for any other object.
resource "google_pubsub_topic" "job" {
  for_each = local.jobs

  name                       = "${local.name}-${each.key}"
  message_retention_duration = local.retention
}

resource "google_storage_notification" "job" {
  for_each = merge([for job, told in local.jobs : { for prefix in told.prefixes : "${job} ${prefix}" => { job = job, prefix = prefix } }]...)

  bucket             = google_storage_bucket.objects.name
  topic              = google_pubsub_topic.job[each.value.job].id
  payload_format     = "JSON_API_V1"
  event_types        = ["OBJECT_FINALIZE"]
  object_name_prefix = each.value.prefix

  lifecycle {
    precondition {
      condition     = 1 + length(flatten([for told in values(local.jobs) : told.prefixes])) <= 10
      error_message = "A bucket tells of one kind of event in ten ways at most: let fewer prefixes wake jobs."
    }
  }

  depends_on = [google_pubsub_topic_iam_member.bucket]
}

resource "google_service_account" "starter" {
  account_id   = "${local.name}-starter"
  display_name = "Touchline: starts jobs"
}

resource "google_cloud_run_v2_job_iam_member" "starter" {
  for_each = local.jobs

  name     = google_cloud_run_v2_job.function[each.key].name
  location = var.region
  role     = "roles/run.jobsExecutorWithOverrides"
  member   = google_service_account.starter.member
}

# To wait for the job, to be woken, to be started by Scheduler and Eventarc, to tell what it did.
resource "google_project_iam_member" "starter" {
  for_each = toset(["roles/run.viewer", "roles/eventarc.eventReceiver", "roles/workflows.invoker", "roles/logging.logWriter"])

  project = var.project
  role    = each.key
  member  = google_service_account.starter.member
}

resource "google_pubsub_topic_iam_member" "starter" {
  topic  = google_pubsub_topic.dead.id
  role   = "roles/pubsub.publisher"
  member = google_service_account.starter.member
}

resource "google_workflows_workflow" "job" {
  for_each = local.jobs

  name                = "${local.name}-${each.key}"
  region              = var.region
  service_account     = google_service_account.starter.id
  call_log_level      = "LOG_ERRORS_ONLY"
  deletion_protection = false
  source_contents = templatefile("${path.module}/job.workflow.yaml", {
    function = each.key
    job      = google_cloud_run_v2_job.function[each.key].id
    dead     = google_pubsub_topic.dead.id
    source   = "projects/${var.project}/subscriptions/${local.name}-${each.key}"
    attempts = each.value.retries.attempts
    patience = each.value.retries.attempts * each.value.timeout_s + 3600
  })
}

resource "google_eventarc_trigger" "job" {
  for_each = merge(
    { for job, topic in google_pubsub_topic.job : job => { job = job, topic = topic.id } },
    { for job in keys(local.jobs) : "${job}-again" => { job = job, topic = google_pubsub_topic.again.id } },
  )

  name            = "${local.name}-${each.key}"
  location        = var.region
  service_account = google_service_account.starter.email

  matching_criteria {
    attribute = "type"
    value     = "google.cloud.pubsub.topic.v1.messagePublished"
  }

  destination { workflow = google_workflows_workflow.job[each.value.job].id }

  transport {
    pubsub { topic = each.value.topic }
  }

  depends_on = [google_project_iam_member.starter]
}
