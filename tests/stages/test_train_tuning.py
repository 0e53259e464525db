"""Train on studies that others fill, and from parameters that were found before: its card says so."""

import json
from pathlib import Path

import optuna
import pytest

import snapshots
from touchline import bootstrap, crew
from touchline.adapters.clock import VirtualClock
from touchline.adapters.studies import SharedStudies
from touchline.adapters.study_storage import open_storage
from touchline.cli.main import main
from touchline.learning.card import ModelCard, markdown
from touchline.manifest import Manifest, decode, publish, read_object, read_publication
from touchline.settings import Feature, Train
from touchline.stages import feature, train, train_crew
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


@pytest.mark.slow
def test_helpers_fill_the_study_of_the_training_that_is_due_and_of_no_other(ports: bootstrap.Container) -> None:
    settings = Train(**QUICK, study="database")
    told = [train_crew.join(ports, settings, number) for number in (1, 2)]
    assert [one.summary for one in told] == [{"families": ["logistic"], "trials": 4}] * 2
    storage = open_storage(ports.studies_address("database"))
    [before] = optuna.get_all_study_summaries(storage)
    card = _trained(ports, settings)
    [after] = optuna.get_all_study_summaries(storage)
    assert before.n_trials == after.n_trials == 4  # the training found all of them there, and tried none itself
    assert card.params == before.best_trial.params
    done = train_crew.join(ports, settings, 3)
    assert (done.outcome, done.reason) == ("unchanged", "these features have a model")


def test_a_helper_says_why_it_cannot_help(ports: bootstrap.Container, tmp_path: Path) -> None:
    around = {"TOUCHLINE_HOME": str(ports.home), "JOB_COMPLETION_INDEX": "3"}
    assert crew.main(around) == 2  # no place for the trials
    assert crew.main({**around, "TOUCHLINE_TRAIN_STUDY": "mysql://nowhere/x"}) == 2
    empty = {"TOUCHLINE_HOME": str(tmp_path / "empty"), "TOUCHLINE_TRAIN_STUDY": "database"}
    assert crew.main(empty) == 0  # nothing is published, so nothing is due
    assert crew.main({**empty, "TOUCHLINE_TRAIN_TRIALS": "-"}) == 0  # what nobody gave a value


def test_the_card_names_the_parameters_that_were_given(ports: bootstrap.Container) -> None:
    given = {"logistic": {"C": 0.0321}}
    card = _trained(ports, Train(**(QUICK | {"trials": 1}), params=json.dumps(given)))
    assert card.params == card.starts["logistic"] == given["logistic"]
    assert "started from given parameters: logistic {'C': 0.0321}" in markdown(card)
