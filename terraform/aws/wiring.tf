# All that the other files need to know of the functions, derived from functions/wiring.yaml.

data "aws_caller_identity" "this" {}

module "wiring" {
  source = "../modules/wiring"
  file   = var.wiring
}

locals {
  emulated = var.endpoint != ""
  account  = data.aws_caller_identity.this.account_id

  functions = module.wiring.functions
  services  = module.wiring.services
  jobs      = module.wiring.jobs
  public    = module.wiring.public
  crons     = module.wiring.crons
  queued    = { for function, told in local.services : function => told if !told.http }
  woken     = merge(local.queued, local.jobs)

  # New objects. Two matchers of one field are alternatives to EventBridge: all prefixes of a function are one rule.
  objects = { for function, told in local.woken : function => told.prefixes if length(told.prefixes) > 0 }

  # Five fields of cron into the six of AWS: a year, and a ? for the day that the other one leaves open. Weekdays have
  # names in the wiring, since AWS counts them from Sunday = 1; a step needs the number that it starts from.
  expressions = { for name, fields in local.fields : name => format("cron(%s %s %s %s %s *)",
    replace(fields[0], "*/", "0/"),
    replace(fields[1], "*/", "0/"),
    fields[4] == "*" ? replace(fields[2], "*/", "1/") : "?",
    replace(fields[3], "*/", "1/"),
    fields[4] == "*" ? "?" : upper(fields[4]),
  ) }
  warm   = { for function, told in local.public : "${function}-warm" => { function = function, cron = told.warm } if try(told.warm, "") != "" }
  fields = { for name, tick in merge(local.crons, local.warm) : name => split(" ", tick.cron) }

  # What each function may do with objects. What wakes it, it may read.
  stored = { for function, told in local.functions : function => told if contains(told.needs, "object_store") }
  reads  = { for function, told in local.stored : function => distinct(concat(try(told.reads, []), told.prefixes)) }
  writes = module.wiring.writes

  # Sending events is a right of the function's own role here, so that nobody needs the token of a sink.
  secrets = { for function, told in local.functions : function => {
    for variable in setsubtract(try(told.secrets, []), setunion(var.unused_secrets, ["TOUCHLINE_SINK_TOKEN"])) :
    variable => contains(var.separate_secrets, variable) ? "${variable}-${function}" : variable
  } }
  parameters = toset(flatten([for told in values(local.secrets) : values(told)]))

  environment = { for function, told in local.functions : function => merge(
    {
      FUNCTION        = function
      TOUCHLINE_STORE = "s3://${local.bucket}"
      # Nothing else can be written where a function runs.
      HOME                   = "/tmp"
      TOUCHLINE_HOME         = "/tmp/touchline"
      MPLCONFIGDIR           = "/tmp/matplotlib"
      NUMBA_CACHE_DIR        = "/tmp/numba"
      JOBLIB_MULTIPROCESSING = "0" # Lambda has no shared memory
    },
    told.kind == "job" ? { JOB_SECONDS = tostring(told.timeout_s) } : {}, # Fargate itself ends no task
    contains(told.needs, "events") ? { TOUCHLINE_SINK = "aws://${var.name}" } : {},
    lookup(var.settings, "all", {}),
    lookup(var.settings, function, {}),
  ) }
}

check "images" {
  assert {
    condition     = length(setsubtract(keys(local.functions), keys(var.images))) == 0
    error_message = "No image for ${join(", ", setsubtract(keys(local.functions), keys(var.images)))}."
  }
}
