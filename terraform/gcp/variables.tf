variable "project" {
  description = "Id of the Google Cloud project."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "The id of a project: 6 to 30 lower-case letters, digits and hyphens, beginning with a letter."
  }
}

variable "region" {
  description = "Region of everything. Cloud Scheduler, Cloud Run, Workflows and Eventarc must be there."
  type        = string
  default     = "europe-west1"
}

variable "wiring" {
  description = "The declaration of the functions, from which all of this derives; empty = that of the checkout."
  type        = string
  default     = ""
}

variable "images" {
  description = "Image of each function, by digest: {export = \"<registry>/touchline-export@sha256:...\", ...}; none before there is a registry."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for image in values(var.images) : can(regex("@sha256:[0-9a-f]{64}$", image))])
    error_message = "Name images by digest (...@sha256:...): a tag may mean another image tomorrow."
  }
}

variable "settings" {
  description = "Environment variables by function, and under `all` for every function; no secrets."
  type        = map(map(string))
  default     = {}
}

variable "separate_secrets" {
  description = "Secrets of which every function has a value of its own, under <name>-<function>: each has its own role in the database."
  type        = set(string)
  default     = ["TOUCHLINE_DATABASE"]
}

variable "unused_secrets" {
  description = "Secrets of the wiring that this installation does without: a source without a key, no Redis."
  type        = set(string)
  default     = []
}

variable "predict_access" {
  description = "Who reaches predict: `public` (the service asks for keys itself), or `private` (accounts in predict_members)."
  type        = string
  default     = "public"

  validation {
    condition     = contains(["public", "private"], var.predict_access)
    error_message = "public or private."
  }
}

variable "predict_members" {
  description = "Principals that may call a private predict, such as group:fans@example.com."
  type        = set(string)
  default     = []
}

variable "alert_email" {
  description = "Who is told of dead letters, silence and errors; empty = nobody, alerts only show in the console."
  type        = string
  default     = ""
}

variable "billing_account" {
  description = "Account on which the budget watches; empty = no budget."
  type        = string
  default     = ""
}

variable "budget" {
  description = "Monthly budget in the currency of the billing account; it warns at 50, 90 and 100 percent, it stops nothing."
  type        = number
  default     = 30
}

variable "keep_days" {
  description = "Days for which replaced and deleted objects can be brought back."
  type        = number
  default     = 30
}

variable "deletion_protection" {
  description = "Whether `destroy` is refused for what holds data and what answers users."
  type        = bool
  default     = true
}
