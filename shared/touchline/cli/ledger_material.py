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
from touchline.manifest import encode, publication_key, read_publication, sha256
from touchline.ports import ObjectStore, Settlement
from touchline.stages.drift_prices import prices_behind, snapshots_of
from touchline.stages.drift_settle import EXPORTS, endings_of
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
    """Number of the features that were settled last, 0 before the first; and where their export is not the table."""
    keys = [info.key for info in store.list(EXPORTS)]
    if not keys:
        return 0, [Fault(EXPORTS, one.match_id, "settled, and exported nowhere") for one in settlements]
    newest = max(key.removeprefix(EXPORTS)[:12] for key in keys)
    found = {key: store.get(key) for key in keys if key.removeprefix(EXPORTS).startswith(newest)}
    faults = [fault for key, data in found.items() for fault in _misnamed(key, data)]
    data = encode(settlements)
    if data not in found.values():
        unlike = [list(_unlike(key, told, settlements)) for key, told in found.items()]
        least: list[Fault] = min(unlike, key=len)
        faults += least
    return int(newest) if newest.isdigit() else 0, faults


def _misnamed(key: str, data: bytes) -> Iterator[Fault]:
    _, _, promised = key.rpartition("/")[2].removesuffix(".json").partition("-")
    if promised and not sha256(data).startswith(promised):
        yield Fault(key, "", "its content does not have the hash in its name")


def _unlike(key: str, data: bytes, settlements: list[Settlement]) -> Iterator[Fault]:
    """How an export differs from the table, match by match."""
    try:
        told = msgspec.json.decode(data, type=list[Settlement])
    except ValueError as error:
        yield Fault(key, "", f"cannot be read: {error}")
        return
    here, there = ({(one.match_id, one.model_version, one.mode): one for one in rows} for rows in (settlements, told))
    differing = [name for name in sorted(here.keys() | there.keys()) if here.get(name) != there.get(name)]
    for match_id, version, _ in differing:
        yield Fault(key, match_id, f"the settlement for {version} here is not that of the table settlements")
    if not differing:
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
