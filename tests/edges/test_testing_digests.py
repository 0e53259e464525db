"""A digest holds what counts, nothing of the way, and refuses a state that does not keep what it promises."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pandas as pd
import pytest

from touchline import bootstrap, tracing
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.errors import CorruptObject, DataError
from touchline.manifest import Manifest, Ref, encode, publish, write_object, write_payload
from touchline.ports import Forecast, Promotion, Settlement, TrainingLog
from touchline.stages import settlement_exports
from touchline.stages.drift_views import publish_views
from touchline.stages.forecast_ledger import export_batches
from touchline.testing import difference, digest

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
FORECAST = Forecast("a-b", "m1", 1, 3, NOW + timedelta(days=3), 0.5, 0.3, 0.2, "f1", "simulated")
SETTLED = Settlement("a-b", "m1", "simulated", NOW, "home", 0.69, 0.1, 0.3, "", NOW)
Make = Callable[..., Container]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes a home, and a small state in it."""

    def one(name: str, *, now: datetime = NOW, extra: bool = False) -> Container:
        environ = {"TOUCHLINE_HOME": str(tmp_path / name), "TOUCHLINE_REGISTRY": "folder"}
        container = bootstrap.ports(environ, clock=VirtualClock(now))
        fill(container, now, extra=extra)
        return container

    return one


def fill(container: Container, now: datetime, *, extra: bool) -> None:
    """Two publications, a payload, a promotion, forecasts, a settlement, a model with an alias, a request."""
    store = container.store
    write_payload(store, "files", b"bar")
    with tracing.within(tracing.child()):
        for seq, content in ((2, b"older" if extra else b"old"), (3, b"new")):
            publish(store, manifest(container, content), seq)
    row = container.promotions.decide(Promotion(0, "m1", "champion", "", "m1", "models/m1", "first", {}, now, str(now)))
    store.create(f"ledger/promotions/{row.number:012d}.json", encode(row))
    earlier = msgspec.structs.replace(FORECAST, features_hash="f0", home=0.4, draw=0.4)
    container.ledger.seal([earlier, FORECAST] if extra else [FORECAST], now)
    export_batches(container)
    container.ledger.settle([msgspec.structs.replace(SETTLED, sealed_at=now, settled_at=now)])
    settlement_exports.export(store, 3, container.ledger.settlements())
    log = TrainingLog("m1", {}, {}, {}, {}, {}, {})
    for identity in ("m0", "m1") if extra else ("m1",):
        version = container.registry.register(log, None, pd.DataFrame(), identity)
    container.registry.set_alias("champion", version)
    store.create("requests/retrain/users/x.json", encode({"reason": "why not"}))
    store.create(f"runs/scrape/20260302/{now:%H%M}.json", encode({"at": now}))
    for kind in ("page", "report"):
        write_object(store, f"reports/drift/{now:%H}/{kind}", b"it drifts")
    told = {"seq": 3, "id": f"{now:%H}", "share": 0.25, "page": f"reports/drift/{now:%H}/page"}
    store.create("reports/drift/latest.json", encode({**told, "report": f"reports/drift/{now:%H}/report"}))


def manifest(container: Container, content: bytes) -> Manifest:
    name = content.decode()
    outputs = {"matches": write_object(container.store, f"raw/{name}/matches.parquet", content)}
    return Manifest(stage="raw", id=name, inputs=(), outputs=outputs, parameters={}, versions={}, counts={})


def test_the_way_and_the_clock_are_not_in_it(make: Make) -> None:
    """Another moment, other traces, another older publication, an earlier forecast and model, other run records."""
    one, other = digest(make("one")), digest(make("other", now=NOW + timedelta(hours=2), extra=True))
    assert difference(one, other) == []
    assert one.sha256 == other.sha256


def test_it_says_what_is_so(make: Make) -> None:
    found = digest(make("one"))
    assert found.stages["raw"]["seq"] == 3
    assert list(found.stages["raw"]["objects"]) == ["raw/new/matches.parquet"]
    assert found.promotions["1"]["champion"] == "m1"
    assert found.forecasts["a-b m1 simulated"]["home"] == 0.5
    assert found.settlements["a-b m1 simulated"]["outcome"] == "home"
    assert found.registry == {"champion": "m1"}
    assert found.drift == {"seq": 3, "share": 0.25}
    assert found.matches == {"changes": 0}


def features(container: Container) -> Manifest:
    played = write_object(container.store, "features/new/played.parquet", b"played")
    return msgspec.structs.replace(manifest(container, b"new"), stage="features", outputs={"played": played})


CHANGES: dict[str, Callable[[Container], object]] = {
    "stages.raw.objects": lambda c: publish(c.store, manifest(c, b"newer"), 4),
    "promotions.2": lambda c: c.promotions.decide(
        Promotion(0, "m2", "candidate", "m1", "m1", "models/m1", "better", {}, NOW, "w2")
    ),
    "forecasts.a-b m1 simulated.home": lambda c: c.ledger.seal(
        [msgspec.structs.replace(FORECAST, seq=4, home=0.3, away=0.4, features_hash="f2")], NOW
    ),
    "settlements.a-b m1 simulated.outcome": lambda c: c.ledger.settle(
        [msgspec.structs.replace(SETTLED, outcome="away")]
    ),
    "registry.candidate": lambda c: c.registry.set_alias("candidate", "1"),
    "requests.requests/retrain/users/y.json": lambda c: c.store.create("requests/retrain/users/y.json", b"{}"),
    "views.leaderboard": lambda c: publish_views(c, 4, features(c), pd.DataFrame(), []),
    "drift.share": lambda c: c.store.swap(
        "reports/drift/latest.json",
        c.store.get("reports/drift/latest.json").replace(b"0.25", b"0.75"),
        c.store.stat("reports/drift/latest.json").etag,
    ),
}


@pytest.mark.parametrize("where", CHANGES)
def test_each_change_is_seen_and_named(make: Make, where: str) -> None:
    container = make("one")
    before = digest(container)
    CHANGES[where](container)
    export_batches(container)
    for row in container.promotions.history():
        container.store.create(f"ledger/promotions/{row.number:012d}.json", encode(row))
    settlement_exports.export(container.store, 4, container.ledger.settlements())
    lines = difference(before, digest(container))
    assert any(line.startswith(where) for line in lines), lines


BROKEN: dict[str, Callable[[Container], object]] = {
    "an output": lambda c: overwrite(c, "raw/new/matches.parquet"),
    "a manifest": lambda c: overwrite(c, "raw/old/manifest.json"),
    "a payload": lambda c: overwrite(c, next(i.key for i in c.store.list("payloads/"))),
    "an exported promotion": lambda c: overwrite(c, "ledger/promotions/000000000001.json"),
    "a batch of forecasts": lambda c: overwrite(c, "ledger/forecasts/000000000001.json"),
    "a forecast in no batch": lambda c: c.ledger.seal([msgspec.structs.replace(FORECAST, match_id="c-d")], NOW),
    "exported settlements": lambda c: overwrite(c, next(i.key for i in c.store.list("ledger/settlements/"))),
    "settlements that nobody exported": lambda c: c.ledger.settle([msgspec.structs.replace(SETTLED, match_id="c-d")]),
    "an output that is missing": lambda c: publish(
        c.store,
        Manifest(
            stage="raw", id="x", inputs=(), outputs={"m": Ref("raw/x/none", "0" * 64)},
            parameters={}, versions={}, counts={},
        ),
        4,
    ),
    "a publication that is not the sealed one": lambda c: seal(c, "raw/published/000000000003.json"),
}  # fmt: skip


def overwrite(container: Container, key: str) -> None:
    info = container.store.stat(key)
    assert info is not None
    assert container.store.swap(key, b"something else", info.etag)


def seal(container: Container, key: str) -> None:
    with container.claimed("export") as claim:
        claim.seal(key, b"{}")


@pytest.mark.parametrize("what", BROKEN)
def test_what_does_not_keep_its_promise_is_an_error(make: Make, what: str) -> None:
    container = make("one")
    BROKEN[what](container)
    with pytest.raises((CorruptObject, DataError)):
        digest(container)
