"""One chain of runs as a tree: what woke what, how long each waited, and how long it took.

A run belongs below the run whose span its event named. Where no span was told (a sink that drops it, a record of an
older version), the run that published the key comes instead.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from touchline import tracing
from touchline.errors import NotFound
from touchline.telemetry import RunRecord

if TYPE_CHECKING:
    from rich.tree import Tree

LAST = "last"
SWEEP = "sweep"


class Branch(msgspec.Struct, frozen=True):
    """A run, and the runs that it woke, those that began first in front."""

    run: RunRecord
    waited_s: float | None
    """Seconds from the end of the run above to the beginning of this one, 0 if they overlap; None at the root."""
    woke: "tuple[Branch, ...]" = ()

    def walk(self) -> "Iterator[Branch]":
        """The run and all below it."""
        yield self
        for branch in self.woke:
            yield from branch.walk()


class Chain(msgspec.Struct, frozen=True):
    """Runs that belong together."""

    trace: str
    """Identity of the trace of the first run."""
    roots: tuple[Branch, ...]

    @property
    def runs(self) -> list[RunRecord]:
        """All of them."""
        return [branch.run for root in self.roots for branch in root.walk()]

    @property
    def wall_s(self) -> float:
        """Seconds from the first beginning to the last end."""
        runs = self.runs
        return (max(run.ended for run in runs) - min(run.started for run in runs)).total_seconds()


def chain(records: Sequence[RunRecord], wanted: str) -> Chain:
    """The chain of a trace (its identity, or how that begins), of an object's key, or the one that moved last.

    Raises:
        NotFound: no run belongs to it.
    """
    parents = _parents(records)
    below: defaultdict[str, list[RunRecord]] = defaultdict(list)
    for record in sorted(records, key=lambda record: record.started):
        if record.run_id in parents:
            below[parents[record.run_id].run_id].append(record)
    traces = {_trace(_root(seed, parents)) for seed in _seeds(records, wanted, parents, below)}
    together = [record for record in records if record.run_id not in parents and _trace(record) in traces]
    roots = sorted(together, key=lambda record: record.started)
    return Chain(_trace(roots[0]), tuple(_branch(root, None, below) for root in roots))


def _trace(record: RunRecord) -> str:
    """The trace of a run; one that has none is a trace of its own."""
    return tracing.trace_id(record.traceparent) or record.run_id


def _parents(records: Sequence[RunRecord]) -> dict[str, RunRecord]:
    """Run -> the run that woke it."""
    spans = {record.traceparent: record for record in records if record.traceparent}
    makers: defaultdict[str, list[RunRecord]] = defaultdict(list)
    for record in sorted(records, key=lambda record: record.started):
        for key in record.publications:
            makers[key].append(record)
    found: dict[str, RunRecord] = {}
    for record in records:
        parent = spans.get(record.parent) if record.parent else _maker(record, makers[record.key])
        if parent is not None and _root(parent, found).run_id != record.run_id:  # a clock set by hand may stand still
            found[record.run_id] = parent
    return found


def _maker(record: RunRecord, makers: Sequence[RunRecord]) -> RunRecord | None:
    """The newest run that had published the key when a run began."""
    return next((maker for maker in reversed(makers) if maker.started <= record.started), None)


def _seeds(
    records: Sequence[RunRecord],
    wanted: str,
    parents: dict[str, RunRecord],
    below: dict[str, list[RunRecord]],
) -> list[RunRecord]:
    if wanted == LAST:  # a sweep that found nothing to do is no chain
        moved = [run for run in records if run.function != SWEEP or run.run_id in parents or below.get(run.run_id)]
        found = sorted(moved or records, key=lambda run: run.started)[-1:]
    else:
        found = [run for run in records if wanted == run.key or wanted in run.publications]
        found = found or [run for run in records if tracing.trace_id(run.traceparent).startswith(wanted.lower())]
    if not found:
        raise NotFound("no run of such a trace or key", where=wanted, hint="`touchline runs --json` lists what ran")
    return found


def _root(record: RunRecord, parents: dict[str, RunRecord]) -> RunRecord:
    while record.run_id in parents:
        record = parents[record.run_id]
    return record


def _branch(record: RunRecord, ended: datetime | None, below: dict[str, list[RunRecord]]) -> Branch:
    waited = None if ended is None else max(0.0, (record.started - ended).total_seconds())
    return Branch(record, waited, tuple(_branch(run, record.ended, below) for run in below.get(record.run_id, ())))


def plain(found: Chain) -> dict[str, Any]:
    """A chain for scripts."""
    roots = [_plain(root) for root in found.roots]
    return {"trace": found.trace, "wall_s": found.wall_s, "runs": len(found.runs), "roots": roots}


def _plain(branch: Branch) -> dict[str, Any]:
    run = branch.run
    return {
        "function": run.function,
        "outcome": run.outcome,
        "key": run.key,
        "reason": run.reason,
        "started": run.started,
        "waited_s": branch.waited_s,
        "took_s": run.duration_s,
        "publications": run.publications,
        "traceparent": run.traceparent,
        "run": run.object_key,
        "woke": [_plain(below) for below in branch.woke],
    }


def picture(found: Chain) -> "Tree":
    """A chain for people."""
    from rich.tree import Tree

    runs = found.runs
    count = f"{len(runs)} run{'s' * (len(runs) > 1)}"
    tree = Tree(f"{runs[0].started:%Y-%m-%d %H:%M:%S}: {count} in {found.wall_s:.2f} s  [dim]trace {found.trace}[/]")
    for root in found.roots:
        _grow(tree, root)
    return tree


_COLOURS = {"done": "green", "failed": "red", "parked": "yellow"}


def _grow(tree: "Tree", branch: Branch) -> None:
    """A run, below it each publication, and below that the runs that it woke."""
    run = branch.run
    outcome = f"[{_COLOURS.get(run.outcome, 'dim')}]{run.outcome}[/]"
    waited = "" if branch.waited_s is None else f"waited {branch.waited_s:.2f} s, "
    own = tree.add(f"{run.function} {outcome}  {waited}took {run.duration_s:.2f} s{_about(branch)}")
    places = {key: own.add(f"[dim]{key}[/]") for key in run.publications}
    for below in branch.woke:
        _grow(places.get(below.run.key, own), below)


def _about(branch: Branch) -> str:
    """What a run says beside its figures: its event at the root, its reason where it did nothing new."""
    from rich.markup import escape

    run = branch.run
    cause = run.key if branch.waited_s is None else ""
    reason = run.reason.splitlines()[0] if run.reason and run.outcome != "done" else ""
    return escape("".join(f"  {part}" for part in (cause, reason) if part))
