"""What a ledger is verified from: its batches, the tables of the database, and the results that settled it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from touchline import tables
from touchline.bootstrap import Container
from touchline.domain.ledger_audit import Fault, Written
from touchline.domain.ledger_batches import canonical
from touchline.domain.ledger_scores import Ended, Settled
from touchline.errors import CorruptObject, DataError, NotFound
from touchline.manifest import publication_key, read_publication
from touchline.ports import ObjectStore, Settlement
from touchline.stages import settlement_exports
from touchline.stages.drift_prices import prices_behind, snapshots_of
from touchline.stages.drift_settle import endings_of
from touchline.stages.forecast_ledger import batches

_PLAYED: Final = ("match_id", "kickoff", "home_goals", "away_goals")


@dataclass(frozen=True)
class Material:
    """A ledger, from wherever it was read."""

    mode: str
    batches: Iterable[Written]
    """Oldest first; read one by one."""
    total: int
    """Number of batches."""
    table: Iterable[bytes] | None
    """Canonical JSON of each row of the database; None where there is no database."""
    settled: tuple[Settled, ...]
    ended: dict[str, Ended]
    """Matches of the ledger that are over."""
    faults: tuple[Fault, ...]
    """What was found while it was read."""


def of_store(ports: Container) -> Material:
    """The ledger of an installation: batches before rows, since rows come first and are exported then."""
    store, infos = ports.store, list(batches(ports.store))
    rows, settlements = ports.ledger.numbered(), ports.ledger.settlements()
    seq, faults = _exported(store, settlements)
    ended, missing = _ended(store, seq, {row.match_id for _, row in rows}) if seq else ({}, ())
    return Material(
        mode=ports.clock.mode,
        batches=(Written(info.key, store.get(info.key), info.modified) for info in infos),
        total=len(infos),
        table=(canonical(row) for _, row in rows),
        settled=tuple(Settled(**msgspec.structs.asdict(one)) for one in settlements),
        ended=ended,
        faults=(*faults, *missing),
    )


def _exported(store: ObjectStore, settlements: list[Settlement]) -> tuple[int, list[Fault]]:
    """Number of the features that were settled last, 0 before the first; and where their exports are not the table."""
    newest, faults = settlement_exports.exported(store), list[Fault]()
    for month, data in settlement_exports.expected(settlements, newest).items():
        rows = [one for one in settlements if settlement_exports.month_of(one) == month]
        faults += _month_faults(store, month, newest.get(month), rows, data)
    return max((export.seq for export in newest.values()), default=0), faults


def _month_faults(
    store: ObjectStore, month: str, newest: settlement_exports.Export | None, rows: list[Settlement], data: bytes
) -> list[Fault]:
    if newest is None:
        folder = f"{settlement_exports.FOLDER}{month}/"
        return [Fault(folder, one.match_id, "settled, and exported nowhere") for one in rows]
    found = {key: store.get(key) for key in newest.keys}
    faults = [
        Fault(key, "", "its content does not have the hash in its name")
        for key, told in found.items() if settlement_exports.name_of(month, newest.seq, told) != key
    ]  # fmt: skip
    if data not in found.values():
        unlike = [list(_unlike(key, told, rows)) for key, told in found.items()]
        least: list[Fault] = min(unlike, key=len)
        faults += least
    return faults


def _unlike(key: str, data: bytes, settlements: list[Settlement]) -> Iterator[Fault]:
    """How an export differs from the table, match by match."""
    try:
        told = msgspec.json.decode(data, type=list[Settlement])
    except ValueError as error:
        yield Fault(key, "", f"cannot be read: {error}")
        return
    here, there = ({(one.match_id, one.model_version, one.mode): one for one in rows} for rows in (settlements, told))
    for name in sorted(here.keys() | there.keys()):
        if here.get(name) != there.get(name):
            yield Fault(key, name[0], f"the settlement for {name[1]} here is not that of the table settlements")
    if here == there:
        yield Fault(key, "", "its bytes are not those that the settlements are written as")


def _ended(store: ObjectStore, seq: int, wanted: set[str]) -> tuple[dict[str, Ended], tuple[Fault, ...]]:
    """How matches ended by the features of that number, and what is wrong with these."""
    key = publication_key("features", seq)
    try:
        _, features = read_publication(store, key)
        played = tables.read(store, features.outputs["played"], _PLAYED)
        endings = endings_of(store, played, snapshots_of(features), wanted, wanted)
        prices = prices_behind(store, snapshots_of(features), set(endings))
    except (NotFound, CorruptObject, DataError) as error:
        return {}, (Fault(key, "", f"results cannot be read: {error}"),)
    return {
        match_id: Ended(
            match_id, ending.status, ending.kickoff, ending.home_goals, ending.away_goals,
            *((prices[match_id].before, prices[match_id].closing) if match_id in prices else ()),
        )
        for match_id, ending in endings.items()
    }, ()  # fmt: skip
