"""What the API tells of objects that come and change: live scores beside fixtures, and the settled record."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import served
from api import Api
from asking import problem
from touchline.domain.live import POINTER, LiveScores, Standing
from touchline.domain.views import POINTER as VIEWS
from touchline.domain.views import Leaderboard, Returns, ReturnsTable, ViewsPointer
from touchline.manifest import Manifest, encode, write_object
from touchline.ports import ObjectStore


@pytest.fixture
def api(tmp_path: Path) -> Api:
    return Api(tmp_path)


def put(store: ObjectStore, key: str, data: bytes) -> None:
    """Write an object, whether or not it is there."""
    info = store.stat(key)
    assert store.create(key, data) if info is None else store.swap(key, data, info.etag)


def settled(store: ObjectStore, seq: int, *returns: Returns) -> None:
    """Publish views, as drift does."""
    contents = {
        "leaderboard": encode(Leaderboard(seq=seq, mode="live")),
        "returns": encode(ReturnsTable(seq=seq, mode="live", until="2026-03-01", returns=returns)),
    }
    outputs = {name: write_object(store, f"views/v{seq}/{name}.json", data) for name, data in contents.items()}
    manifest = Manifest(
        stage="views", id=f"v{seq}", inputs=(), outputs=outputs, parameters={}, versions={}, counts={}
    )  # fmt: skip
    ref = write_object(store, f"views/v{seq}/manifest.json", encode(manifest))
    put(store, VIEWS, encode(ViewsPointer(seq=seq, manifest=ref.key, sha256=ref.sha256)))


def returned(region: str = "", **changes: Any) -> Returns:
    usual = {"matches": 300, "n": 120, "staked": 120.0, "returned": 114.0, "roi": -0.05, "low": -0.2, "high": 0.1}
    return Returns(region=region, **{**usual, "few": False, **changes})


def test_returns_are_told_by_region_with_interval_and_number(api: Api) -> None:
    few = returned("England", matches=9, n=4, staked=4.0, returned=7.5, roi=0.875, low=None, high=None, few=True)
    settled(api.ports.store, 1, returned(), few)
    answer = api.get("/predict/region-roi")
    whole, england = answer.json()["returns"]
    assert (whole["region"], whole["n"], whole["roi"], whole["low"], whole["few"]) == ("", 120, -0.05, -0.2, False)
    assert (england["region"], england["low"], england["few"]) == ("England", None, True)
    settled(api.ports.store, 2, returned())
    newer = api.get("/predict/region-roi", headers={"if-none-match": answer.headers["etag"]})
    assert (newer.status_code, newer.json()["seq"]) == (200, 2)


def test_a_record_that_cannot_be_read_leaves_the_one_before(api: Api) -> None:
    put(api.ports.store, VIEWS, b"{")
    answer = api.get("/predict/region-roi")
    assert "settled record cannot be read" in problem(answer, 503)["detail"]
    assert answer.headers["retry-after"] == "30"
    settled(api.ports.store, 1, returned())
    before = api.get("/predict/region-roi").json()
    assert before["degraded"] == ""
    put(api.ports.store, VIEWS, b"{")
    after = api.get("/predict/region-roi").json()
    assert after.pop("degraded")
    assert after == {name: value for name, value in before.items() if name != "degraded"}


def live(match: dict[str, Any], **changes: Any) -> Standing:
    usual = {name: match[name] for name in ("match_id", "competition", "season", "home_team", "away_team")}
    return Standing(**{**usual, "kickoff": served.NOW, "state": "live", "minute": "12", **changes})


def test_matches_say_how_they_stand_and_whether_they_are_forecast(api: Api) -> None:
    first, *others = api.get("/predict/matches").json()["matches"]
    over = live(first, match_id="over", state="finished", kickoff=served.NOW - timedelta(hours=2), home_goals=1)
    told = LiveScores(as_of=served.NOW, source="test", matches=(live(first), over))
    put(api.ports.store, POINTER, encode(told))
    answer = api.get("/predict/matches")
    now = {match["match_id"]: match for match in answer.json()["matches"]}
    assert [now[name]["status"] for name in (first["match_id"], "over", others[0]["match_id"])] == [
        "live", "finished", "scheduled",
    ]  # fmt: skip
    assert (now["over"]["forecast"], now[first["match_id"]]["forecast"]) == (False, True)
    assert next(iter(now)) == "over"
    assert problem(api.get("/predict/over"), 404)
    put(api.ports.store, POINTER, b"{")
    degraded = api.get("/predict/matches").json()
    assert degraded["degraded"]
    assert degraded["matches"] == answer.json()["matches"]


def test_a_publication_without_a_table_has_no_file(api: Api) -> None:
    store = api.ports.store
    (key,) = [info.key for info in store.list("predictions/") if info.key.endswith("forecasts.parquet")]
    assert api.get("/predict/predictions.parquet").status_code == 200
    (Path(api.ports.home) / "objects" / key).unlink()
    assert problem(api.get("/predict/predictions.parquet"), 404)["hint"] == "GET /predict/predictions lists them"
