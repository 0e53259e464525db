"""How fresh the sources are, and how they were found when somebody looked."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final, get_args

from prometheus_client.core import Metric

from touchline.coordination import Figures
from touchline.domain.source_health import Health, Trouble, alerts
from touchline.manifest import decode
from touchline.ports import ObjectStore
from touchline.watch.families import gauge

HEALTH: Final = "scrapes/health/"
WELL: Final = "well"
STATES: Final = (WELL, *get_args(Trouble))


def sources(store: ObjectStore, figures: Figures, now: datetime) -> Iterator[Metric]:
    """Age of the newest answer of each source, and its troubles of the day; gaps in results stand under `matches`.

    Raises:
        TouchlineError: the database does not answer, or the newest report cannot be read.
    """
    newest = sorted(figures.sources().items())
    ages = [((name,), max(0.0, (now - moment).total_seconds())) for name, moment in newest]
    yield gauge("touchline_source_age_seconds", "Since the newest usable answer of a source", ("source",), ages)
    key = max((info.key for info in store.list(HEALTH)), default="")
    found = _states(decode(store.get(key), Health, key)) if key else {}
    rows = [((name, state), state in troubles) for name, troubles in found.items() for state in STATES]
    yield gauge("touchline_source_state", "1 for the states that a source was found in", ("source", "state"), rows)


def _states(health: Health) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {name: set() for name in (*(one.source for one in health.sources), "matches")}
    for source, trouble in alerts(health):
        found[source].add(trouble)
    return {name: troubles or {WELL} for name, troubles in sorted(found.items())}
