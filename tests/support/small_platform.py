"""A folder of two tiny functions, to try the platform without the real stages."""

from pathlib import Path

WIRING = """
version: 1
bucket: test
defaults:
  own: [runs/, quarantine/]
  needs: [object_store]
  retries: {attempts: 3, backoff_s: 0}
functions:
  export:
    about: copies what comes in
    triggers: [{prefix: incoming/, external: true}]
    reads: [incoming/]
    writes: [raw/]
  validate:
    about: does what the content of an object says
    triggers: [{prefix: raw/}, {cron: "0 6 * * *", name: daily}]
    reads: [raw/]
    writes: [validated/]
"""
COPY = """
from touchline.entrypoint import expose
from touchline.work import Result


def run(event, ports, settings):
    name = event.key.rpartition("/")[2]
    new = ports.store.create(f"raw/{name}", ports.store.get(event.key))
    return Result(outcome="done" if new else "unchanged", publications=(f"raw/{name}",))


handle, lambda_handler = expose("export", run)
"""
OBEY = """
from touchline.entrypoint import expose
from touchline.errors import Conflict, ConfigurationError, DataError
from touchline.work import Result

calls = []


def run(event, ports, settings):
    calls.append(event)
    order = ports.store.get(event.key).decode() if event.kind == "object" else "fine"
    ports.metrics.count("orders", 1, order=order.split()[0])
    if order == "refuse":
        raise DataError("nothing but noise", where=event.key, hint="send music", details=("line 1: noise",))
    if order == "park":
        ports.store.create(f"quarantine/validate/{event.work('validate')}/evidence.txt", b"noise")
        return Result(outcome="parked", reason="kept aside")
    if order == "wait":
        raise Conflict("somebody else is at it")
    if order == "unset":
        raise ConfigurationError("no colour is set", where="TOUCHLINE_COLOUR", hint="set it")
    if order.startswith("break"):
        raise RuntimeError(order)
    if order == "third time":
        if len([call for call in calls if call.key == event.key]) < 3:
            raise Conflict("not yet")
    return Result(outcome="done", summary={"order": order})


handle, lambda_handler = expose("validate", run)
"""


def write_functions(folder: Path) -> Path:
    """The two functions below `folder`; returns the folder to put into TOUCHLINE_FUNCTIONS."""
    for name, code in (("export", COPY), ("validate", OBEY)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "main.py").write_text(code)
    (folder / "wiring.yaml").write_text(WIRING)
    return folder


def environment(folder: Path) -> dict[str, str]:
    """Functions and home below `folder`."""
    return {"TOUCHLINE_FUNCTIONS": str(write_functions(folder / "functions")), "TOUCHLINE_HOME": str(folder / "home")}
