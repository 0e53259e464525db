"""Optuna studies that several processes work on at once: in PostgreSQL, in SQLite, or in one file of a folder.

Who works on a trial gives signs of life, numbers that grow, with the trial itself. Others remember when they saw them
change, by their own clocks: what stands still for a lease is taken from its worker and tried again. A finished trial
stays finished, so a worker that was only asleep changes nothing when it wakes.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.pruners import BasePruner
from optuna.trial import FrozenTrial, Trial, TrialState

from touchline.adapters.study_storage import open_storage, translated

WORKER, _SIGN, _AGAIN = "worker", "sign", "again"
_FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
_PAUSE = 0.2
_SIGNS_IN_A_LEASE = 3
_ATTEMPTS = 3
"""A set of parameters that so many workers died of is not tried again."""


class SharedStudies:
    """Studies at one address, for one worker."""

    def __init__(self, address: str, *, worker: str, lease_seconds: float = 30.0) -> None:
        """Open the address, its tables made if they are not there.

        Args:
            address: a SQLAlchemy address, or the path of a file.
            worker: name of who works here, unlike all others.
            lease_seconds: a trial that gives no sign of life for so long is taken back.

        Raises:
            ConfigurationError: not an address that can hold studies.
            Unavailable: the database does not answer, or the file cannot be written.
        """
        self._storage = open_storage(address)
        self._worker, self._lease = worker, lease_seconds
        self._seen: dict[tuple[str, int], tuple[int, float]] = {}

    def open(self, name: str, pruner: BasePruner) -> optuna.Study:
        """Join the study of that name, or begin it.

        Raises:
            Unavailable: the storage does not answer.
        """
        with translated():
            return optuna.create_study(storage=self._storage, study_name=name, pruner=pruner, load_if_exists=True)

    def fill(self, study: optuna.Study, objective: Callable[[Trial], float], trials: int) -> None:
        """Work until exactly `trials` trials are finished, tried to the end or given up, by whomever.

        Of the trials that did not fail, only the first `trials` by their number are ever worked on. Numbers are given
        one after the other, so however many workers ask at the same time, no trial too many gets finished.

        Raises:
            Unavailable: the storage does not answer.
        """
        with translated():
            while True:
                known = study.get_trials(deepcopy=False)
                states = Counter(trial.state for trial in known)
                finished, running = sum(states[state] for state in _FINISHED), states[TrialState.RUNNING]
                if finished >= trials:
                    return
                self._take_back_silent(study, known)
                if finished + running < trials:
                    self._turn(study, objective, trials)
                else:
                    time.sleep(_PAUSE)

    def take_back(self, study: optuna.Study, worker: str) -> None:
        """Trials of a worker that is known to be dead are tried again by others."""
        with translated():
            for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
                if trial.user_attrs.get(WORKER) == worker:
                    self._again(study, trial)

    def _turn(self, study: optuna.Study, objective: Callable[[Trial], float], trials: int) -> None:
        trial = study.ask()
        before = [one for one in study.get_trials(deepcopy=False) if one.number < trial.number]
        if sum(one.state != TrialState.FAIL for one in before) >= trials:
            study.tell(trial, state=TrialState.FAIL)
            return
        with suppress(UpdateFinishedTrialError), self._alive(trial):  # it was taken back meanwhile
            try:
                value = objective(trial)
            except optuna.TrialPruned:
                study.tell(trial, state=TrialState.PRUNED, skip_if_finished=True)
            except UpdateFinishedTrialError:
                raise
            except BaseException:
                study.tell(trial, state=TrialState.FAIL, skip_if_finished=True)
                raise
            else:
                study.tell(trial, value, skip_if_finished=True)

    @contextmanager
    def _alive(self, trial: Trial) -> Iterator[None]:
        """Give signs of life from a thread of its own."""
        trial.set_user_attr(WORKER, self._worker)
        done = threading.Event()

        def beat() -> None:
            number = 0
            with suppress(UpdateFinishedTrialError):
                while not done.wait(self._lease / _SIGNS_IN_A_LEASE):
                    number += 1
                    trial.set_user_attr(_SIGN, number)

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _take_back_silent(self, study: optuna.Study, known: list[FrozenTrial]) -> None:
        now = time.monotonic()
        for trial in known:
            if trial.state != TrialState.RUNNING:
                continue
            key, sign = (study.study_name, trial.number), trial.user_attrs.get(_SIGN, 0)
            last, since = self._seen.get(key, (None, now))
            if last != sign:
                self._seen[key] = (sign, now)
            elif now - since > self._lease:
                self._again(study, trial)

    def _again(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Fail a trial, and let its parameters wait for whoever comes next."""
        try:
            study.tell(trial.number, state=TrialState.FAIL)
        except (UpdateFinishedTrialError, ValueError):  # somebody else was first, or it has finished
            return
        attempt = trial.user_attrs.get(_AGAIN, 1)
        if trial.params and attempt < _ATTEMPTS:
            study.enqueue_trial(trial.params, user_attrs={_AGAIN: attempt + 1})
