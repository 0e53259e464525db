"""A folder of two tiny functions for the local platform: each run leaves a line, so that effects can be counted."""

from collections import Counter
from pathlib import Path

from touchline import bootstrap

WIRING = """
version: 1
bucket: test
defaults:
  own: [runs/, quarantine/]
  needs: [object_store, database]
  retries: {attempts: 3, backoff_s: 0}
functions:
  export:
    about: copies what comes in
    triggers: [{prefix: incoming/, external: true}]
    reads: [incoming/]
    writes: [raw/]
  validate:
    about: does what the content of an object says
    triggers: [{prefix: raw/published/}, {cron: "0 6 * * *", name: daily}]
    reads: [raw/]
    writes: [validated/]
    timeout_s: 1
    claim: true
"""
COPY = """
from touchline.entrypoint import expose
from touchline.work import Result


def run(event, ports, settings):
    name = event.key.rpartition("/")[2]
    new = ports.store.create(f"raw/published/{name}", ports.store.get(event.key))
    with (ports.home / "effects-export").open("a") as effects:
        effects.write(f"{name}\\n")
    return Result(outcome="done" if new else "unchanged", publications=(f"raw/published/{name}",))


handle, lambda_handler = expose("export", run)
"""
OBEY = """
import os
import signal
import time

from touchline.entrypoint import expose
from touchline.errors import Unavailable
from touchline.work import Result


def run(event, ports, settings):
    name = event.key.rpartition("/")[2]
    with (ports.home / "effects-validate").open("a") as effects:
        effects.write(f"{name}\\n")
    order = ports.store.get(event.key).decode() if event.kind == "object" else "fine"
    first = ports.store.create(f"validated/first/{name}", b"")
    if order == "die once" and first or order == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if order == "hang once" and first:
        time.sleep(3600)
    if order == "break":
        raise Unavailable("the world is out of order")
    while order == "hold" and (ports.home / "hold").exists():
        time.sleep(0.01)
    ports.store.create(f"validated/{name}", b"done")
    return Result(outcome="done")


handle, lambda_handler = expose("validate", run)
"""


def environment(folder: Path, wiring: str = WIRING) -> dict[str, str]:
    """Functions and home below `folder`."""
    functions = folder / "functions"
    for name, code in (("export", COPY), ("validate", OBEY)):
        (functions / name).mkdir(parents=True, exist_ok=True)
        (functions / name / "main.py").write_text(code)
    (functions / "wiring.yaml").write_text(wiring)
    return {"TOUCHLINE_FUNCTIONS": str(functions), "TOUCHLINE_HOME": str(folder / "home")}


def put(environ: dict[str, str], **orders: str) -> None:
    """Put objects under `incoming/`."""
    store = bootstrap.ports(environ).store
    for name, order in orders.items():
        store.create(f"incoming/{name}", order.encode())


def effects(environ: dict[str, str], function: str) -> Counter[str]:
    """How often a function began to work on each object."""
    path = Path(environ["TOUCHLINE_HOME"]) / f"effects-{function}"
    return Counter(path.read_text().split()) if path.exists() else Counter()
