# All that the other files need to know of the functions, derived from functions/wiring.yaml.

module "wiring" {
  source = "../modules/wiring"
  file   = var.wiring
}

locals {
  name = "touchline"

  functions = module.wiring.functions
  services  = module.wiring.services
  jobs      = module.wiring.jobs
  public    = module.wiring.public
  crons     = module.wiring.crons
  emitting  = toset([for function, told in local.functions : function if contains(told.needs, "events")])

  warm = { for function, told in local.public : function => told.warm if try(told.warm, "") != "" }

  # What each function may do with objects. What wakes it, it may read; what it may touch, it may list, since Google
  # refuses to tell anybody else that an object is not there.
  stored = { for function, told in local.functions : function => {
    read  = concat(try(told.reads, []), told.prefixes)
    list  = concat(try(told.reads, []), told.prefixes, module.wiring.writes[function])
    write = module.wiring.writes[function]
  } if contains(told.needs, "object_store") }

  # A prefix below another one adds nothing; a condition joins twelve comparisons, so long lists become several grants.
  grants = merge(flatten([for function, rights in local.stored : [
    for right, prefixes in rights : {
      for number, some in chunklist(sort(distinct([
        for prefix in prefixes : prefix
        if !anytrue([for other in prefixes : other != prefix && startswith(prefix, other)])
      ])), 12) :
      "${function}-${right}-${number}" => { function = function, right = right, prefixes = some }
    }
  ]])...)

  # Sending events is a right of the function's own account here, so that nobody needs the token of a sink.
  secrets = merge([for function, told in local.functions : {
    for variable in setsubtract(try(told.secrets, []), setunion(var.unused_secrets, ["TOUCHLINE_SINK_TOKEN"])) :
    "${function}/${variable}" => {
      function = function, variable = variable
      id       = contains(var.separate_secrets, variable) ? "${variable}-${function}" : variable
    }
  }]...)

  environment = { for function, told in local.functions : function => merge(
    {
      TOUCHLINE_STORE = "gs://${local.bucket}"
      TOUCHLINE_HOME  = "/tmp/touchline" # in memory, and gone with the instance
    },
    contains(local.emitting, function) ? { TOUCHLINE_SINK = "pubsub://${var.project}/${local.again}" } : {},
    told.http ? { TOUCHLINE_PREDICT_PROXIES = "1" } : {}, # Google's front end adds the caller's address
    lookup(var.settings, "all", {}),
    lookup(var.settings, function, {}),
  ) }

  # As much memory as one, two, four or eight processors may have.
  cpu = { for function, told in local.functions : function =>
    told.memory_mib <= 4096 ? (told.kind == "job" ? 2 : 1) : told.memory_mib <= 8192 ? 2 : told.memory_mib <= 16384 ? 4 : 8
  }
}

check "images" {
  assert {
    condition     = length(setsubtract(keys(local.functions), keys(var.images))) == 0
    error_message = "No image for ${join(", ", setsubtract(keys(local.functions), keys(var.images)))}."
  }
}
