variable "name" {
  description = "Begins the names of all resources but the bucket, which the wiring names; TOUCHLINE_SINK and TOUCHLINE_CRASHES are aws://<name>."
  type        = string
  default     = "touchline"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.name))
    error_message = "Two to 31 lower-case letters, digits and hyphens, beginning with a letter."
  }
}

variable "region" {
  description = "Region of everything."
  type        = string
  default     = "eu-west-1"
}

variable "wiring" {
  description = "The declaration of the functions, from which all of this derives; empty = that of the checkout."
  type        = string
  default     = ""
}

variable "images" {
  description = "Image of each function, by digest: {export = \"<registry>/touchline-export@sha256:...\", ...}."
  type        = map(string)

  validation {
    condition     = alltrue([for image in values(var.images) : can(regex("@sha256:[0-9a-f]{64}$", image))])
    error_message = "Name images by digest (...@sha256:...): a tag may mean another image tomorrow."
  }
}

variable "architecture" {
  description = "Processors for which the images were built: x86_64, or arm64, which costs less."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "x86_64 or arm64."
  }
}

variable "settings" {
  description = "Environment variables by function, and under `all` for every function; no secrets."
  type        = map(map(string))
  default     = {}
}

variable "secrets" {
  description = "Values of the secrets by the names in `secret_parameters`; handed to SSM, and kept nowhere else."
  type        = map(string)
  default     = {}
  sensitive   = true
  ephemeral   = true
}

variable "secrets_version" {
  description = "Raise it to write the values again."
  type        = number
  default     = 1
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

variable "database_port" {
  description = "Port of PostgreSQL, to which jobs may connect; services are in no network of ours."
  type        = number
  default     = 5432
}

variable "api_rate" {
  description = "Requests a second that the gateway lets through to predict, in the long run; what is above gets 429."
  type        = number
  default     = 20
}

variable "api_burst" {
  description = "Requests above that rate which may come at once."
  type        = number
  default     = 40
}

variable "predict_reserved" {
  description = "Instances that are kept for predict, which cap it too; -1 = none. A new account has ten in all, and refuses to reserve any."
  type        = number
  default     = -1
}

variable "alarm_email" {
  description = "Who is told of dead letters, silence, errors and cost; empty = nobody, alarms only show in the console."
  type        = string
  default     = ""
}

variable "budget" {
  description = "Monthly budget in USD; it warns, it stops nothing."
  type        = number
  default     = 30
}

variable "keep_days" {
  description = "Days for which replaced objects can be brought back."
  type        = number
  default     = 30
}

variable "log_days" {
  description = "Days for which logs are kept."
  type        = number
  default     = 30
}

variable "deletion_protection" {
  description = "Whether `destroy` is refused while the bucket holds objects."
  type        = bool
  default     = true
}

variable "endpoint" {
  description = "Address of an emulator of AWS, for tests; empty = AWS."
  type        = string
  default     = ""
}
