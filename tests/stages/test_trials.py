"""Trials from settled forecasts to a decision: promoted, retired, rolled back; once, and where the ledger agrees."""

from datetime import timedelta
from typing import Any

import msgspec
import pandas as pd
import pytest

import features_published
import served
from features_published import START, played, sealed_before
from served import ListedRegistry, against, event, promoted, publish_model
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.domain.promotion import Policy
from touchline.domain.trial_gates import TrialFacts, judge
from touchline.domain.trials import Trials
from touchline.domain.vocabulary import OUTCOMES
from touchline.errors import DataError
from touchline.manifest import Ref, current, decode, encode, publish, read_publication
from touchline.ports import Promotion
from touchline.settings import Drift
from touchline.stages import drift
from touchline.stages.promote_shadows import Shadow, joined
from touchline.tables import write
from touchline.testing.league import Page
from touchline.work import Result

GOOD, BAD = (0.45, 0.27, 0.28), (0.15, 0.25, 0.6)
MATCHES = 240
END = START + timedelta(days=MATCHES + 1)
THIN = {"n": 12}
REQUESTS = "requests/promotion/drift/"
QUIET = Drift(current_matches=10)
"""Too few for a report of drift, which is no matter here."""


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START - timedelta(days=1))


@pytest.fixture
def ports(tmp_path: Any, clock: VirtualClock) -> Container:
    """A champion m1, at the day before the first match."""
    made = bootstrap.ports({"TOUCHLINE_HOME": str(tmp_path / "home")}, clock=clock)
    made.registry, made.reporter = ListedRegistry("m1", "m2", "m3", "m4"), Page()
    promoted(made, publish_model(made.store, "m1", 1))
    return made


Said = tuple[float, float, float]


def settle(
    ports: Container,
    clock: VirtualClock,
    said: dict[str, Said],
    n: int = MATCHES,
    closing: Said | None = None,
    moved: timedelta = timedelta(0),
) -> Result:
    """Let `n` matches be forecast and played, one a day, and be settled; with closing prices, if there are any; the
    first was to be played so much earlier when it was forecast.
    """
    table = played(MATCHES).head(n)
    told = table.assign(kickoff=table["kickoff"].where(table.index > 0, table["kickoff"] - moved))
    for model, forecast in said.items():
        ports.ledger.seal(sealed_before(told, *forecast, version=model), START - timedelta(days=2))
    clock.move(END)
    key = features_published.publish_features(ports.store, table)
    if closing is not None:
        _with_prices(ports, key, table, closing)
    return drift.run(event("daily", kind="cron"), ports, QUIET)


def _with_prices(ports: Container, key: str, table: pd.DataFrame, closing: Said) -> None:
    told = table[["match_id"]].copy()
    for kind in ("bookmaker", "closing"):
        told[[f"{kind}_{outcome}" for outcome in OUTCOMES]] = closing
    _, manifest = read_publication(ports.store, key)
    outputs = {**manifest.outputs, "benchmarks": write(ports.store, "features/b/benchmarks.parquet", told)}
    publish(ports.store, msgspec.structs.replace(manifest, id="b", outputs=outputs), 2)


def asked(ports: Container) -> list[str]:
    return [info.key for info in ports.store.list(REQUESTS)]


def newest(ports: Container) -> Promotion:
    return ports.promotions.history()[-1]


def shown(ports: Container) -> Trials:
    views = msgspec.json.decode(ports.store.get("views/latest.json"))
    outputs = msgspec.json.decode(ports.store.get(views["manifest"]))["outputs"]
    return decode(ports.store.get(outputs["trials"]["key"]), Trials, "trials")


def serving(ports: Container) -> dict[str, Any]:
    return dict(current(ports.store, "serving")[1].parameters)


def beside(ports: Container) -> list[tuple[str, str]]:
    return [(one["model_id"], one["role"]) for one in serving(ports).get("shadows", [])]


def candidate(ports: Container, model: str = "m2", seq: int = 2, **changes: Any) -> Result:
    return promoted(ports, publish_model(ports.store, model, seq, **(changes or against("m1", **THIN))))


class TestWhoIsTried:
    def test_a_candidate_forecasts_in_the_shadow_without_being_asked(self, ports: Container) -> None:
        result = candidate(ports)
        assert result.publications == ("serving/published/000000000002.json",)
        assert (serving(ports)["model_id"], beside(ports)) == ("m1", [("m2", "challenger")])

    def test_who_is_surely_worse_is_not_tried(self, ports: Container) -> None:
        result = candidate(ports, **against("m1", 0.02))
        assert result.reason.endswith("no trial: log-loss at least +0.0180 against the champion on 400 matches")
        assert beside(ports) == []

    @pytest.mark.parametrize("order", [(2, 3, 4), (4, 3, 2), (3, 4, 2), (2, 4, 3)])
    def test_the_eldest_keeps_its_place_and_the_newest_takes_that_of_the_older(
        self, ports: Container, order: tuple[int, ...]
    ) -> None:
        """Whatever order they come in; somebody who had to make room is named."""
        keys = {}
        for seq in (2, 3, 4):
            keys[seq] = publish_model(ports.store, f"m{seq}", seq, files=_card(seq))
        told = [promoted(ports, keys[seq]).reason for seq in order]
        assert beside(ports) == [("m2", "challenger"), ("m4", "challenger")]
        assert told[-1].endswith("m3 makes room: 2 challengers at a time, the eldest and the newest")

    @pytest.mark.parametrize("order", [("m2", "m3"), ("m3", "m2")])
    def test_where_one_is_tried_at_a_time_it_is_the_eldest(self, order: tuple[str, ...]) -> None:
        """Or a model made every week would end each trial before it has decided."""
        standing: tuple[Shadow, ...] = ()
        for name in order:
            standing, _ = joined(standing, Shadow(name, "challenger", Ref(name, ""), int(name[1:])), 1)
        assert [one.model_id for one in standing] == ["m2"]

    def test_the_champion_before_stays_in_the_shadow_and_a_route_leaves_it_there(self, ports: Container) -> None:
        candidate(ports, **against("m1"))
        candidate(ports, "m3", 3, **against("m2", **THIN))
        assert (serving(ports)["model_id"], beside(ports)) == ("m2", [("m3", "challenger"), ("m1", "previous")])
        key = "requests/promotion/test/route.json"
        ports.store.create(key, encode({"action": "route", "mode": "canary", "share": 0.1, "model_id": "m3"}))
        promoted(ports, key)
        assert serving(ports)["route"]["mode"] == "canary"
        assert beside(ports) == [("m3", "challenger"), ("m1", "previous")]


def _card(seq: int) -> dict[str, bytes]:
    """The card of a model of these features."""
    return {"card.json": encode(served.card(f"m{seq}", seq=seq, parity=0.0, **against("m1", **THIN)))}


class TestPromotion:
    def test_a_better_challenger_serves_and_the_ledger_says_why(self, ports: Container, clock: VirtualClock) -> None:
        candidate(ports)
        result = settle(ports, clock, {"m1": BAD, "m2": GOOD})
        (state,) = shown(ports).trials
        assert (state.model_version, state.against, state.role, state.n) == ("m2", "m1", "challenger", MATCHES)
        assert (state.verdict, state.needed) == ("promote", 0)
        assert state.high is not None
        assert state.high < 0
        (key,) = asked(ports)
        assert key in result.publications

        decided = promoted(ports, key)
        row = newest(ports)
        assert (decided.outcome, row.stage, row.champion, row.previous) == ("done", "champion", "m2", "m1")
        assert row.reason.startswith("trial against m1, asked for by drift: it is better: log-loss -0.")
        assert serving(ports)["model_id"] == "m2"
        assert ports.registry.models()["champion"] == "m2"
        assert ports.registry.models()["previous"] == "m1"
        assert beside(ports) == [("m1", "previous")]

    def test_who_asks_and_who_decides_count_the_same_matches(self, ports: Container, clock: VirtualClock) -> None:
        """Also where the first was put off, from before the trial began."""
        candidate(ports)
        settle(ports, clock, {"m1": BAD, "m2": GOOD}, moved=timedelta(hours=30))
        (key,) = asked(ports)
        claimed = msgspec.json.decode(ports.store.get(key))["trial"]["facts"]
        promoted(ports, key)
        decided = newest(ports).inputs["trial"]["facts"]
        assert sum(decided["counts"]) == MATCHES - 1
        assert (claimed["days"], claimed["counts"], claimed["sums"]) == (
            list(decided["days"]), list(decided["counts"]), list(decided["sums"]),
        )  # fmt: skip

    def test_a_decision_can_be_repeated_from_what_is_kept_with_it(self, ports: Container, clock: VirtualClock) -> None:
        candidate(ports)
        settle(ports, clock, {"m1": BAD, "m2": GOOD})
        promoted(ports, asked(ports)[0])
        kept = decode(ports.store.get("ledger/promotions/000000000003.json"), Promotion, "row").inputs
        facts, policy = msgspec.convert(kept["trial"]["facts"], TrialFacts), msgspec.convert(kept["policy"], Policy)
        again = judge(facts, "challenger", policy.trial, policy.candidate.suspected_leak)
        assert decode(encode(again), dict, "state") == kept["trial"]["state"]

    def test_looking_again_and_delivering_twice_decide_once(self, ports: Container, clock: VirtualClock) -> None:
        candidate(ports)
        settle(ports, clock, {"m1": BAD, "m2": GOOD})
        drift.run(event("again", kind="cron"), ports, QUIET)
        (key,) = asked(ports)
        promoted(ports, key)
        assert promoted(ports, key).outcome == "unchanged"
        assert promoted(ports, key, generation=1).outcome == "unchanged"
        assert drift.run(event("later", kind="cron"), ports, QUIET).publications == ()
        assert len(ports.promotions.history()) == 3

    def test_two_equal_models_go_on_collecting(self, ports: Container, clock: VirtualClock) -> None:
        candidate(ports)
        settle(ports, clock, {"m1": GOOD, "m2": (0.44, 0.28, 0.28)})
        (state,) = shown(ports).trials
        assert state.verdict == "collect"
        assert asked(ports) == []

    def test_a_worse_challenger_is_retired(self, ports: Container, clock: VirtualClock) -> None:
        candidate(ports)
        settle(ports, clock, {"m1": GOOD, "m2": BAD})
        promoted(ports, asked(ports)[0])
        row = newest(ports)
        assert (row.stage, row.model_version, row.champion) == ("retired", "m2", "m1")
        assert "it gains less than 0.002 a match" in row.reason
        assert (serving(ports)["model_id"], beside(ports)) == ("m1", [])
        assert promoted(ports, "models/published/000000000002.json", generation=1).summary["stage"] == "candidate"
        assert beside(ports) == [], "it lost against this champion"

    def test_too_good_to_be_true_is_blocked(self, ports: Container, clock: VirtualClock) -> None:
        """Closing prices that say what the champion says are beaten by as much as it is."""
        candidate(ports)
        settle(ports, clock, {"m1": BAD, "m2": GOOD}, closing=BAD)
        promoted(ports, asked(ports)[0])
        row = newest(ports)
        assert (row.stage, row.champion) == ("retired", "m1")
        assert "blocked: log-loss -0." in row.reason
        assert row.reason.endswith("too good to be true; suspected leak")
        assert [(check["gate"], check["passed"]) for check in row.inputs["trial"]["state"]["checks"]][-1] == (
            "leak",
            False,
        )

    def test_matches_from_before_the_trial_do_not_count(self, ports: Container, clock: VirtualClock) -> None:
        clock.move(START + timedelta(days=MATCHES - 10))
        candidate(ports)
        settle(ports, clock, {"m1": BAD, "m2": GOOD})
        (state,) = shown(ports).trials
        assert (state.n, state.verdict, state.low) == (9, "collect", None)


def _request(ports: Container, name: str, **told: Any) -> str:
    key = f"requests/promotion/test/{name}.json"
    assert ports.store.create(key, encode(told))
    return key


class TestRollback:
    def test_a_degraded_champion_is_rolled_back_by_the_same_statistic(
        self, ports: Container, clock: VirtualClock
    ) -> None:
        candidate(ports, **against("m1"))
        assert serving(ports)["model_id"] == "m2"
        settle(ports, clock, {"m1": GOOD, "m2": BAD})
        (state,) = shown(ports).trials
        assert (state.role, state.model_version, state.against, state.verdict) == ("champion", "m2", "m1", "rollback")
        (key,) = asked(ports)
        assert promoted(ports, key).outcome == "done"
        assert promoted(ports, key).outcome == "unchanged"
        row = newest(ports)
        assert (row.stage, row.champion, row.previous) == ("champion", "m1", "m2")
        assert row.reason.startswith(
            "rollback from m2, asked for by drift: it is worse than the one before: log-loss +0."
        )
        assert row.inputs["trial"]["state"]["verdict"] == "rollback"
        assert serving(ports)["model_id"] == "m1"
        assert ports.registry.models()["champion"] == "m1"
        assert beside(ports) == []

    def test_a_good_champion_stays(self, ports: Container, clock: VirtualClock) -> None:
        candidate(ports, **against("m1"))
        settle(ports, clock, {"m1": BAD, "m2": GOOD})
        assert shown(ports).trials[0].verdict == "hold"
        assert asked(ports) == []


class TestWhatPromoteRefuses:
    def test_a_trial_that_somebody_else_tells_of(self, ports: Container, clock: VirtualClock) -> None:
        candidate(ports)
        settle(ports, clock, {"m1": BAD, "m2": GOOD})
        forged = ports.store.get(asked(ports)[0])
        ports.store.create("requests/promotion/users/forged.json", forged)
        with pytest.raises(DataError, match="only drift says"):
            promoted(ports, "requests/promotion/users/forged.json")
        with pytest.raises(DataError, match="only the trial"):
            promoted(ports, _request(ports, "reject", action="reject", model_id="m2"))

    def test_what_the_ledger_does_not_say(self, ports: Container, clock: VirtualClock) -> None:
        candidate(ports)
        settle(ports, clock, {"m1": BAD, "m2": GOOD}, n=150)
        facts = {"model_version": "m2", "against": "m1", "days": ["2025-01-01"], "counts": [9000], "sums": [-900.0]}
        body = {"action": "promote", "model_id": "m2", "trial": {"verdict": "promote", "seq": 1, "facts": facts}}
        ports.store.create(f"{REQUESTS}made-up.json", encode(body))
        result = promoted(ports, f"{REQUESTS}made-up.json")
        assert result.outcome == "skipped"
        assert result.reason.startswith("no promote: the ledger does not say so (it says collect: nothing is shown yet")
        assert serving(ports)["model_id"] == "m1"

    def test_a_verdict_that_comes_after_another_decision(self, ports: Container, clock: VirtualClock) -> None:
        candidate(ports)
        settle(ports, clock, {"m1": BAD, "m2": GOOD})
        candidate(ports, "m3", 3, **against("m1"))
        assert promoted(ports, asked(ports)[0]).reason == "no promote: m1 does not serve"
        assert serving(ports)["model_id"] == "m3"

    def test_a_model_whose_files_broke(self, ports: Container, clock: VirtualClock) -> None:
        candidate(ports)
        settle(ports, clock, {"m1": BAD, "m2": GOOD})
        info = ports.store.stat("models/m2/model.onnx")
        assert info is not None
        ports.store.swap("models/m2/model.onnx", b"no model", info.etag)
        assert "models/m2/model.onnx: hash is" in promoted(ports, asked(ports)[0]).reason
        assert serving(ports)["model_id"] == "m1"


def test_the_order_of_deliveries_makes_no_difference(ports: Container, clock: VirtualClock) -> None:
    """Settled in two halves, with looks between, the verdict is that of one look at all of it."""
    candidate(ports)
    table = played(MATCHES)
    mixed = table.sample(frac=1, random_state=3)
    for model, said in (("m2", GOOD), ("m1", BAD)):
        ports.ledger.seal(sealed_before(mixed, *said, version=model), START - timedelta(days=2))
    clock.move(END)
    features_published.publish_features(ports.store, table.head(210), seq=1)
    drift.run(event("first", kind="cron"), ports, QUIET)
    features_published.publish_features(ports.store, table, seq=2)
    drift.run(event("second", kind="cron"), ports, QUIET)
    (state,) = shown(ports).trials
    assert (state.n, state.verdict) == (MATCHES, "promote")
    for key in reversed(asked(ports)):
        promoted(ports, key)
    assert serving(ports)["model_id"] == "m2"
