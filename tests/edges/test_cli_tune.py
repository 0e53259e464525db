"""`tune`: workers in processes of their own fill studies; what is found starts the next training."""

import json
import os
import signal
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from made_matches import made
from small_league import NOW, as_csv
from touchline.cli import tune_crew, tune_job, tune_material
from touchline.cli.main import main
from touchline.cli.tune_job import Job
from touchline.domain.simulation import simulate
from touchline.errors import ConfigurationError, Unavailable
from touchline.learning.families import family
from touchline.learning.fitting import FitOptions, fit, task_of
from touchline.learning.starts import starts
from touchline.learning.tuning import Search, tune

EXAMPLES = made()


def job(folder: Path, **changes: object) -> Job:
    """A search that takes a second."""
    options = {"address": str(folder / "study.log"), "families": ("logistic",), "trials": 6, "folds": 2, "seed": 3}
    return Job(**(options | changes))


def states(searches: list[Search]) -> Counter[str]:
    return Counter(trial.state.name for search in searches for trial in search.study.trials)


def finished(searches: list[Search]) -> int:
    return states(searches)["COMPLETE"] + states(searches)["PRUNED"]


def quiet(searches: list[Search]) -> None:
    """Watches nothing."""


@pytest.mark.slow
def test_from_a_file_to_parameters_that_train_starts_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    league = simulate(7, NOW, seasons=2, teams=10)
    (tmp_path / "results.csv").write_bytes(as_csv(league[league["status"] == "finished"]))
    out = tmp_path / "found.json"
    arguments = ["tune", "--data", str(tmp_path / "results.csv"), "--family", "logistic", "--family", "goals"]
    assert main([*arguments, "--trials", "3", "--folds", "2", "--rows", "150", "--out", str(out), "--json"]) == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert told["matches"] == 150
    assert {"logistic: 3 of 3 trials", "goals: 3 of 3 trials"} <= {
        line.partition(",")[0] for line in said.err.splitlines()
    }
    assert [one["complete"] + one["pruned"] for one in told["families"]] == [3, 3]
    found = json.loads(out.read_text())
    assert found == {one["family"]: one["best"][0]["params"] for one in told["families"]}
    assert starts(str(out)) == found


def test_a_family_that_there_is_none_of_is_refused_before_the_work(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tune", "--data", "nowhere.csv", "--family", "logistik"]) == 2
    assert "--family: no model family 'logistik'" in " ".join(capsys.readouterr().err.split())


def test_what_is_given_is_where_the_search_starts() -> None:
    given = {"logistic": {"C": 0.0321}}
    fitted = fit(EXAMPLES, FitOptions(trials=1, folds=2, families=("logistic",), starts=given))
    assert fitted.params == given["logistic"]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ('{"forest": {}}', "forest"),
        ('{"logistic": {"depth": 3}}', "logistic"),
        ('{"logistic": {"C": 0.01, "depth": 3}}', "no parameter depth"),
        ('{"logistic": {"C": 1e9}}', "out of the range"),
        ("{", "not parameters by family"),
        ("nowhere.json", "no file"),
    ],
)
def test_parameters_that_no_family_has_are_named(text: str, match: str) -> None:
    with pytest.raises(ConfigurationError, match=match):
        starts(text)
    assert starts("") == {}


@pytest.mark.slow
def test_one_worker_finds_what_a_search_in_this_process_finds_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    alone = tune(family("logistic"), task_of(EXAMPLES, FitOptions(trials=6, folds=2, seed=3)), lambda message: None)
    tune_crew.fill(job(tmp_path, trials=2), EXAMPLES, 1, _folder(tmp_path, "a"), quiet)
    [search] = tune_crew.fill(job(tmp_path), EXAMPLES, 1, _folder(tmp_path, "b"), quiet)
    assert search.study.best_params == alone.params
    assert search.study.best_value == pytest.approx(alone.log_loss, abs=1e-12)
    assert finished([search]) == 6


@pytest.mark.slow
def test_workers_share_the_studies_of_all_families_and_a_killed_one_loses_only_its_trial(tmp_path: Path) -> None:
    killed: list[str] = []

    def kill_one(searches: list[Search]) -> None:
        running = [one for search in searches for one in search.study.trials if one.state.name == "RUNNING"]
        if not killed and (names := [one.user_attrs["worker"] for one in running if "worker" in one.user_attrs]):
            killed.append(names[0])
            os.kill(int(names[0].split("/")[1]), signal.SIGKILL)

    asked = job(tmp_path, families=("logistic", "goals"), trials=15, lease_seconds=3600)
    searches = tune_crew.fill(asked, EXAMPLES, 2, _folder(tmp_path, "work"), kill_one)
    assert len(killed) == 1
    assert [finished([search]) for search in searches] == [15, 15]
    for search in searches:
        values = [trial.value for trial in search.study.trials if trial.state.name == "COMPLETE"]
        assert search.study.best_value == min(values)
    workers = {trial.user_attrs.get("worker") for search in searches for trial in search.study.trials}
    assert len(workers - {None}) >= 2


def test_a_worker_that_ends_with_an_error_ends_the_search(tmp_path: Path) -> None:
    def spoil(searches: list[Search]) -> None:
        (tmp_path / "study.log").write_text("nonsense\nnonsense\n")

    with pytest.raises(Unavailable, match="a worker stopped") as caught:
        tune_crew.fill(job(tmp_path, trials=100_000), EXAMPLES, 1, _folder(tmp_path, "work"), spoil)
    assert caught.value.details


def test_a_job_reaches_its_workers_whole_and_nobody_else_reads_it(tmp_path: Path) -> None:
    sent = job(tmp_path, starts={"logistic": {"C": 0.02}})
    tune_job.write(tmp_path, sent, EXAMPLES)
    got, examples = tune_job.read(tmp_path)
    assert got == sent
    assert (tmp_path / "job.json").stat().st_mode & 0o077 == 0
    assert (examples.names, examples.competition.tolist()) == (EXAMPLES.names, EXAMPLES.competition.tolist())
    for name in ("x", "outcome", "kickoff", "goals"):
        np.testing.assert_array_equal(getattr(examples, name), getattr(EXAMPLES, name))


def test_the_newest_matches_are_used() -> None:
    newest = tune_material.newest(EXAMPLES, 90)
    assert newest.kickoff.min() == np.sort(EXAMPLES.kickoff)[-90]
    assert tune_material.newest(EXAMPLES, 0) is EXAMPLES


def test_without_features_in_the_home_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", str(tmp_path / "home"), "tune", "--trials", "1"]) == 2
    assert "features" in capsys.readouterr().err


def _folder(tmp_path: Path, name: str) -> Path:
    (tmp_path / name).mkdir()
    return tmp_path / name
