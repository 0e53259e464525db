"""Health as it is published: what was promised against what came, what is still to come, and alarms that mean it."""

from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pandas as pd
import pytest

from features_published import START, played, publish_features, sealed_before
from touchline.bootstrap import Container
from touchline.domain.health import Health, Signal
from touchline.manifest import Manifest, publish, read_publication, write_object
from touchline.ports import Forecast
from touchline.settings import Drift
from touchline.stages import drift
from touchline.stages.predict_views import read_view
from touchline.tables import write
from touchline.work import Event

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
FAIR = (0.45, 0.26, 0.29)


def look(ports: Container) -> Health:
    """What drift publishes; with so few current matches that nothing is compared."""
    drift.run(Event(id="e", kind="cron", source="test", time=NOW, key="daily"), ports, Drift(current_matches=20))
    told = read_view(ports.store, "health", Health)
    assert told is not None
    return told


def seal(ports: Container, forecasts: list[Forecast], ahead: timedelta = timedelta(days=2)) -> None:
    for forecast in forecasts:
        ports.ledger.seal([forecast], forecast.kickoff - ahead)


def league(matches: int, true: tuple[float, float, float] = FAIR) -> pd.DataFrame:
    """Matches whose outcomes follow chances, in two competitions by turns."""
    table = played(matches)
    outcome = np.random.default_rng(5).choice(3, matches, p=true)
    goals = np.array([(1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])[outcome]
    names = np.where(np.arange(matches) % 2, "SIM1", "SIM2")
    return table.assign(home_goals=goals[:, 0], away_goals=goals[:, 1], outcome=outcome, competition=names)


def serve(ports: Container, version: str) -> None:
    parameters = {"model_id": f"m{version}", "model_version": version}
    card = {"model_id": f"m{version}", "trained_from": START, "trained_until": START + timedelta(days=9)}
    data = msgspec.json.encode(card)
    outputs = {"card.json": write_object(ports.store, f"models/m{version}/card.json", data)}
    manifest = Manifest(
        stage="serving", id=f"s{version}", inputs=(), outputs=outputs, parameters=parameters, versions={}, counts={}
    )  # fmt: skip
    publish(ports.store, manifest, 1)


def of(told: Health, version: str = "1", competition: str = "") -> Signal:
    (found,) = (one for one in told.signals if (one.model_version, one.competition) == (version, competition))
    return found


def test_before_anything_is_sealed_there_is_a_reason(ports: Container) -> None:
    publish_features(ports.store, played(20))
    told = look(ports)
    assert (told.signals, told.reason) == ((), "no forecast is sealed yet")


def test_what_was_promised_stands_beside_what_came(ports: Container) -> None:
    table = league(30)
    publish_features(ports.store, table, seq=4)
    seal(ports, sealed_before(table, 0.5, 0.3, 0.2))

    told = look(ports)
    signal = of(told)
    loss = -np.log(np.take([0.5, 0.3, 0.2], table["outcome"]))
    entropy = -np.dot([0.5, 0.3, 0.2], np.log([0.5, 0.3, 0.2]))
    spread = np.sqrt(np.dot([0.5, 0.3, 0.2], np.log([0.5, 0.3, 0.2]) ** 2) - entropy**2)
    assert (told.seq, told.mode, told.until) == (4, "simulated", "2025-01-30")
    assert (signal.n, signal.waiting, signal.ahead) == (30, 0, None)
    assert (signal.settled, signal.expected) == (pytest.approx(loss.mean()), pytest.approx(entropy))
    assert signal.gap_z == pytest.approx((loss - entropy).sum() / spread / np.sqrt(30), abs=1e-6)
    assert [of(told, competition=name).n for name in ("SIM1", "SIM2")] == [15, 15]


def test_what_is_still_to_come_is_expected_before_there_are_results(ports: Container) -> None:
    """Of a match with two forecasts the one of record waits; one that was sealed too late does not."""
    publish_features(ports.store, played(20))
    _, manifest = read_publication(ports.store, "features/published/000000000001.json")
    coming = league(6).assign(kickoff=lambda rows: rows["kickoff"] + timedelta(days=800))
    coming["match_id"] = [f"next-{number}" for number in range(6)]
    outputs = {**manifest.outputs, "upcoming": write(ports.store, "features/up/upcoming.parquet", coming)}
    publish(ports.store, msgspec.structs.replace(manifest, id="up", outputs=outputs), 2)
    seal(ports, sealed_before(coming.head(4), *FAIR), timedelta(days=3))
    newer = sealed_before(coming.head(4), 0.8, 0.1, 0.1)
    seal(ports, [msgspec.structs.replace(one, features_hash="g") for one in newer], timedelta(days=1))
    seal(ports, sealed_before(coming.tail(2), *FAIR), timedelta(minutes=5))

    told = look(ports)
    signal = of(told)
    assert (signal.n, signal.settled, signal.alarm, signal.waiting) == (0, None, False, 4)
    assert signal.ahead == pytest.approx(-np.dot([0.8, 0.1, 0.1], np.log([0.8, 0.1, 0.1])))
    assert [of(told, competition=name).waiting for name in ("SIM1", "SIM2")] == [2, 2]


def test_an_over_confident_model_is_caught_and_a_healthy_one_is_not(ports: Container) -> None:
    """Log-odds three times too large, on matches that a healthy model forecasts too."""
    table = league(300)
    publish_features(ports.store, table)
    sharp = np.array(FAIR) ** 3 / np.sum(np.array(FAIR) ** 3)
    for version, said in (("1", FAIR), ("2", sharp.tolist())):
        ports.ledger.seal(sealed_before(table, *said, version=version), START - timedelta(days=2))
    serve(ports, "2")

    told = look(ports)
    assert [one.model_version for one in told.signals] == ["2"] * 3 + ["1"] * 3, "the champion first"
    assert (of(told, "2").alarm, of(told, "2").leaning) == (True, "too sure")
    assert not any(one.alarm or one.leaning for one in told.signals if one.model_version == "1")


def test_who_forecasts_no_more_is_told_of_no_more_unless_he_is_the_champion(ports: Container) -> None:
    """Nobody can act on a model that is over, and its alarm would never end."""
    table = league(60)
    publish_features(ports.store, table)
    for version, rows in (("1", table.head(30)), ("2", table.head(31)), ("3", table)):
        seal(ports, sealed_before(rows, *FAIR, version=version))
    serve(ports, "3")
    told = look(ports)
    assert {one.model_version for one in told.signals} == {"2", "3"}
    assert (of(told, "2").n, told.until) == (31, "2025-03-01")


def test_a_champion_who_waits_for_matches_is_told_of(ports: Container) -> None:
    table = league(60)
    publish_features(ports.store, table)
    for version, rows in (("1", table.head(30)), ("3", table)):
        seal(ports, sealed_before(rows, *FAIR, version=version))
    serve(ports, "1")
    assert [one.model_version for one in look(ports).signals] == ["1"] * 3 + ["3"] * 3


def test_void_forecasts_say_nothing(ports: Container) -> None:
    table = league(10)
    publish_features(ports.store, table.head(8))
    told = sealed_before(table.head(8), *FAIR)
    seal(ports, told[:4])
    seal(ports, [msgspec.structs.replace(told[4], kickoff=told[4].kickoff + timedelta(days=9))], timedelta(days=8))
    assert (of(look(ports)).n, of(look(ports)).waiting) == (4, 0)
