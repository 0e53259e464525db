"""Studies that several workers fill: exactly as many trials as asked for, whoever dies or sleeps."""

import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event

import optuna
import pytest
import sqlalchemy as sa

from study_worker import in_a_trial, joined, parabola
from touchline.adapters import database
from touchline.errors import ConfigurationError, Unavailable

TRIALS = 12
LATE = 8
"""From this trial on three have ended, so that Optuna can tell what is hopeless, whatever order they come in."""


@pytest.fixture(params=["journal", "sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a place for studies; that in PostgreSQL holds our own tables, too."""
    if request.param == "journal":
        return str(tmp_path / "folder" / "studies.log")
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'studies.db'}"
    server: str = request.getfixturevalue("postgresql_server")
    engine: sa.Engine = request.getfixturevalue("administrator")
    name = f"studies_{abs(hash(request.node.name))}"
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE touchline_template")
    return server.format(database=name)


def counts(study: optuna.Study) -> Counter[str]:
    return Counter(trial.state.name for trial in study.trials)


def finished(study: optuna.Study) -> int:
    return counts(study)["COMPLETE"] + counts(study)["PRUNED"]


def test_workers_that_join_at_once_finish_exactly_the_trials_asked_for(place: str) -> None:
    met = Barrier(4)

    def work(number: int) -> float:
        begun: list[int] = []

        def objective(trial: optuna.Trial) -> float:
            begun.append(trial.number)
            if len(begun) == 1:
                met.wait(60)  # each has begun with a trial
            return parabola(trial, worse=100.0 * (trial.number >= LATE))

        studies, study = joined(place, f"worker {number}")
        studies.fill(study, objective, TRIALS)
        return study.best_value

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(work, range(4)))
    _, study = joined(place, "reader")
    assert finished(study) == TRIALS
    assert set(told) == {min(trial.value for trial in study.trials if trial.state.name == "COMPLETE")}
    counted = [trial for trial in study.trials if trial.state.name != "FAIL"]
    assert {trial.state.name for trial in counted if trial.number >= LATE} == {"PRUNED"}
    assert len({trial.user_attrs["worker"] for trial in counted}) == 4


def test_a_full_study_is_left_alone_and_a_longer_one_goes_on(place: str) -> None:
    studies, study = joined(place, "first")
    studies.fill(study, parabola, 3)
    again, same = joined(place, "second")
    again.fill(same, parabola, 3)
    assert len(same.trials) == 3
    again.fill(same, parabola, 5)
    assert finished(same) == 5


@pytest.mark.parametrize("place", ["journal", "postgresql"], indirect=True)
def test_a_killed_worker_loses_only_its_trial(place: str) -> None:
    with in_a_trial(place, "victim", TRIALS, lease_seconds=0.6) as victim:
        victim.kill()
    studies, study = joined(place, "heir", lease_seconds=0.6)
    [lost] = study.trials
    studies.fill(study, parabola, TRIALS)
    assert finished(study) == TRIALS
    assert study.trials[0].state.name == "FAIL"
    assert lost.params in [trial.params for trial in study.trials[1:]]


def test_a_worker_known_to_be_dead_is_not_waited_for(place: str) -> None:
    studies, study = joined(place, "heir", lease_seconds=3600)
    study.ask().set_user_attr("worker", "victim")
    studies.take_back(study, "somebody else")
    assert counts(study) == {"RUNNING": 1}
    studies.take_back(study, "victim")
    studies.fill(study, parabola, 2)
    assert finished(study) == 2


@pytest.mark.parametrize("place", ["journal"], indirect=True)
def test_a_worker_that_slept_finds_its_trial_taken_and_changes_nothing(place: str) -> None:
    with in_a_trial(place, "sleeper", TRIALS, lease_seconds=0.6) as sleeper:
        sleeper.send_signal(signal.SIGSTOP)
        studies, study = joined(place, "heir", lease_seconds=0.6)
        studies.fill(study, parabola, TRIALS)
        before = [(trial.number, trial.state, trial.value) for trial in study.trials]
        sleeper.send_signal(signal.SIGCONT)
        sleeper.communicate("go on\n", timeout=60)
        assert sleeper.returncode == 0
    assert [(trial.number, trial.state, trial.value) for trial in study.trials] == before
    assert finished(study) == TRIALS


def test_a_slow_worker_that_gives_signs_of_life_keeps_its_trial(place: str) -> None:
    begun, go_on = Event(), Event()

    def slow(trial: optuna.Trial) -> float:
        begun.set()
        assert go_on.wait(60)
        return parabola(trial)

    def work() -> None:
        studies, study = joined(place, "slow", lease_seconds=0.6)
        studies.fill(study, slow, 1)

    with ThreadPoolExecutor(2) as pool:
        working = pool.submit(work)
        assert begun.wait(60)
        studies, study = joined(place, "other", lease_seconds=1.5)
        filling = pool.submit(studies.fill, study, parabola, 3)
        with pytest.raises(TimeoutError):
            filling.result(timeout=2.5)
        go_on.set()
        working.result(timeout=60)
        filling.result(timeout=60)
    assert counts(study)["FAIL"] == 0
    assert finished(study) == 3
    assert study.trials[0].user_attrs["worker"] == "slow"


def test_parameters_that_kill_whoever_tries_them_are_given_up(place: str) -> None:
    studies, study = joined(place, "watchman")
    study.enqueue_trial({"x": 2.0})
    for _ in range(3):
        trial = study.ask()
        trial.suggest_float("x", -3, 3)
        trial.set_user_attr("worker", "victim")
        studies.take_back(study, "victim")
    assert counts(study) == {"FAIL": 3}


def test_an_error_in_a_trial_is_not_hidden(place: str) -> None:
    def broken(trial: optuna.Trial) -> float:
        raise ZeroDivisionError

    studies, study = joined(place, "worker")
    with pytest.raises(ZeroDivisionError):
        studies.fill(study, broken, 2)
    assert counts(study) == {"FAIL": 1}


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_our_own_tables_are_left_as_they_were(place: str) -> None:
    _, study = joined(place, "worker")
    assert study.trials == []
    engine = database.connect(place)
    with engine.connect() as connection:
        assert "trials" not in sa.inspect(connection).get_table_names()
    database.migrate(engine)
    engine.dispose()


@pytest.mark.parametrize("address", ["mysql://host/x", "sqlite://", "nonsense://"])
def test_an_address_that_can_hold_no_studies_is_named(address: str) -> None:
    with pytest.raises(ConfigurationError, match="studies"):
        joined(address, "worker")


def test_a_server_that_does_not_answer_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="studies"):
        joined(f"postgresql+pg8000://touchline@/x?unix_sock={tmp_path}/none", "worker")
