# Without an account: the provider is mocked, so this shows what would be asked of Google, not what Google says to it.

mock_provider "google" {
  mock_data "google_storage_project_service_account" {
    defaults = { member = "serviceAccount:service-123456789012@gs-project-accounts.iam.gserviceaccount.com" }
  }

  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project         = "example-project"
  alert_email     = "somebody@example.com"
  billing_account = "012345-678901-ABCDEF"
  images = { for function in keys(yamldecode(file("../../functions/wiring.yaml")).functions) :
    function => "europe-west1-docker.pkg.dev/example-project/touchline/touchline-${function}@sha256:${sha256(function)}"
  }
}

run "made" {
  assert {
    condition     = google_pubsub_subscription.function["export"].filter == "hasPrefix(attributes.objectId, \"scrapes/published/\")"
    error_message = "export is woken by scrapes/published/ alone."
  }

  assert {
    condition     = alltrue([for one in google_pubsub_subscription.function : length(one.filter) <= 256 && length(one.filter) > 0])
    error_message = "Every filter says something, in 256 bytes."
  }

  assert {
    condition = alltrue([for one in google_pubsub_subscription.function :
      one.dead_letter_policy[0].dead_letter_topic == google_pubsub_topic.dead.id && one.push_config[0].oidc_token[0].service_account_email == google_service_account.delivery.email
    ])
    error_message = "Every push is signed, and has dead letters."
  }

  assert {
    condition     = [for function, one in google_cloud_run_v2_service.function : function if one.ingress == "INGRESS_TRAFFIC_ALL"] == ["predict"]
    error_message = "Only predict is reached from outside."
  }

  assert {
    condition     = [for one in google_cloud_run_v2_service_iam_member.users : one.member] == ["allUsers"]
    error_message = "Everybody may ask predict, which asks for a key itself."
  }

  assert {
    condition = alltrue(concat(
      [for one in google_cloud_run_v2_service.function : can(regex("@sha256:", one.template[0].containers[0].image))],
      [for one in google_cloud_run_v2_job.function : can(regex("@sha256:", one.template[0].template[0].containers[0].image))],
    ))
    error_message = "Images are named by digest."
  }

  assert {
    condition     = google_storage_bucket.objects.public_access_prevention == "enforced" && google_storage_bucket.objects.uniform_bucket_level_access
    error_message = "Nobody makes an object of the bucket public."
  }

  assert {
    condition     = alltrue([for one in google_storage_bucket_iam_member.function : length(split(" || ", one.condition[0].expression)) <= 12])
    error_message = "A condition joins twelve comparisons at most."
  }

  assert {
    condition     = alltrue([for one in google_cloud_scheduler_job.tick : one.time_zone == "Etc/UTC"])
    error_message = "Schedules are in UTC."
  }

  assert {
    condition     = length(google_billing_budget.month) == 1 && length(google_monitoring_notification_channel.email) == 1
    error_message = "Somebody is told of money and of alerts."
  }
}

run "private" {
  command = plan

  variables {
    predict_access  = "private"
    predict_members = ["group:fans@example.com"]
    alert_email     = ""
    billing_account = ""
    unused_secrets  = ["TOUCHLINE_CACHE"]
  }

  assert {
    condition     = [for one in google_cloud_run_v2_service_iam_member.users : one.member] == ["group:fans@example.com"]
    error_message = "Only its members may ask a private predict."
  }

  assert {
    condition     = length(google_billing_budget.month) == 0 && length(google_monitoring_notification_channel.email) == 0
    error_message = "Without an address and an account nobody is told."
  }

  assert {
    condition     = !contains(keys(google_secret_manager_secret.this), "TOUCHLINE_CACHE")
    error_message = "A secret that is not used is not made."
  }
}

run "refuses_tags" {
  command = plan

  variables {
    images = { export = "europe-west1-docker.pkg.dev/example-project/touchline/touchline-export:latest" }
  }

  expect_failures = [var.images]
}
