"""What state a wiring is in, so that two states can be compared, whatever way, store or database they came by.

In a digest are: the newest publication of each stage, with its manifest and the hash of all that it names; the matches
as of the newest change; every promotion; the last forecast that each model sealed for each match; the current
settlements; who is called champion in the registry; the newest drift findings and views; what was asked for. There are
no clocks, run ids, work ids, etags, tokens or traces in it, and nothing that depends on the way: older publications,
which of two equal forecasts was sealed first, the names of reports that follow from that.

Making a digest also checks the state: each hash that a manifest or a publication promises, each payload against its
name, what was sealed against what was published, and each exported record against its table.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from touchline.adapters import database
from touchline.adapters.schema import sealed
from touchline.bootstrap import Container
from touchline.domain.ledger_audit import Auditor, Written
from touchline.domain.ledger_batches import canonical
from touchline.domain.track import Track
from touchline.errors import CorruptObject, NotFound
from touchline.manifest import (
    PAYLOADS,
    Manifest,
    Ref,
    current,
    decode,
    encode,
    read_object,
    read_publication,
    sha256,
)
from touchline.ports import ObjectStore, Settlement
from touchline.stages import settlement_exports
from touchline.stages.forecast_ledger import batches
from touchline.stages.predict_views import read_view, read_views

STAGES: Final = ("raw", "validated", "features", "models", "serving", "predictions")
"""`scrapes` is left out: which file brought which change depends on the way."""
_CLOCKS: Final = frozenset({"sealed_at", "settled_at", "decided_at", "as_of", "traceparent", "work"})
_BY_THE_WAY: Final = frozenset({"seq", "promotion"})
"""Of a sealed forecast: one that says nothing new is not sealed again, so the first of equal ones stands."""
_REPORT: Final = frozenset({"id", "page", "report"})
"""Names of a drift report, which follow from when its forecasts were sealed."""
_WAY: Final = frozenset({"traceparent"})
"""Which run asked."""


class Digest(msgspec.Struct, frozen=True, kw_only=True):
    """A state in plain words: section -> name -> what is so."""

    stages: dict[str, Any]
    matches: dict[str, Any]
    promotions: dict[str, Any]
    forecasts: dict[str, Any]
    settlements: dict[str, Any]
    registry: dict[str, Any]
    drift: dict[str, Any]
    requests: dict[str, Any]
    views: dict[str, Any] = {}

    @property
    def sha256(self) -> str:
        """One hash of everything."""
        return sha256(encode(self))


def digest(container: Container) -> Digest:
    """The state behind a container that has the object store, the database and the registry; it is checked.

    Raises:
        CorruptObject: something does not have the hash that was promised for it, or is not what its table says.
        NotFound: something that is promised is not there.
        DataError: something cannot even be read.
    """
    check_objects(container.store)
    check_records(container)
    return Digest(
        stages={stage: found for stage in STAGES if (found := _stage(container.store, stage))},
        matches=_matches(container),
        promotions={str(row.number): _plain(row) for row in container.promotions.history()},
        forecasts=_forecasts(container),
        settlements={
            f"{row.match_id} {row.model_version} {row.mode}": _plain(row) for row in container.ledger.settlements()
        },
        registry=_registry(container),
        drift=_drift(container.store),
        requests=_requests(container.store),
        views=_views(container.store),
    )


def difference(first: Digest, second: Digest) -> list[str]:
    """How two states differ, a line each: where, and what stands there in the first and in the second.

    >>> empty = Digest(stages={}, matches={}, promotions={}, forecasts={}, settlements={}, registry={}, drift={},
    ...     requests={})
    >>> difference(empty, msgspec.structs.replace(empty, registry={"champion": "m1"}))
    ['registry.champion: nothing | "m1"']
    """
    one, other = msgspec.to_builtins(first), msgspec.to_builtins(second)
    return list(_differing("", one, other))


def check_objects(store: ObjectStore) -> None:
    """See that all objects have the hashes that publications, manifests and names of payloads promise.

    Raises:
        CorruptObject, NotFound: one has not, or is missing.
    """
    for info in store.list(""):
        if "/published/" in info.key:
            publication, _ = read_publication(store, info.key)
            _check(store, tuple(publication.sidecars.values()), info.key)
        elif info.key.endswith("/manifest.json"):
            manifest = decode(store.get(info.key), Manifest, info.key)
            _check(store, (*manifest.inputs, *manifest.outputs.values()), info.key)
        elif info.key.startswith(PAYLOADS) and not info.key.endswith(".json"):
            read_object(store, Ref(info.key, info.key.rpartition("/")[2].removesuffix(".gz")))


def check_records(container: Container) -> None:
    """See that what was exported is what the tables say, and that publications are what was sealed.

    Raises:
        CorruptObject, NotFound: it is not.
    """
    store = container.store
    for row in container.promotions.history():
        _same(store, f"ledger/promotions/{row.number:012d}.json", encode(row))
    _check_batches(container)
    _check_settlements(store, container.ledger.settlements())
    with database.reading(container.engine) as connection:
        rows = connection.execute(sa.select(sealed.c.key, sealed.c.content)).all()
    for key, content in rows:
        if store.stat(key) is not None:  # a run may have ended between sealing and publishing what is superseded now
            _same(store, key, bytes(content))


def _check(store: ObjectStore, refs: tuple[Ref, ...], where: str) -> None:
    for ref in refs:
        try:
            read_object(store, ref)
        except (CorruptObject, NotFound) as error:
            raise CorruptObject(f"promises what is not so: {error}", where=where) from error


def _same(store: ObjectStore, key: str, data: bytes) -> None:
    if store.get(key) != data:
        raise CorruptObject("the object is not what the database says", where=key)


def _check_batches(container: Container) -> None:
    """What was sealed is in the batches, each forecast once, and their chain is whole."""
    auditor = Auditor(copied=True)
    for info in batches(container.store):
        auditor.take(Written(info.key, container.store.get(info.key), None))
    auditor.compare(canonical(row) for _, row in container.ledger.numbered())
    for fault in auditor.found().faults:
        raise CorruptObject(f"{fault.match} {fault.what}".strip(), where=fault.where)


def _check_settlements(store: ObjectStore, settlements: list[Settlement]) -> None:
    """Of each month one of the newest exports holds the current settlements."""
    newest = settlement_exports.exported(store)
    for month, data in settlement_exports.expected(settlements, newest).items():
        keys = newest[month].keys if month in newest else ()
        if not any(store.get(key) == data for key in keys):
            raise CorruptObject("no export holds the current settlements", where=f"{settlement_exports.FOLDER}{month}/")


def _stage(store: ObjectStore, stage: str) -> dict[str, Any]:
    """The newest publication and what it points at, each object with its hash; empty if nothing was published."""
    try:
        publication, manifest = current(store, stage)
    except NotFound:
        return {}
    told = msgspec.to_builtins(publication)
    kept = {name: told[name] for name in ("seq", "promotion", "manifest", "sha256")}
    return kept | {"manifest": _without(msgspec.to_builtins(manifest), _CLOCKS)} | {"objects": _objects(manifest)}


def _objects(manifest: Manifest) -> dict[str, str]:
    return {ref.key: ref.sha256 for ref in manifest.outputs.values()}


def _matches(container: Container) -> dict[str, Any]:
    head = container.matches.head()
    if not head:
        return {"changes": 0}
    table = container.matches.snapshot(head).drop(columns="payload")
    return {"changes": head, "rows": len(table), "sha256": sha256(table.to_csv(index=False).encode())}


def _forecasts(container: Container) -> dict[str, Any]:
    """The last one that each model sealed for each match."""
    return {
        f"{row.match_id} {row.model_version} {row.mode}": _without(_plain(row), _BY_THE_WAY)
        for row in container.ledger.forecasts()
    }


def _registry(container: Container) -> dict[str, Any]:
    identities = {version: identity for identity, version in container.registry.versions().items()}
    return {alias: identities.get(version, "?") for alias, version in container.registry.aliases().items()}


def _drift(store: ObjectStore) -> dict[str, Any]:
    key = "reports/drift/latest.json"
    if store.stat(key) is None:
        return {}
    found = decode(store.get(key), dict[str, Any], key)
    for name in ("page", "report"):
        store.get(found[name])
    return _without(found, _REPORT)


def _views(store: ObjectStore) -> dict[str, Any]:
    found = read_views(store)
    if found is None:
        return {}
    told = read_view(store, "track", Track)
    named = zip(("leaderboard", "returns", "track"), (*found, told), strict=True)
    return {title: msgspec.to_builtins(view) for title, view in named if view is not None}


def _requests(store: ObjectStore) -> dict[str, Any]:
    keys = [info.key for prefix in ("requests/retrain/", "requests/promotion/") for info in store.list(prefix)]
    return {key: _without(decode(store.get(key), dict[str, Any], key), _REPORT | _WAY) for key in keys}


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    return _without(msgspec.to_builtins(value), _CLOCKS)


def _without(value: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: inner for name, inner in value.items() if name not in names}


def _differing(where: str, one: Any, other: Any) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted(one.keys() | other.keys()):
            place = f"{where}.{name}" if where else name
            yield from _differing(place, one.get(name, _NOTHING), other.get(name, _NOTHING))
    elif one != other:
        yield f"{where}: {_said(one)} | {_said(other)}"


_NOTHING: Final = object()


def _said(value: Any) -> str:
    return "nothing" if value is _NOTHING else encode(value).decode()
