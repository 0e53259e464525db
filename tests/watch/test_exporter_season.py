"""After a season in which functions were killed, the exporter tells what the rows and records say, and nothing else.

What it should tell is computed here anew, by plain JSON and SQL, without any code of ours but the season itself.
"""

import math
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import psutil
import pytest
import yaml

import prometheus
import real_parts
import small_league
import watched_season
import watching
from told_figures import Season, of, records, rows
from touchline import bootstrap
from touchline.domain.simulation import simulate
from touchline.sources.files import incoming_key
from touchline.testing.league import START, environment
from up_process import running
from waiting import wait_until
from watched_season import Watched

pytestmark = pytest.mark.slow
LATER = START + timedelta(days=21)
PLATFORM = (
    "touchline_runs_total", "touchline_run_duration_seconds_bucket", "touchline_run_peak_memory_mib",
    "touchline_cold_starts_total", "touchline_last_success_timestamp_seconds", "touchline_runs_today",
    "touchline_dead_letters", "touchline_quarantined", "touchline_chain_lag_seconds", "touchline_source_age_seconds",
    "touchline_source_state", "touchline_snapshot_rows", "touchline_gate_results_total", "touchline_log_loss",
    "touchline_rps", "touchline_ece", "touchline_calibration_gap_z", "touchline_calibration_alarm",
    "touchline_settled_matches", "touchline_drift_share", "touchline_drifted_features",
    "touchline_champion_age_seconds", "touchline_promotions_total", "touchline_promotion_timestamp_seconds",
    "touchline_ledger_unsettled_matches", "touchline_ledger_gaps", "touchline_returns_roi",
    "touchline_cost_usd_month", "touchline_exporter_faults_total", "touchline_exporter_looked_timestamp_seconds",
)  # fmt: skip
"""Names that have data after such a season; a trial of models and an interval of returns need a longer one."""
PREDICT = (
    "http_requests_total", "http_request_duration_seconds_bucket", "prediction_requests_total",
    "prediction_duration_seconds_bucket", "inference_duration_seconds_bucket", "prediction_confidence_bucket",
    "model_info", "model_registered_at_seconds", "model_feature_drift_score", "cache_requests_total",
    "touchline_predict_ready", "touchline_predict_forecasts",
)  # fmt: skip


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Season:
    return Season(tmp_path_factory.mktemp("season"))


def test_the_season_was_a_bad_one(season: Season) -> None:
    assert season.counted["crashes"] >= 5
    assert season.counted["doubled"] >= 5
    assert len(season.records) >= 40


def test_runs_are_those_of_the_records(season: Season) -> None:
    runs = Counter((one["function"], one["outcome"]) for one in season.records)
    expected = {frozenset({("function", name), ("outcome", what)}): n for (name, what), n in runs.items()}
    assert {labels: n for (name, labels), n in season.told.items() if name == "touchline_runs_total"} == expected
    cold = Counter(one["function"] for one in season.records if one["cold"])
    assert Counter(of(season.told, "touchline_cold_starts_total")) == cold
    seconds = dict.fromkeys(of(season.told, "touchline_run_duration_seconds_sum"), 0.0)
    for one in season.records:
        seconds[one["function"]] += one["duration_s"]
    assert of(season.told, "touchline_run_duration_seconds_sum") == pytest.approx(seconds)
    counted = Counter(one["function"] for one in season.records)
    assert Counter(of(season.told, "touchline_run_duration_seconds_count")) == counted


def test_memory_and_success_are_those_of_the_records(season: Season) -> None:
    newest = {one["function"]: one["started"][:10] for one in sorted(season.records, key=lambda one: one["started"])}
    peak = dict.fromkeys(newest, 0.0)
    for one in season.records:
        if one["started"][:10] == newest[one["function"]]:
            peak[one["function"]] = max(peak[one["function"]], one["peak_memory_mib"])
    assert of(season.told, "touchline_run_peak_memory_mib") == peak
    good: dict[str, float] = {}
    for one in (one for one in season.records if one["status"] < 500):
        moment = datetime.fromisoformat(one["started"]).replace(microsecond=0).timestamp()
        good[one["function"]] = max(good.get(one["function"], 0.0), moment)
    assert of(season.told, "touchline_last_success_timestamp_seconds") == good


def test_gates_are_those_of_the_records(season: Season) -> None:
    expected: Counter[str] = Counter()
    for one in season.records:
        for series, n in one["metrics"].items():
            if series.startswith("gate_results"):
                expected[series.partition("{")[2]] += n
    found = {
        f'gate="{dict(labels)["gate"]}",result="{dict(labels)["result"]}"}}': n
        for (name, labels), n in season.told.items()
        if name == "touchline_gate_results_total"
    }
    assert found == expected
    assert {dict(labels).get("gate") for name, labels in season.told} >= {"raw", "finished", "upcoming", "features"}


def test_decisions_are_those_of_the_table(season: Season) -> None:
    stages = dict(rows(season.home, "SELECT stage, count(*) FROM promotions GROUP BY stage"))
    assert of(season.told, "touchline_promotions_total") == stages
    champions = rows(season.home, "SELECT champion, decided_at FROM promotions ORDER BY number")
    since, before = {}, ""
    for champion, moment in champions:
        if champion != before:
            since[champion] = moment / 1e6
        before = champion
    assert of(season.told, "touchline_promotion_timestamp_seconds") == pytest.approx(since)
    age = season.now.timestamp() - since[before]
    assert season.told["touchline_champion_age_seconds", frozenset()] == pytest.approx(age)


def test_scores_are_those_of_the_settled_rows(season: Season) -> None:
    settled = rows(
        season.home,
        "SELECT model_version, count(*), avg(log_loss), avg(rps) FROM settlements"
        " WHERE replaced_at IS NULL AND void_reason = '' GROUP BY model_version",
    )
    assert settled
    for version, n, log_loss, rps in settled:
        labels = frozenset({("model_version", version), ("competition", "")})
        assert season.told["touchline_settled_matches", labels] == n
        assert season.told["touchline_rps", labels] == pytest.approx(rps)
        assert season.told["touchline_log_loss", labels | {("kind", "settled")}] == pytest.approx(log_loss)


def test_nothing_is_owed_after_the_season(season: Season) -> None:
    assert set(of(season.told, "touchline_chain_lag_seconds").values()) == {0.0}
    assert season.told["touchline_ledger_unsettled_matches", frozenset()] == 0
    assert season.told["touchline_ledger_gaps", frozenset()] == 0
    assert set(of(season.told, "touchline_exporter_faults_total").values()) == {0.0}
    assert season.told["touchline_exporter_waiting_records", frozenset()] == 0


def test_rows_are_those_of_the_newest_results(season: Season) -> None:
    (matches,) = rows(season.home, "SELECT count(*) FROM matches")[0]
    counted = of(season.told, "touchline_snapshot_rows")
    assert counted["raw"] == counted["validated"] == matches
    assert 0 < counted["features"] <= matches
    assert counted["predictions"] > 0


def test_no_label_holds_a_match_and_labels_are_bounded(season: Season) -> None:
    ids = {row[0] for row in rows(season.home, "SELECT match_id FROM matches")}
    values = {value for _, labels in season.told for _, value in labels}
    assert len(ids) > 100
    assert not [value for value in values if any(match in value for match in ids)]
    assert len(season.told) < 700
    assert max(map(len, values)) <= 64


def put_newer(environ: dict[str, str]) -> None:
    """What was played since, and what comes next."""
    table = simulate(7, LATER, seasons=6, teams=6)
    body = small_league.as_csv(table[table["season"] == table["season"].max()])
    assert bootstrap.ports(environ).store.create(incoming_key("newer.csv", body, LATER), body)


def test_a_real_prometheus_is_told_the_same_of_processes_that_were_killed(season: Season, tmp_path: Path) -> None:
    environ = environment(tmp_path) | {
        "TOUCHLINE_FUNCTIONS": str(real_parts.quick_functions(tmp_path)), "TOUCHLINE_NOW": LATER.isoformat(),
        "TOUCHLINE_PREDICT_ACCESS": "open", "TOUCHLINE_SCRAPE_SOURCES": "simulated",
    }  # fmt: skip
    home = Path(shutil.copytree(season.home, environ["TOUCHLINE_HOME"]))
    with running(environ) as up:
        predict = up.status()["functions"]["predict"]["url"]
        jobs = {"platform": [f"{up.inbox}metrics"], "predict": [f"{predict}/metrics"]}
        with prometheus.server(jobs) as prom:
            put_newer(environ)
            for function in ("export", "feature"):
                up.told("begun", function)
                psutil.Process(up.status()["functions"][function]["pid"]).kill()
            up.post(b'{"schedule": "canary"}', ce_function="scrape")
            up.told("done", "scrape", key="canary")
            up.rest()
            with httpx.Client(base_url=predict, trust_env=False) as client:
                first = client.get("/predict/predictions").json()["matches"][0]["match_id"]
                assert [client.get(f"/predict/{first}").status_code for _ in range(2)] == [200, 200]
            prom.scraped()
            made = records(home)
            wait_until(lambda: prom.value("sum(touchline_runs_total)") == len(made), "all runs are told", pause=0.2)
            prom.scraped_anew()
            runs = Counter((one["function"], one["outcome"]) for one in made)
            found = prom.query("touchline_runs_total")
            assert {(labels["function"], labels["outcome"]): n for labels, n in found} == runs
            assert len(made) > len(season.records) + 5
            assert not [name for name in (*PLATFORM, *PREDICT) if not prom.query(name)]
            assert prom.value("sum(touchline_exporter_faults_total)") == 0
            settled = rows(home, "SELECT count(*) FROM settlements WHERE replaced_at IS NULL AND void_reason = ''")
            assert prom.value('sum(touchline_settled_matches{competition=""})') == settled[0][0]
            assert prom.value('prediction_requests_total{arm="champion"}') == 2


# Boards and rules

ROOMS = sorted((watching.ROOT / "tests" / "deploy" / "alerts").glob("*.yaml"))
SERIES = re.compile(r"^(\w+)(?:\{(.*)\})?$")


@pytest.fixture(scope="module")
def watched(season: Season, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("watched")
    shutil.copytree(season.home, folder / "home")
    with watched_season.running(folder) as made:
        yield made


def test_every_expression_of_every_board_returns_data(watched: Watched) -> None:
    empty = []
    for board in watching.BOARDS:
        for expression in watching.shown(board):
            values = [value for _, value in watched.watch.query(expression)]
            if all(map(math.isnan, values)):
                empty.append(f"{board.name}: {expression}")
    assert empty == []


def test_every_series_that_a_rule_asks_for_is_told(watched: Watched) -> None:
    """A rule finds nothing while all is well, and is seen to fire in tests/deploy/alerts; its series are asked for."""
    missing = []
    for rule in watching.rules():
        for selector in watching.selectors(rule["expr"]):
            series = re.sub(r',?(state|outcome|status|le)(=|=~|!=|!~)"[^"]*"', "", selector)
            if not watched.watch.query(series):
                missing.append((rule.get("alert") or rule["record"], selector))
    assert missing == []


def test_faults_in_the_tests_of_rules_have_the_shape_of_what_is_told(watched: Watched) -> None:
    wrong = []
    for room in ROOMS:
        for test in yaml.safe_load(room.read_text())["tests"]:
            for one in test["input_series"]:
                name, inner = SERIES.findall(one["series"])[0]
                labels = set(re.findall(r'(\w+)="', inner)) - {"job", "instance", "pod"}
                told = [set(found) - {"__name__", "job", "instance"} for found, _ in watched.watch.query(name)]
                if labels not in told:
                    wrong.append((room.name, one["series"], told[:1]))
    assert wrong == []


def test_rules_are_read_and_evaluated_without_a_fault(watched: Watched) -> None:
    groups = watched.watch.ask("rules")["groups"]
    told = [rule for group in groups for rule in group["rules"]]
    assert len(told) == len(watching.rules())
    assert [rule["name"] for rule in told if rule["health"] != "ok"] == []


def test_planted_faults_make_their_alerts(watched: Watched) -> None:
    found = {(one["labels"]["alertname"], one["labels"].get("source")) for one in watched.watch.alerts()}
    assert {("SourceBlocked", "fbref"), ("SourceStale", "clubelo")} <= found
    assert "ExporterAway" not in {name for name, _ in found}


def test_nothing_that_is_told_names_a_match(watched: Watched) -> None:
    matches = {row.match_id for row in watched.ports.ledger.forecasts()}
    assert matches
    values: set[str] = set()
    for label in watched.watch.ask("labels"):
        values |= set(watched.watch.ask(f"label/{label}/values"))
    assert values.isdisjoint(matches)
