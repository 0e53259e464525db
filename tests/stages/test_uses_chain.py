"""What may be used, from the setting to every forecast."""

from pathlib import Path

import msgspec
import pytest

import snapshots
from small_league import LAX
from touchline import bootstrap, tables
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.domain.forecasts import ForecastSet
from touchline.domain.uses import Uses, columns
from touchline.domain.vocabulary import odds_columns
from touchline.learning.card import ModelCard, markdown
from touchline.manifest import Manifest, bundle_of, current, decode, publish, read_object, read_publication
from touchline.settings import Feature, ForecastSettings, Promote, Train
from touchline.stages import feature, forecast, predict_board, predict_whatif, promote, train
from touchline.work import Event, Result

QUICK = Train(trials=1, folds=2, test_days=200, families=("logistic",))


@pytest.fixture
def ports(tmp_path: Path) -> Container:
    environ = {"TOUCHLINE_HOME": str(tmp_path / "home"), "TOUCHLINE_REGISTRY": "folder"}
    return bootstrap.ports(environ, clock=VirtualClock(snapshots.MOMENT))


@pytest.fixture
def rules(tmp_path: Path) -> Promote:
    (tmp_path / "policy.yaml").write_text(LAX)
    return Promote(policy=str(tmp_path / "policy.yaml"))


def event(key: str) -> Event:
    return Event(id="e", kind="object", source="test", time=snapshots.MOMENT, key=key)


def featured(ports: Container, seq: int = 1) -> str:
    """Features of the small league; every other coming match has prices already."""
    table = snapshots.league(seasons=3)
    priced = (table["status"] == "scheduled") & (table.index % 2 == 0)
    table.loc[priced, list(odds_columns("ps"))] = (2.1, 3.4, 3.8)
    _, raw = read_publication(ports.store, snapshots.publish_raw(ports.store, table, seq))
    validated = Manifest(
        stage="validated", id=raw.id, inputs=(), outputs=raw.outputs, parameters={"simulated": True}, versions={},
        counts={},
    )  # fmt: skip
    return feature.run(event(publish(ports.store, validated, seq)[0]), ports, Feature()).publications[0]


def trained(ports: Container, key: str, uses: Uses) -> Result:
    return train.run(event(key), ports, msgspec.structs.replace(QUICK, uses=uses))


def told(ports: Container) -> ForecastSet:
    _, manifest = current(ports.store, "predictions")
    return decode(read_object(ports.store, manifest.outputs["forecasts"]), ForecastSet)


@pytest.mark.parametrize("uses", ["results", "prices"])
def test_a_level_is_kept_from_the_setting_to_every_forecast(ports: Container, rules: Promote, uses: Uses) -> None:
    features = featured(ports)
    model = trained(ports, features, uses).publications[0]
    _, bundle = read_publication(ports.store, model)
    card = decode(read_object(ports.store, bundle.outputs["card.json"]), ModelCard)
    assert (card.uses, card.features) == (uses, len(columns(uses)))
    assert f"(`{uses}`)" in markdown(card)
    assert ports.model(*bundle_of(bundle)).features == columns(uses)

    promote.run(event(model), ports, rules)
    forecast.run(event(features), ports, ForecastSettings(horizon_days=400))
    published = told(ports)
    _, predictions = current(ports.store, "predictions")
    assert published.model.uses == uses
    for_people = tables.read(ports.store, predictions.outputs["table"])
    assert for_people["uses"].tolist() == [match.uses for match in published.matches]
    assert {match.uses for match in published.matches} == (
        {"results"} if uses == "results" else {"prices", "past_prices"}
    )

    board = predict_board.read_board(ports)
    match = published.matches[0]
    answer = predict_whatif.what_if(board, match.home_team, match.away_team, match.competition, match.kickoff.date())
    assert answer.uses == ("results" if uses == "results" else "past_prices")
    assert abs(sum(msgspec.structs.astuple(answer.probabilities)) - 1) < 1e-6


def test_another_level_is_a_reason_to_train_and_another_model(ports: Container) -> None:
    first = trained(ports, featured(ports), "results")
    again = featured(ports, seq=2)
    assert trained(ports, again, "results").outcome == "skipped"
    other = trained(ports, again, "statistics")
    assert (other.outcome, other.summary["uses"]) == ("done", "statistics")
    assert other.summary["model"] != first.summary["model"]
