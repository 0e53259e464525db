"""The page of the chain: what each function published last, how it waited, what ran, what failed, what was given up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from touchline.errors import TouchlineError
from touchline.manifest import decode
from touchline.ports import ObjectStore
from touchline.telemetry import RunRecord
from touchline.web.look import Look
from touchline.web.monitoring import ToldLetter, ToldRun, told_letters, told_runs
from touchline.work import Ports

RUNS: Final = 400
"""So many runs are looked at, by their names alone."""
SHOWN: Final = 25
LETTERS: Final = 20
OPENED: Final = 4
"""So many records of each function are read in search of what it published last."""
FAILED: Final = 500
REFUSED: Final = 400
BESIDE: Final = frozenset({"predict", "answer"})
"""Functions that leave no run records of the chain."""
FOLLOWING: Final = frozenset({"export", "validate", "feature", "forecast"})
"""Functions that work on every new number of the data; the others have reasons not to."""


@dataclass(frozen=True)
class StageRow:
    """One function of the chain."""

    function: str
    about: str
    publication: str
    seq: str
    ago: str
    """How long ago it ran last, empty if it did not in the days that are looked at."""
    started: str
    took: str
    waited: str
    """From the end of the run that woke it, a dash where that is not known."""
    failed: int
    behind: str
    """By how many publications it is behind the first function, empty where it is not."""


@dataclass(frozen=True)
class RunRow:
    """One run."""

    function: str
    started: str
    ago: str
    status: str
    """`failed`, `refused` or `done`."""
    woken: str
    record: str


@dataclass(frozen=True)
class LetterRow:
    """Work that was given up or refused."""

    id: str
    kind: str
    function: str
    when: str
    key: str
    what: str
    """What was wrong; empty for who may not know."""
    hint: str
    state: str


@dataclass(frozen=True)
class ChainView:
    """What the page shows."""

    stages: tuple[StageRow, ...]
    runs: tuple[RunRow, ...]
    failures: tuple[RunRow, ...]
    letters: tuple[LetterRow, ...]


@dataclass(frozen=True)
class ChainRead:
    """What the page rests on, however it is looked at."""

    abouts: Mapping[str, str]
    """What each function of the chain does, in their order."""
    runs: tuple[ToldRun, ...]
    last: Mapping[str, RunRecord | None]
    """By function, the record of its newest run that published something."""
    letters: tuple[ToldLetter, ...]


def read_chain(ports: Ports) -> ChainRead:
    """List runs and letters, and read the newest records: store, clock and wiring are used."""
    runs = told_runs(ports, RUNS)
    names = [name for name in ports.wiring.order() if name not in BESIDE]
    return ChainRead(
        abouts={name: ports.wiring.functions[name].about for name in names},
        runs=tuple(runs),
        last={name: _last(ports.store, [run for run in runs if run.function == name]) for name in names},
        letters=told_letters(ports.store, LETTERS),
    )


def chain_view(look: Look, read: ChainRead, *, telling: bool) -> ChainView:
    """The newest of each function, and what needs a look.

    Args:
        look: how the page is looked at.
        read: what it rests on.
        telling: whether everybody may read what was wrong with dead letters.
    """
    rows = [_run(look, run) for run in read.runs]
    return ChainView(
        stages=tuple(_stages(look, read)),
        runs=tuple(rows[:SHOWN]),
        failures=tuple(row for row in rows if row.status == "failed")[:SHOWN],
        letters=tuple(_letter(look, letter, telling) for letter in read.letters),
    )


def _letter(look: Look, letter: ToldLetter, telling: bool) -> LetterRow:
    return LetterRow(
        id=letter.id,
        kind=letter.kind,
        function=letter.function,
        when=look.moment(letter.when),
        key=letter.key,
        what=letter.what if telling else "",
        hint=letter.hint if telling else "",
        state=letter.state,
    )


def _run(look: Look, run: ToldRun) -> RunRow:
    status = "failed" if run.status >= FAILED else "refused" if run.status >= REFUSED else "done"
    return RunRow(run.function, look.moment(run.started), look.ago(run.started), status, run.schedule, run.record)


def _stages(look: Look, read: ChainRead) -> list[StageRow]:
    told = {name: [run for run in read.runs if run.function == name] for name in read.abouts}
    ended = {key: record.ended for record in read.last.values() if record for key in record.publications}
    newest = max(
        (_seq(record) for name, record in read.last.items() if record and name in (*FOLLOWING, "scrape")), default=0
    )
    return [
        _stage(look, name, about, told[name], read.last[name], ended, newest) for name, about in read.abouts.items()
    ]


def _stage(
    look: Look,
    name: str,
    about: str,
    runs: Sequence[ToldRun],
    record: RunRecord | None,
    ended: Mapping[str, datetime],
    newest: int,
) -> StageRow:
    t, seq = look.words, _seq(record) if record else 0
    woke = ended.get(record.key) if record else None
    waited = max((record.started - woke).total_seconds(), 0.0) if record and woke else None
    return StageRow(
        function=name,
        about=about,
        publication=record.publications[-1] if record and record.publications else "",
        seq=str(seq) if seq else "–",
        ago=look.ago(runs[0].started) if runs else "",
        started=look.moment(runs[0].started) if runs else "",
        took=t("seconds", n=t.number(record.duration_s, 1)) if record else "–",
        waited="–" if waited is None else t("seconds", n=t.number(waited, 1)),
        failed=sum(run.status >= FAILED for run in runs),
        behind=str(newest - seq) if name in FOLLOWING and 0 < seq < newest else "",
    )


def _last(store: ObjectStore, runs: Sequence[ToldRun]) -> RunRecord | None:
    """Record of the newest run that published something, else of the newest at all."""
    records = [found for run in islice((r for r in runs if r.status < REFUSED), OPENED) if (found := _read(store, run))]
    return next((record for record in records if record.publications), records[0] if records else None)


def _read(store: ObjectStore, run: ToldRun) -> RunRecord | None:
    try:
        return decode(store.get(run.record), RunRecord, run.record)
    except TouchlineError:  # of another version: the name says enough
        return None


def _seq(record: RunRecord) -> int:
    """Number of the newest publication of a run, 0 if it has none that counts the data."""
    names = [key.rpartition("/")[2] for key in record.publications if "/published/" in key]
    return max((int(name[:12]) for name in names if name[:12].isdecimal()), default=0)
