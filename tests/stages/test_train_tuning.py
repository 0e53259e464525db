"""Train on studies that others fill, and from parameters that were found before: its card says so."""

import json
from pathlib import Path

import pytest

import snapshots
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.adapters.studies import SharedStudies
from touchline.cli.main import main
from touchline.learning.card import ModelCard, markdown
from touchline.manifest import Manifest, decode, publish, read_object, read_publication
from touchline.settings import Feature, Train
from touchline.stages import feature, train
from touchline.work import Event

QUICK = {"trials": 4, "folds": 2, "test_days": 200, "families": ("logistic",)}


@pytest.fixture
def ports(tmp_path: Path) -> bootstrap.Container:
    """A home with features of a small league."""
    environ = {"TOUCHLINE_HOME": str(tmp_path / "home"), "TOUCHLINE_REGISTRY": "folder"}
    made = bootstrap.ports(environ, clock=VirtualClock(snapshots.MOMENT))
    table = snapshots.league(seasons=3)
    table = table[table["status"] == "finished"].reset_index(drop=True)
    _, raw = read_publication(made.store, snapshots.publish_raw(made.store, table, 1))
    about = {"parameters": {"simulated": True}, "versions": {}, "counts": {}}
    validated = Manifest(stage="validated", id=raw.id, inputs=(), outputs=raw.outputs, **about)
    feature.run(_event(publish(made.store, validated, 1)[0]), made, Feature())
    return made


def _event(key: str) -> Event:
    return Event(id="e", kind="object", source="test", time=snapshots.MOMENT, key=key)


def _trained(ports: bootstrap.Container, settings: Train) -> ModelCard:
    key = train.run(_event("features/published/000000000001.json"), ports, settings).publications[0]
    manifest = read_publication(ports.store, key)[1]
    return decode(read_object(ports.store, manifest.outputs["card.json"]), ModelCard)


@pytest.mark.slow
def test_train_takes_part_in_the_study_that_tune_fills(
    ports: bootstrap.Container, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHLINE_TRAIN_TEST_DAYS", "200")
    arguments = ["--family", "logistic", "--trials", "3", "--folds", "2", "--workers", "1", "--study", "database"]
    assert main(["--home", str(ports.home), "tune", *arguments, "--json"]) == 0
    [told] = json.loads(capsys.readouterr().out)["families"]
    card = _trained(ports, Train(**QUICK, study="database"))
    study = SharedStudies(ports.studies_address("database"), worker="reader").open(told["study"], None)
    states = [trial.state.name for trial in study.trials]
    assert states.count("COMPLETE") + states.count("PRUNED") == len(states) == 4
    assert card.params == study.best_params
    assert card.starts == {}


def test_the_card_names_the_parameters_that_were_given(ports: bootstrap.Container) -> None:
    given = {"logistic": {"C": 0.0321}}
    card = _trained(ports, Train(**(QUICK | {"trials": 1}), params=json.dumps(given)))
    assert card.params == card.starts["logistic"] == given["logistic"]
    assert "started from given parameters: logistic {'C': 0.0321}" in markdown(card)
