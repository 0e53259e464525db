# The bucket, who is told of new objects, and who may do what under which prefix.

locals {
  bucket = "${var.project}-${module.wiring.bucket}"
  again  = "${local.name}-again"

  permissions = {
    read  = ["storage.objects.get"]
    list  = ["storage.objects.list"]
    write = ["storage.objects.create", "storage.objects.delete", "storage.objects.get"]
  }
}

resource "google_storage_bucket" "objects" {
  name                        = local.bucket
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  versioning { enabled = true }

  soft_delete_policy { retention_duration_seconds = 0 } # versions do that already, and are paid once

  lifecycle_rule {
    condition {
      days_since_noncurrent_time = var.keep_days
      with_state                 = "ARCHIVED"
    }
    action { type = "Delete" }
  }

  lifecycle_rule {
    condition { age = 1 }
    action { type = "AbortIncompleteMultipartUpload" }
  }
}

# Replacing an object is deleting it, to this store; and a refused write is looked at, whether it was ours.
resource "google_project_iam_custom_role" "objects" {
  for_each = local.permissions

  role_id     = "${local.name}.objects.${each.key}"
  title       = "Touchline: ${each.key} objects"
  permissions = each.value
}

# One account, one role, one condition; a list is asked for by its prefix, an object by its name.
resource "google_storage_bucket_iam_member" "function" {
  for_each = local.grants

  bucket = google_storage_bucket.objects.name
  role   = google_project_iam_custom_role.objects[each.value.right].id
  member = google_service_account.function[each.value.function].member

  condition {
    title = each.key
    expression = join(" || ", [for prefix in each.value.prefixes : each.value.right == "list"
      ? "api.getAttribute(\"storage.googleapis.com/objectListPrefix\", \"\").startsWith(\"${prefix}\")"
      : "resource.name.startsWith(\"projects/_/buckets/${local.bucket}/objects/${prefix}\")"
    ])
  }
}

data "google_storage_project_service_account" "this" {}

resource "google_pubsub_topic_iam_member" "bucket" {
  for_each = merge({ objects = google_pubsub_topic.objects.id }, { for job, topic in google_pubsub_topic.job : job => topic.id })

  topic  = each.value
  role   = "roles/pubsub.publisher"
  member = data.google_storage_project_service_account.this.member
}

resource "google_storage_notification" "objects" {
  bucket         = google_storage_bucket.objects.name
  topic          = google_pubsub_topic.objects.id
  payload_format = "JSON_API_V1"
  event_types    = ["OBJECT_FINALIZE"]
  depends_on     = [google_pubsub_topic_iam_member.bucket]
}
