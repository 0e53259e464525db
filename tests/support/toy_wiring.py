"""A wiring of two functions that are nobody's: one copies what comes, the other counts the copies in the ledger."""

from pathlib import Path

WIRING = """
version: 1
bucket: toy
defaults: {needs: [object_store, database]}
functions:
  export:
    about: a copy of everything that comes in
    triggers: [{prefix: incoming/, external: true}]
    writes: [raw/]
  drift:
    about: how many copies there are, written under a claim
    triggers: [{prefix: raw/}, {cron: "30 6 * * *", name: daily}]
    writes: [reports/]
    tables: [settlements]
    claim: true
"""

COPY = """
from touchline.entrypoint import expose
from touchline.work import Result


def run(event, ports, settings):
    name = event.key.removeprefix("incoming/")
    if not ports.store.create(f"raw/{name}", ports.store.get(event.key)):
        return Result(outcome="unchanged")
    return Result(outcome="done")


handle, lambda_handler = expose("export", run)
"""

COUNT = """
from touchline.entrypoint import expose
from touchline.ports import Settlement
from touchline.work import Result


def run(event, ports, settings):
    seen = len(list(ports.store.list("raw/")))
    now = ports.clock.now()
    ports.ledger.settle([Settlement("copies", "toy", "simulated", None, str(seen), None, None, None, "", now)])
    new = ports.store.create("reports/" + event.key.rpartition("/")[2], b"counted")
    return Result(outcome="done" if new else "unchanged")


handle, lambda_handler = expose("drift", run)
"""


def functions(folder: Path, **sources: str) -> dict[str, str]:
    """Write the functions down (with other sources, if given); the environment of a world that runs them."""
    for name, source in {"export": COPY, "drift": COUNT, **sources}.items():
        place = folder / "functions" / name
        place.mkdir(parents=True)
        (place / "main.py").write_text(source)
    (folder / "functions" / "wiring.yaml").write_text(WIRING)
    return {
        "TOUCHLINE_FUNCTIONS": str(folder / "functions"),
        "TOUCHLINE_HOME": str(folder / "home"),
        "TOUCHLINE_LOG_LEVEL": "CRITICAL",
    }
