"""Settling, reporting, requesting: each once, each only from what the gates let through."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest

from features_published import NAMES, START, played, publish_champion, publish_features, sealed_before
from snapshots import everything, league
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.domain.features import FEATURE_NAMES
from touchline.manifest import encode
from touchline.ports import Forecast, ScrapeRun
from touchline.settings import Drift
from touchline.stages import drift, settlement_exports
from touchline.work import Event, Result

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
EXPORTS = settlement_exports.FOLDER


def run(ports: Container, key: str = "daily", **settings: Any) -> Result:
    kind = "object" if "/" in key else "cron"
    event = Event(id="e", kind=kind, source="test", time=NOW, key=key)
    return drift.run(event, ports, Drift(**settings))


def seal(ports: Container, forecasts: list[Forecast], ahead: timedelta = timedelta(days=2)) -> None:
    for forecast in forecasts:
        ports.ledger.seal([forecast], forecast.kickoff - ahead)


def pointer(ports: Container) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(ports.store.get("reports/drift/latest.json"))
    return found


class TestSettling:
    def test_a_finished_match_settles_its_forecast(self, ports: Container) -> None:
        table = played(20)
        publish_features(ports.store, table)
        seal(ports, sealed_before(table.head(1), 0.5, 0.3, 0.2))

        result = run(ports)

        (settlement,) = ports.ledger.settlements()
        place = int(table["outcome"].iloc[0])
        assert (settlement.match_id, settlement.outcome) == ("m-0000", ("home", "draw", "away")[place])
        assert settlement.log_loss == pytest.approx(-np.log((0.5, 0.3, 0.2)[place]))
        assert settlement.settled_at == ports.clock.now()
        assert (result.outcome, result.summary["settled"]) == ("done", 1)

    def test_the_record_is_exported_under_the_number_of_the_features(self, ports: Container) -> None:
        publish_features(ports.store, played(20), seq=7)
        seal(ports, sealed_before(played(20).head(3), 0.5, 0.3, 0.2), timedelta(hours=1))
        run(ports)

        ((key, _),) = everything(ports.store, EXPORTS).items()
        exported = msgspec.json.decode(ports.store.get(key))
        assert key.startswith(f"{EXPORTS}{START:%Y-%m}/000000000007-")
        assert [row["match_id"] for row in exported] == ["m-0000", "m-0001", "m-0002"]

    def test_only_the_months_that_changed_are_exported_anew(self, ports: Container) -> None:
        publish_features(ports.store, played(80))
        seal(ports, sealed_before(played(80), 0.5, 0.3, 0.2))
        run(ports)
        before = everything(ports.store, EXPORTS)
        months = {key.split("/")[2] for key in before}
        assert len(months) == len(before) > 1
        corrected = played(80)
        corrected.loc[0, ["home_goals", "away_goals"]] = (0, 1) if corrected.loc[0, "outcome"] != 2 else (1, 0)
        publish_features(ports.store, corrected, 2)
        run(ports)
        after = everything(ports.store, EXPORTS)
        (key,) = after.keys() - before.keys()
        assert key.startswith(f"{EXPORTS}{min(months)}/000000000002-")
        assert {key: after[key] for key in before} == before

    def test_settling_again_changes_nothing(self, ports: Container, clock: VirtualClock) -> None:
        publish_features(ports.store, played(20))
        seal(ports, sealed_before(played(20), 0.5, 0.3, 0.2))
        run(ports)
        before = everything(ports.store), ports.ledger.settlements()

        clock.move(NOW + timedelta(days=1))
        assert run(ports).outcome == "skipped", "there is too little for a report"
        assert (everything(ports.store), ports.ledger.settlements()) == before

    def test_later_settlements_of_the_same_features_get_a_name_of_their_own(self, ports: Container) -> None:
        publish_features(ports.store, played(20))
        seal(ports, sealed_before(played(20).head(1), 0.5, 0.3, 0.2))
        run(ports)
        seal(ports, sealed_before(played(20).head(1), 0.6, 0.2, 0.2, version="2"))
        run(ports)

        first, second = everything(ports.store, EXPORTS)
        assert first.rpartition("-")[0] == second.rpartition("-")[0]
        assert settlement_exports.exported(ports.store)[first.split("/")[2]].keys == (first, second)

    def test_a_corrected_result_is_settled_anew(self, ports: Container) -> None:
        table = played(20)
        publish_features(ports.store, table, seq=1)
        seal(ports, sealed_before(table.head(1), 0.5, 0.3, 0.2))
        run(ports)

        corrected = table.assign(home_goals=table["away_goals"] + 1)
        publish_features(ports.store, corrected, seq=2)
        run(ports)
        assert [settlement.outcome for settlement in ports.ledger.settlements()] == ["home"]

    def test_a_match_that_did_not_pass_the_gates_is_not_settled(self, ports: Container) -> None:
        """The database may know what a gate refused: only the features and the snapshot behind them count."""
        rows = league(2)
        finished = rows[rows["status"] == "finished"].head(2)
        finished["status"] = ["finished", "abandoned"]
        record(ports, finished)
        publish_features(ports.store, played(20), snapshot=rows)
        seal(ports, sealed_before(finished, 0.5, 0.3, 0.2))

        assert run(ports).summary["settled"] == 0
        assert ports.ledger.settlements() == []

    def test_a_time_that_the_result_no_longer_names_voids_nothing(self, ports: Container) -> None:
        table = played(20)
        seal(ports, sealed_before(table.head(1), 0.5, 0.3, 0.2), timedelta(hours=5))
        noon = table["kickoff"].dt.normalize() + timedelta(hours=12)
        publish_features(ports.store, table.assign(kickoff=noon, kickoff_known=False))
        run(ports)
        (settlement,) = ports.ledger.settlements()
        assert settlement.void_reason == ""

    @pytest.mark.parametrize("status", ["abandoned", "cancelled", "awarded"])
    def test_a_match_without_a_result_voids_its_forecast(self, ports: Container, status: str) -> None:
        rows = league(2).head(1).assign(status=status)
        publish_features(ports.store, played(20), snapshot=rows)
        seal(ports, sealed_before(rows, 0.5, 0.3, 0.2))

        run(ports)
        (settlement,) = ports.ledger.settlements()
        assert (settlement.void_reason, settlement.log_loss) == (f"the match was {status}", None)

    @pytest.mark.parametrize("status", ["postponed", "scheduled"])
    def test_a_match_that_is_to_be_played_stays_open(self, ports: Container, status: str) -> None:
        rows = league(2).head(1).assign(status=status, home_goals=np.nan, away_goals=np.nan)
        publish_features(ports.store, played(20), snapshot=rows)
        seal(ports, sealed_before(rows, 0.5, 0.3, 0.2))

        run(ports)
        assert ports.ledger.settlements() == []


def record(ports: Container, rows: pd.DataFrame) -> None:
    """Store matches in the database, past all gates."""
    ports.matches.migrate()
    run_of_scrape = ScrapeRun(run_id="r", source="test", payloads=("p" * 64,), retrieved=NOW)
    teams = {("Simulated", name): name for name in {*rows["home_team"], *rows["away_team"]}}
    ports.matches.record(run_of_scrape, rows.assign(payload="p" * 64), teams)


class TestReport:
    def test_without_features_there_is_nothing_to_do(self, ports: Container) -> None:
        result = run(ports)
        assert (result.outcome, result.reason) == ("skipped", "nothing published by features yet")

    def test_too_little_data_is_said(self, ports: Container) -> None:
        publish_features(ports.store, played(120))
        result = run(ports)
        assert result.outcome == "skipped"
        assert result.reason == "40 current matches, 40 of the older half: too few"
        assert not everything(ports.store, "reports/")

    def test_superseded_features_are_left_to_the_newest_ones(self, ports: Container) -> None:
        older, newer = (publish_features(ports.store, played(), seq) for seq in (1, 2))
        assert run(ports, older).outcome == "skipped"
        assert run(ports, newer).outcome == "done"

    def test_the_report_compares_the_newest_matches(self, ports: Container) -> None:
        publish_features(ports.store, played(400, shift_last=100), seq=3)

        result = run(ports, current_matches=100)

        found = pointer(ports)
        assert result.outcome == "done"
        assert (found["seq"], found["share"], len(found["drifted"])) == (3, 1.0, 3)
        assert found["matches"] == {"reference": 150, "current": 100}
        assert found["reference"] == "the older half"
        assert found["until"] == "2026-02-04T15:00:00Z"
        assert ports.store.get(found["page"]).lstrip().startswith(b"<!DOCTYPE html>")

    def test_the_report_keeps_the_findings_of_every_feature(self, ports: Container) -> None:
        publish_features(ports.store, played(400))
        run(ports, current_matches=100)

        report = msgspec.json.decode(ports.store.get(pointer(ports)["report"]))
        assert [feature["drifted"] for feature in report["features"]] == [False, False, False]
        assert report["evidently"]["metrics"]
        folder = pointer(ports)["page"].rpartition("/")[0]
        manifest = msgspec.json.decode(ports.store.get(f"{folder}/manifest.json"))
        assert {output["key"] for output in manifest["outputs"].values()} == {
            pointer(ports)["page"],
            pointer(ports)["report"],
        }

    def test_the_page_shows_the_features_that_moved_most(self, ports: Container) -> None:
        rng = np.random.default_rng(8)
        table = played(300).drop(columns=list(NAMES))
        wide = pd.DataFrame(rng.normal(size=(300, 40)), columns=list(FEATURE_NAMES[:40]))
        wide.loc[200:, FEATURE_NAMES[35]] += 9
        publish_features(ports.store, pd.concat([table, wide], axis=1))
        run(ports, current_matches=100)

        report = msgspec.json.decode(ports.store.get(pointer(ports)["report"]))
        shown = [metric["config"].get("column") for metric in report["evidently"]["metrics"]]
        assert len(report["features"]) == 40
        assert shown.index(FEATURE_NAMES[35]) == 1, "after the count of the columns"
        assert len(shown) == 31

    def test_the_champion_is_held_to_what_it_learnt_from(self, ports: Container) -> None:
        publish_features(ports.store, played(400))
        publish_champion(ports.store, START, START + timedelta(days=199), number=4)

        run(ports, current_matches=100)
        assert pointer(ports)["reference"] == "the training period of model-4"
        assert pointer(ports)["matches"]["reference"] == 200

    def test_the_same_inputs_make_no_work(self, ports: Container) -> None:
        publish_features(ports.store, played())
        seal(ports, sealed_before(played().tail(5), 0.5, 0.3, 0.2))
        run(ports)
        before = everything(ports.store)

        assert run(ports).outcome == "unchanged"
        assert everything(ports.store) == before

    def test_a_lost_pointer_is_mended(self, ports: Container, tmp_path: Any) -> None:
        publish_features(ports.store, played())
        run(ports)
        before = pointer(ports)
        (tmp_path / "home" / "objects" / "reports" / "drift" / "latest.json").unlink()

        assert run(ports).outcome == "unchanged"
        assert pointer(ports) == before

    def test_the_pointer_says_how_the_record_stands(self, ports: Container) -> None:
        table = played()
        publish_features(ports.store, table)
        seal(ports, sealed_before(table.tail(10), 0.5, 0.3, 0.2))
        run(ports)

        record = pointer(ports)["record"]
        outcomes = table["outcome"].tail(10)
        assert (record["settled"], record["void"]) == (10, 0)
        assert record["log_loss"] == pytest.approx(-np.log(np.take([0.5, 0.3, 0.2], outcomes)).mean())
        assert record["expected_log_loss"] == pytest.approx(-np.dot([0.5, 0.3, 0.2], np.log([0.5, 0.3, 0.2])))

    def test_older_features_do_not_move_the_pointer_back(self, ports: Container) -> None:
        publish_features(ports.store, played(), seq=5)
        run(ports)
        newer = encode({**pointer(ports), "seq": 6})
        info = ports.store.stat("reports/drift/latest.json")
        assert info is not None
        ports.store.swap("reports/drift/latest.json", newer, info.etag)

        run(ports)
        assert pointer(ports)["seq"] == 6


class TestRequest:
    @pytest.fixture
    def hurt(self, ports: Container) -> Container:
        """The newest matches are of another world, and the forecasts of them are badly wrong."""
        table = played(400, shift_last=100)
        publish_features(ports.store, table, seq=9)
        for outcome, (home, draw, away) in enumerate([(0.05, 0.15, 0.8), (0.8, 0.1, 0.1), (0.8, 0.15, 0.05)]):
            seal(ports, sealed_before(table.tail(100)[table.tail(100)["outcome"] == outcome], home, draw, away))
        return ports

    def test_drift_that_hurts_asks_for_a_training(self, hurt: Container) -> None:
        result = run(hurt, current_matches=100)

        assert result.publications == ("requests/retrain/drift/000000000009.json",)
        request = msgspec.json.decode(hurt.store.get(result.publications[0]))
        assert "100% of the features drifted" in request["reason"]
        assert request["report"] == pointer(hurt)["report"]
        assert pointer(hurt)["retrain"] == request["reason"]

    def test_it_asks_once(self, hurt: Container) -> None:
        run(hurt, current_matches=100)
        assert run(hurt, current_matches=100).outcome == "unchanged"
        assert len(everything(hurt.store, "requests/")) == 1

    @pytest.mark.parametrize(("days", "requests"), [(27, 1), (28, 2)])
    def test_the_next_request_waits_for_the_cool_down(self, hurt: Container, days: int, requests: int) -> None:
        run(hurt, current_matches=100)
        later = played(400, shift_last=100)
        later["kickoff"] += timedelta(days=days)
        publish_features(hurt.store, later, seq=10)

        run(hurt, current_matches=100)
        assert len(everything(hurt.store, "requests/")) == requests

    def test_what_users_ask_for_is_none_of_its_business(self, hurt: Container) -> None:
        hurt.store.create("requests/retrain/by-hand.json", b"please")
        assert run(hurt, current_matches=100).publications

    def test_a_new_champion_is_not_blamed_for_the_old_one(self, hurt: Container) -> None:
        publish_champion(hurt.store, START, START + timedelta(days=250), number=2)
        assert run(hurt, current_matches=100).publications == ()

        table = played(400).tail(100)
        publish_champion(hurt.store, START, START + timedelta(days=250), number=3)
        for outcome, (home, draw, away) in enumerate([(0.05, 0.15, 0.8), (0.8, 0.1, 0.1), (0.8, 0.15, 0.05)]):
            seal(hurt, sealed_before(table[table["outcome"] == outcome], home, draw, away, version="model-3"))
        assert run(hurt, current_matches=100).publications

    def test_old_mistakes_are_forgotten(self, hurt: Container) -> None:
        """Only as many settled forecasts count as there are current matches: here the good ones after the bad."""
        for number in range(60):
            kickoff = START + timedelta(days=500 + number)
            told = sealed_before(played(1).assign(match_id=f"late-{number}", kickoff=kickoff), 0.9, 0.05, 0.05)
            seal(hurt, told)
        more = played(60, shift_last=60).assign(
            match_id=[f"late-{number}" for number in range(60)],
            kickoff=pd.DatetimeIndex([START + timedelta(days=500 + number) for number in range(60)]).as_unit("us"),
            home_goals=3.0,
            away_goals=0.0,
        )
        publish_features(hurt.store, pd.concat([played(400), more]), seq=10)
        assert run(hurt, current_matches=60).publications == ()
        assert (pointer(hurt)["record"]["settled"], pointer(hurt)["share"]) == (160, 1.0)

    def test_drift_alone_is_no_reason(self, ports: Container) -> None:
        publish_features(ports.store, played(400, shift_last=100))
        run(ports, current_matches=100)
        assert not everything(ports.store, "requests/")
