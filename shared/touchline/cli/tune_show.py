"""What `tune` shows: bars while it works, the best trials, what was found."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import msgspec

from touchline.cli.terminal import speaking

if TYPE_CHECKING:
    from collections.abc import Callable

    import optuna
    import pandas as pd
    from rich.console import Console

    from touchline.learning.tuning import Search


class Trial(msgspec.Struct, frozen=True):
    """One trial that went to the end."""

    number: int
    log_loss: float
    params: dict[str, Any]


class Found(msgspec.Struct, frozen=True):
    """What came of a family's search."""

    family: str
    study: str
    complete: int
    pruned: int
    failed: int
    """Trials of workers that died, and turns that were not needed."""
    best: tuple[Trial, ...]
    """The best trials, best first."""
    start: float | None
    """Log-loss of the starting point, where it was tried to the end."""


def found(search: "Search", shown: int) -> Found:
    """What a search came to by now."""
    states = [trial.state.name for trial in search.study.trials]
    done = sorted((one for one in search.study.trials if one.state.name == "COMPLETE"), key=lambda one: one.value or 0)
    first = next((one.value for one in done if one.number == 0), None)
    best = tuple(Trial(one.number, one.value or 0, one.params) for one in done[:shown])
    complete, pruned, failed = (states.count(name) for name in ("COMPLETE", "PRUNED", "FAIL"))
    return Found(search.family.name, search.study.study_name, complete, pruned, failed, best, first)


def table(all_found: Sequence[Found]) -> "pd.DataFrame":
    """The best trials of all families, for people."""
    import pandas as pd

    rows = [
        {
            "family": one.family,
            "trial": trial.number + 1,
            "log_loss": trial.log_loss,
            "parameters": ", ".join(f"{name} {_short(value)}" for name, value in trial.params.items()),
        }
        for one in all_found
        for trial in one.best
    ]
    return pd.DataFrame(rows)


@contextmanager
def bars(trials: int) -> "Iterator[Callable[[list[Search]], None]]":
    """How far each family is, on standard error: a bar, or where nobody watches a line for each tenth of the trials."""
    console = speaking()
    with _bars(trials, console) if console.is_terminal else nullcontext(_Lines(trials, console)) as watch:
        yield watch


@contextmanager
def _bars(trials: int, console: "Console") -> "Iterator[Callable[[list[Search]], None]]":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[news]}"), console=console, transient=True) as progress:
        tasks: dict[str, Any] = {}

        def watch(searches: "list[Search]") -> None:
            for search in searches:
                name = search.family.name
                if name not in tasks:
                    tasks[name] = progress.add_task(name, total=trials, news="")
                done, news = _news(search.study)
                progress.update(tasks[name], completed=min(done, trials), news=news)

        yield watch


class _Lines:
    """The same for a log."""

    def __init__(self, trials: int, console: "Console") -> None:
        self._trials, self._console = trials, console
        self._told: dict[str, int] = {}

    def __call__(self, searches: "list[Search]") -> None:
        for search in searches:
            name = search.family.name
            done, news = _news(search.study)
            if (tenth := 10 * min(done, self._trials) // self._trials) > self._told.get(name, 0):
                self._told[name] = tenth
                self._console.print(f"{name}: {done} of {self._trials} trials, {news}", soft_wrap=True)


def _news(study: "optuna.Study") -> tuple[int, str]:
    known = study.get_trials(deepcopy=False)
    values = [one.value for one in known if one.state.name == "COMPLETE" and one.value is not None]
    pruned = sum(one.state.name == "PRUNED" for one in known)
    best = f"best {min(values):.4f}, " if values else ""
    return len(values) + pruned, f"{best}{pruned} given up early"


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
