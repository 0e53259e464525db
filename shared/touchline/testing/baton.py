"""Threads that run one at a time: whoever has the baton works, and gives it back only where it says so."""

import threading
from collections.abc import Callable
from typing import Any

_here = threading.local()


class Killed(BaseException):
    """The process that this thread stands for is dead: nothing that it still does has an effect."""


class Task:
    """A piece of work in a thread of its own, which runs only within `resume`.

    >>> def work():
    ...     print("first")
    ...     current().give()
    ...     print("last")
    >>> task = Task(work)
    >>> task.resume(), print("between"), task.resume(), task.ended
    first
    between
    last
    (None, None, None, True)
    """

    def __init__(self, work: Callable[[], Any]) -> None:
        self.ended = self.killed = False
        self.result: Any = None
        """What the work returned; None if it was killed."""
        self._work = work
        self._error: BaseException | None = None
        self._go, self._back = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._back.acquire()
        self._thread: threading.Thread | None = None

    def resume(self) -> None:
        """Let the task run until it gives the baton back or ends; an error that it ends with is raised here."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._main, daemon=True)
            self._thread.start()
        self._go.release()
        self._back.acquire()
        if self.ended:
            self._thread.join()
            if self._error is not None:
                raise self._error

    def give(self) -> None:
        """In the task's own thread: give the baton back, go on at the next `resume`.

        Raises:
            Killed: the task was killed meanwhile.
        """
        self._back.release()
        self._go.acquire()
        if self.killed:
            raise Killed

    def kill(self) -> None:
        """End a task that waits: its thread unwinds, and nothing that it calls has an effect."""
        self.killed = True
        if self._thread is not None and not self.ended:
            self.resume()

    def _main(self) -> None:
        _here.task = self
        self._go.acquire()
        try:
            self.result = self._work()
        except Killed:
            self.killed = True
        except BaseException as error:  # whatever it is, the one who resumed this task must see it
            self._error = error
        finally:
            self.ended = True
            self._back.release()


def current() -> Task | None:
    """Task whose thread this is, None outside of one."""
    return getattr(_here, "task", None)
