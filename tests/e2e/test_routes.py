"""A challenger from its route to the leaderboard, and a champion that is taken back because of errors."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest

import served
from asking import Elapsed, client_of
from features_published import sealed_before
from served import NOW, ListedRegistry, against, event, forecasted, promoted, publish_features, publish_model
from snapshots import publish_raw
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.domain.features import FEATURE_NAMES
from touchline.domain.routing import arm_of, route_of
from touchline.domain.simulation import simulate
from touchline.domain.views import Leaderboard
from touchline.learning.bundle import bundle_files
from touchline.learning.examples import Examples
from touchline.learning.fitting import FitOptions, fit
from touchline.manifest import current, encode, publish, read_publication
from touchline.settings import Drift, Predict
from touchline.stages import drift, feature
from touchline.stages.predict_views import read_views
from touchline.testing.league import Page
from touchline.web.health_watch import HealthWatch
from touchline.web.meters import Meters
from waiting import wait_until

pytestmark = pytest.mark.slow
LATER = NOW + timedelta(days=10)
Said = tuple[float, float, float]
OPERATOR = "requests/promotion/users/{}.json"


@cache
def other_model() -> dict[str, bytes]:
    """Files of a model of the newer half of the small league."""
    played = served.tables()[0]["played"]
    half = played.tail(len(played) // 2)
    examples = Examples(
        half[list(FEATURE_NAMES)].to_numpy(np.float32),
        FEATURE_NAMES,
        half["outcome"].to_numpy(),
        half["kickoff"].dt.tz_localize(None).to_numpy(),
        half["competition"].to_numpy(object),
        half[["home_goals", "away_goals"]].to_numpy(np.float64),
        np.full((len(half), 2), np.nan),
    )
    fitted = fit(examples, FitOptions(trials=1, folds=2, families=("logistic",), threads=1))
    files = bundle_files(fitted, served.card("m2"))
    return {name: files[name] for name in ("model.onnx", "pool.json", "calibration.json", "features.json")}


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture
def ports(tmp_path: Path, clock: VirtualClock) -> Container:
    """A champion m1, a candidate m2 that is another model, features of fixtures to come."""
    made = bootstrap.ports({"TOUCHLINE_HOME": str(tmp_path / "home")}, clock=clock)
    made.registry, made.reporter = ListedRegistry("m1", "m2"), Page()
    publish_features(made.store, 1)
    promoted(made, publish_model(made.store, "m1", 1))
    promoted(made, publish_model(made.store, "m2", 2, files=other_model(), **against("m1", -0.05, n=12)))
    return made


def ask(ports: Container, name: str, **request: Any) -> None:
    key = OPERATOR.format(name)
    assert ports.store.create(key, encode(request))
    published = promoted(ports, key).publications
    for publication in published:
        forecasted(ports, publication)


def settled(ports: Container, clock: VirtualClock) -> Leaderboard:
    """The views, ten days later."""
    clock.move(LATER)
    table = simulate(7, LATER, seasons=2)
    _, made = read_publication(ports.store, publish_features(ports.store, 2, **feature.make(table)[0]))
    snapshot = read_publication(ports.store, publish_raw(ports.store, table, 3))[1].outputs["matches"]
    publish(ports.store, msgspec.structs.replace(made, id="f3", inputs=(snapshot,)), 3)
    drift.run(event("daily", kind="cron"), ports, Drift())
    views = read_views(ports.store)
    assert views is not None
    return views[0]


def test_both_models_are_settled_and_compared_on_identical_matches(ports: Container, clock: VirtualClock) -> None:
    ask(ports, "route", action="route", mode="ab", share=0.3, model_id="m2")
    board = settled(ports, clock)
    by_model: dict[str, set[str]] = {}
    for row in ports.ledger.settlements():
        by_model.setdefault(row.model_version, set()).add(row.match_id)
    assert len(by_model["m1"]) > 5
    assert by_model["m1"] == by_model["m2"]
    assert board.contenders == ("m1", "m2")
    told = {one.model_version: one for one in board.standings if one.competition == ""}
    assert set(told) == {"m1", "m2", "bookmaker", "elo", "prior"}
    assert {one.n for one in told.values()} == {len(by_model["m1"])}
    assert told["m1"].log_loss != told["m2"].log_loss
    assert told["m1"].few


def test_a_route_of_one_competition_leaves_the_others_to_the_champion(ports: Container) -> None:
    ask(ports, "route", action="route", mode="shadow", model_id="m2", competitions=["E0"])
    assert {(row.model_version, row.promotion) for row in ports.ledger.forecasts()} == {("m1", 3), ("m2", 3)}, (
        "in the shadow, where every candidate is, all matches are sealed; the route adds nothing"
    )


def test_a_competition_has_a_model_of_its_own_whatever_is_asked_and_by_whom(ports: Container) -> None:
    ask(ports, "route", action="route", mode="competitions", model_id="m2", competitions=["SIM1"])
    champions, own = (
        {row.match_id: row.home for row in ports.ledger.forecasts() if row.model_version == model}
        for model in ("m1", "m2")
    )
    client = client_of(ports)
    listed = client.get("/predict/predictions").json()["matches"]
    assert {match["model_version"] for match in listed} == {"m2"}
    assert {match["match_id"]: match["probabilities"]["home"] for match in listed} == own
    match = listed[0]["match_id"]
    assert own[match] != champions[match]
    for path in (match, f"precomputed/{match}"):
        told = client.get(f"/predict/{path}").json()
        assert (told["run_id"], told["model_version"], told["arm"]) == ("m2", "m2", "challenger")
        assert told["probabilities"]["home"] == pytest.approx(own[match], abs=1e-6)
        assert told["sealed_at"]
    assert f"{100 * own[match]:.0f}" in client.get(f"/match/{match}").text
    rows = client.get("/predict/predictions", headers={"accept": "text/csv"}).text.splitlines()
    assert len(rows) == 1 + len(own)
    assert all("m2" in row for row in rows[1:])
    ask(ports, "end", action="route", mode="off")
    assert {one["model_version"] for one in client_of(ports).get("/predict/predictions").json()["matches"]} == {"m1"}


def test_another_competition_stays_with_the_champion(ports: Container) -> None:
    ask(ports, "route", action="route", mode="competitions", model_id="m2", competitions=["E0"])
    client = client_of(ports)
    listed = client.get("/predict/predictions").json()["matches"]
    assert {match["model_version"] for match in listed} == {"m1"}
    assert client.get(f"/predict/{listed[0]['match_id']}").json()["arm"] == "champion"


def test_a_challenger_that_cannot_forecast_keeps_nobody_from_the_champions_forecasts(ports: Container) -> None:
    ask(ports, "route", action="route", mode="shadow", model_id="m2")
    info = ports.store.stat("models/m2/model.onnx")
    assert info is not None
    assert ports.store.swap("models/m2/model.onnx", b"broken", info.etag)
    publish_features(ports.store, 2)
    assert forecasted(ports, "features/published/000000000002.json").outcome == "done"
    assert {row.seq for row in ports.ledger.forecasts() if row.model_version == "m2"} == {1}


def test_clients_are_divided_and_stay_where_they_are(ports: Container) -> None:
    ask(ports, "route", action="route", mode="ab", share=0.3, model_id="m2")
    route = route_of(current(ports.store, "serving")[1].parameters)
    assert route is not None
    client = client_of(ports)
    matches = sorted({row.match_id for row in ports.ledger.forecasts()})
    answers = {match: client.get(f"/predict/{match}").json() for match in matches}
    arms = {match: arm_of(route, "127.0.0.1", match, "SIM1") for match in matches}
    assert set(arms.values()) == {"champion", "challenger"}
    assert {match: answer["arm"] for match, answer in answers.items()} == arms
    sealed = {(row.match_id, row.model_version): row.home for row in ports.ledger.forecasts()}
    for match, answer in answers.items():
        model = "m1" if arms[match] == "champion" else "m2"
        assert (answer["run_id"], answer["stale"]) == (model, False)
        assert answer["probabilities"]["home"] == pytest.approx(sealed[match, model], abs=1e-6)


def test_errors_take_the_route_back_then_the_champion(ports: Container) -> None:
    """The watch asks, promote decides; an instance that runs serves the model before within its refresh."""
    ask(ports, "route", action="route", mode="canary", share=0.1, model_id="m2")
    elapsed, beat, meters = Elapsed(), Elapsed(), Meters()
    client = client_of(ports, elapsed, refresh=1.0)
    watch = HealthWatch(ports.store, Predict(max_error_rate=0.05), meters, beat)

    def complain() -> tuple[str, str]:
        promotion = client.get("/readyz").json()["promotion"]
        assert watch.look(promotion) == ""
        beat.now += 30
        for number in range(300):
            meters.request("/predict/{match_id}", "GET", 503 if number % 10 == 0 else 200, 0.002)
        promoted(ports, watch.look(promotion))
        assert watch.look(promotion) == ""
        row = ports.promotions.history()[-1]
        return row.stage, row.reason.partition(":")[0]

    assert complain() == ("route", "the route to m2 ends, asked for by predict")
    ask(ports, "up", action="promote", model_id="m2", force=True)
    serving = eventually(client, elapsed)
    serving("m2")
    assert complain() == ("champion", "rollback from m2, asked for by predict")
    serving("m1")
    assert complain() == ("refused", "no rollback")
    assert current(ports.store, "serving")[1].parameters["model_id"] == "m1"


def eventually(client: Any, elapsed: Elapsed) -> Callable[[str], None]:
    """Asserts that a running instance serves a model, a second after its last look."""

    def serves(model: str) -> None:
        elapsed.now += 1.0
        wait_until(lambda: client.get("/readyz").json()["model_id"] == model, f"{model} serves", 10)

    return serves


def season_of(ports: Container, clock: VirtualClock, seq: int, m1: Said, m2: Said) -> None:
    """Twenty-four days of ten matches, all forecast by both, played and published; and the same fixtures ahead."""
    begun = clock.now()
    played, upcoming = (served.tables()[0][name] for name in ("played", "upcoming"))
    days = pd.to_timedelta(np.arange(240) // 10 + 1, unit="D")
    names = [f"trial-{seq}-{number:03}" for number in range(240)]
    table = played.tail(240).assign(match_id=names, kickoff=(pd.Timestamp(begun) + days).as_unit("us"))
    for model, said in (("m1", m1), ("m2", m2)):
        ports.ledger.seal(sealed_before(table, *said, version=model), begun)
    clock.move(begun + timedelta(days=25))
    ahead = upcoming.assign(kickoff=upcoming["kickoff"] + pd.Timedelta(clock.now() - NOW))
    forecasted(ports, publish_features(ports.store, seq, played=table, upcoming=ahead))


def test_trials_move_everything_there_and_back(ports: Container, clock: VirtualClock) -> None:
    """A better challenger serves, and is taken back when it gets worse: by events alone, each delivered twice."""
    forecasted(ports, "serving/published/000000000002.json")
    elapsed = Elapsed()
    client = client_of(ports, elapsed, refresh=1.0)
    serving = eventually(client, elapsed)
    good, bad = (0.45, 0.27, 0.28), (0.15, 0.25, 0.6)

    def everywhere(model: str, number: int, reason: str) -> None:
        (key,) = drift.run(event("daily", kind="cron"), ports, Drift(current_matches=10)).publications
        for _ in range(2):
            for publication in promoted(ports, key).publications or ():
                forecasted(ports, publication)
                forecasted(ports, publication)
        serving(model)
        row = ports.promotions.history()[-1]
        assert (row.number, row.champion, row.reason.startswith(reason)) == (number, model, True), row.reason
        assert ports.registry.models()["champion"] == model
        assert current(ports.store, "serving")[1].parameters["model_id"] == model
        listed = client.get("/predict/predictions").json()["matches"]
        assert {match["model_version"] for match in listed} == {model}
        answers = [client.get(f"/predict/{listed[0]['match_id']}").json() for _ in range(2)]
        assert [answer["run_id"] for answer in answers] == [model, model]

    season_of(ports, clock, 2, m1=bad, m2=good)
    serving("m1")
    before = client.get("/predict/predictions").json()["matches"][0]
    assert client.get(f"/predict/{before['match_id']}").json()["run_id"] == "m1"
    everywhere("m2", 3, "trial against m1, asked for by drift: it is better")
    season_of(ports, clock, 3, m1=good, m2=bad)
    serving("m2")
    everywhere("m1", 4, "rollback from m2, asked for by drift: it is worse than the one before")
