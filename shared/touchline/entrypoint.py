"""From a platform's call to a stage and back: parse, run, record, answer.

Platforms get an empty body, since Knative takes any body that is no CloudEvent for a failure, and no 4xx, since that
would bury the event in a dead letter without a reason. 204 is for everything that need not come again: done, unchanged,
skipped, and what was parked durably. 503 asks for another delivery. Who asks directly, by a plain request, is told in a
problem (RFC 9457) what was wrong with it. `GET /healthz` is answered by 200.
"""

import math
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from touchline import bootstrap, events, manifest, retrying, settings, telemetry, tracing, wiring
from touchline.bootstrap import Around, Container
from touchline.domain import receipts
from touchline.error_reports import ErrorReports
from touchline.errors import EventError, NotFound, PermanentError, RetryableError, TouchlineError, http_status
from touchline.events import Message
from touchline.manifest import encode, sha256
from touchline.ports import Clock
from touchline.telemetry import RunRecord
from touchline.work import Event, Result

RUN_HEADER: Final = "x-touchline-run"
"""Answer header with the key of the run record."""
_PROBLEM: Final = {"content-type": "application/problem+json"}
_HEALTH: Final = ("GET", "HEAD")
_UNTOLD: Final = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})


class Request(Protocol):
    """As much of a Flask request as we use."""

    @property
    def method(self) -> str: ...  # noqa: D102 - as in Flask
    @property
    def path(self) -> str: ...  # noqa: D102
    @property
    def headers(self) -> Any: ...  # noqa: D102
    def get_data(self) -> bytes: ...  # noqa: D102


class Answer(msgspec.Struct, frozen=True):
    """Status and headers; a body only for who asked directly and was refused."""

    status: int
    headers: dict[str, str] = {}
    body: str = ""


class Surroundings(msgspec.Struct, frozen=True):
    """Where a function finds itself: on a platform the process's environment, embedded whatever the runner gives."""

    environ: Mapping[str, str]
    clock: Clock | None = None
    around: Around | None = None
    """Put around each port that a function gets: to watch it, or to let it fail."""


Run = Callable[[Event, Container, Any], Result]
Handle = Callable[[Request], tuple[str, int, dict[str, str]]]
LambdaHandler = Callable[[dict[str, Any], Any], dict[str, Any]]

_surroundings: ContextVar[Surroundings | None] = ContextVar("surroundings", default=None)


@contextmanager
def surrounded(surroundings: Surroundings) -> Iterator[None]:
    """Let functions that are called within see these surroundings instead of the process's environment."""
    token = _surroundings.set(surroundings)
    try:
        yield
    finally:
        _surroundings.reset(token)


def expose(name: str, run: Run) -> tuple[Handle, LambdaHandler]:
    """Entry points of a function for the functions framework (an HTTP target) and for AWS Lambda.

    Both are functions, since the functions framework takes no other callable. Nothing is built before the first call;
    what was built is kept for the next ones.
    """
    host = Host(name, run)

    def handle(request: Request) -> tuple[str, int, dict[str, str]]:
        headers = {key.lower(): value for key, value in request.headers.items()}
        answer = host.answer(Message(request.method, request.path, headers, request.get_data()))
        return answer.body, answer.status, answer.headers

    def lambda_handler(payload: dict[str, Any], context: Any) -> dict[str, Any]:
        invocation = events.from_lambda(payload, getattr(context, "aws_request_id", ""))
        asked = invocation.kind == "http"
        answers = {item: host.answer(message, platform=not asked) for item, message in invocation.messages}
        if invocation.kind == "batch":
            failed = {item: one for item, one in answers.items() if one.status >= 500}
            host.postpone(events.receipts(payload), failed)
            return {"batchItemFailures": [{"itemIdentifier": item} for item in failed]}
        answer = answers[""]
        if answer.status >= 500 and not asked:
            raise RetryableError("the run failed; deliver the event again", where=answer.headers.get(RUN_HEADER, name))
        return {"statusCode": answer.status, "headers": answer.headers, "body": answer.body}

    return handle, lambda_handler


class Host:
    """Runs one stage for the events of one process."""

    def __init__(self, name: str, run: Run) -> None:
        self._name, self._run = name, run
        self._seen: Surroundings | None = None
        self._warm: _Warm | None = None

    def answer(self, message: Message, *, platform: bool = False) -> Answer:
        """Do what a message asks for.

        Args:
            message: as received.
            platform: true where no person can have sent it; else the message tells.
        """
        direct = not platform and events.is_direct(message)
        if shown := _at_the_door(message, direct):
            return shown
        around = _surroundings.get() or Surroundings(os.environ)
        cold = self._warm is None or self._seen != around
        try:
            warm = self._ports(around)
        except Exception as error:  # whatever it is, the event must come again
            telemetry.log_to()
            telemetry.LOGGER.error("%s cannot start", self._name, extra={"error": _plain(telemetry.describe(error))})
            return Answer(503)
        try:
            asked = events.parse_all(message, warm.container.clock.now(), warm.prefix, warm.declared.prefixes)
        except EventError as error:
            if direct:
                fault = telemetry.describe(error, warm.hidden)
                telemetry.LOGGER.info("%s refused a request", self._name, extra={"error": _plain(fault)})
                return _problem(413 if len(message.body) > events.MAX_BODY else http_status(error), fault)
            return self._told([_Attempt(message, warm, cold).refuse(error)], [])
        return self._work_off(message, asked, warm, cold, direct)

    def postpone(self, receipts: Mapping[str, events.Receipt], failed: Mapping[str, Answer]) -> None:
        """Let a queue deliver again after the pause that the wiring wants; else it waits for as long as it may take."""
        for item, answer in failed.items():
            if self._warm is None or item not in receipts:
                continue
            pause = retrying.pause(self._warm.declared.retries, receipts[item].deliveries)
            seconds = retrying.LONGEST_PAUSE if "retry-after" in answer.headers else pause  # to be busy is no attempt
            try:
                bootstrap.put_back(receipts[item].queue, receipts[item].handle, seconds)
            except TouchlineError as error:  # so it comes later
                telemetry.LOGGER.warning("a message waits longer", extra={"error": _plain(telemetry.describe(error))})

    def _work_off(self, message: Message, asked: tuple[Event, ...], warm: "_Warm", cold: bool, direct: bool) -> Answer:
        """Try all events of a message: what is done of one that must come again is not done twice."""
        records, busy = [], []
        for number, event in enumerate(asked):
            try:
                records.append(_Attempt(message, warm, cold and not number, direct).run(event, self._run))
            except _Busy as error:
                busy.append(error.cause)
                telemetry.LOGGER.info("%s waits", self._name, extra={"error": _plain(telemetry.describe(error.cause))})
        return self._told(records, busy)

    def _told(self, records: list[RunRecord], busy: list[RetryableError]) -> Answer:
        """The worst of what came of the events of a message; how long to wait, if all the others are done."""
        for record in records:
            telemetry.log_run(record)
        status = max((record.status for record in records), default=204)
        runs = {RUN_HEADER: ", ".join(record.object_key for record in records)} if records else {}
        if busy and status < 500:
            return Answer(503, runs | {"retry-after": str(max(math.ceil(error.retry_after) or 1 for error in busy))})
        faults = [record.error for record in records if record.error and record.status == status]
        if 400 <= status < 500 and faults:
            return _problem(status, faults[0], runs)
        return Answer(status, runs)

    def _ports(self, around: Surroundings) -> "_Warm":
        """What the function works with, built once for the same surroundings."""
        if self._warm is None or self._seen != around:
            environ = bootstrap.revealed(around.environ)
            declared = wiring.load(wiring.root(environ)).function(self._name)
            container = bootstrap.ports(
                environ, needs=frozenset(declared.needs), clock=around.clock, around=around.around
            )  # fmt: skip
            options = settings.load(settings.BY_FUNCTION[self._name], environ, self._name)
            hidden = tuple(environ[secret] for secret in declared.secrets if environ.get(secret))
            telemetry.log_to(level=container.common.log_level)
            prefix = events.store_prefix(container.common.store)
            reports = ErrorReports(container.common, environ)
            self._seen, self._warm = around, _Warm(declared, container, options, hidden, prefix, reports)
        return self._warm


class _Busy(Exception):
    """The claim cannot be had now: nothing was begun, so there is nothing to record."""

    def __init__(self, cause: RetryableError) -> None:
        super().__init__(str(cause))
        self.cause = cause


class _Warm(NamedTuple):
    """What a process needs to run its function."""

    declared: wiring.Function
    container: Container
    options: Any
    hidden: tuple[str, ...]
    """Values that must not be told."""
    prefix: str
    """Of the store in its bucket."""
    reports: ErrorReports


class _Attempt:
    """One event of a delivery (or its refusal), what came of it, and the record of it."""

    def __init__(self, message: Message, warm: _Warm, cold: bool, direct: bool = False) -> None:
        self._name, self._claiming = warm.declared.name, warm.declared.claim
        self._schedules = tuple(trigger.name for trigger in warm.declared.triggers if trigger.cron)
        self._ports, self._options, self._hidden = warm.container, warm.options, warm.hidden
        self._reports = warm.reports
        self._message, self._cold, self._span = message, cold, ""
        self._event: Event | None = None
        self._direct = direct
        self._counted = self._ports.metrics.collect()
        telemetry.forget_peak()
        self._started, self._tick = self._ports.clock.now(), time.perf_counter()

    def refuse(self, error: EventError) -> RunRecord:
        """Park a message that could not be understood, and keep a record of it."""
        record = self._refused(error)
        self._keep(record)
        return record

    def run(self, event: Event, run: Run) -> RunRecord:
        """Run the stage and keep a record of it; every error ends as a status."""
        self._event = event
        try:
            self._check(event)
            event = self._event = self._completed(event)
            self._span = tracing.child(event.traceparent)
            with tracing.within(self._span), ExitStack() as claim:
                self._claim(claim)
                result = run(event, self._ports, self._options)
            if result.outcome == "parked":
                self._park(telemetry.Fault(kind="Parked", what=result.reason))
            record = self._record(204, result)
        except _Busy:
            raise
        except PermanentError as error:
            record = self._refused(error)
        except Exception as error:  # unknown errors are retried, never dropped
            record = self._record(503, error=error)
            self._keep(record)  # first: a tracker of errors may take seconds, and a process may be ended meanwhile
            with tracing.within(self._span):
                self._reports.tell(error, function=self._name, run=record.object_key)
            return record
        self._keep(record)
        return record

    def _claim(self, stack: ExitStack) -> None:
        """Take the function's claim, where the wiring wants one, until the stack is left."""
        if not self._claiming:
            return
        try:
            stack.enter_context(self._ports.claimed(self._name))
        except RetryableError as error:
            raise _Busy(error) from error

    def _check(self, event: Event) -> None:
        """Refuse a tick of a schedule that the wiring does not have: it is a slip of the pen, not another job."""
        if event.kind == "cron" and event.key not in self._schedules:
            known = ", ".join(self._schedules) or "none"
            raise EventError(
                f"{self._name} has no schedule {event.key!r}", where="schedule", hint=f"its schedules: {known}"
            )

    def _completed(self, event: Event) -> Event:
        """The event with what its object says of itself, where the platform did not tell it and the object exists."""
        if event.kind != "object" or (event.sha256 and event.traceparent):
            return event
        try:
            data = self._ports.store.get(event.key)
        except NotFound:
            return event
        trace = event.traceparent or manifest.traceparent(data)
        return msgspec.structs.replace(event, sha256=event.sha256 or sha256(data), traceparent=trace)

    def _refused(self, error: PermanentError) -> RunRecord:
        try:
            self._park(telemetry.describe(error, self._hidden))
        except Exception as failure:  # not kept durably, so it has to come again
            return self._record(503, error=failure)
        return self._record(http_status(error) if self._direct else 204, error=error)

    @property
    def _work(self) -> str:
        if self._event is not None:
            return self._event.work(self._name)
        return sha256(encode([self._name, dict(self._message.headers), self._message.body]))[:32]

    def _park(self, fault: telemetry.Fault) -> None:
        """Keep what was refused, why, and the event to try it again with; the same work is parked once."""
        reason = _plain(fault) | {"function": self._name, "work": self._work}
        if self._event is not None:
            reason["event"] = msgspec.json.decode(events.to_json(self._event))
        else:
            told = {key: value for key, value in self._message.headers.items() if key not in _UNTOLD}
            body = self._message.body[:4096].decode(errors="backslashreplace")
            reason["message"] = {
                "method": self._message.method,
                "path": self._message.path,
                "headers": told,
                "body": body,
            }
        self._ports.store.create(f"quarantine/{self._name}/{self._work}/reason.json", encode(reason))

    def _record(self, status: int, result: Result | None = None, error: Exception | None = None) -> RunRecord:
        event, took = self._event, time.perf_counter() - self._tick
        done = result or Result(outcome="parked")
        counted = {key: value - self._counted.get(key, 0.0) for key, value in self._ports.metrics.collect().items()}
        return RunRecord(
            run_id=receipts.run_id(self._started, self._work, secrets.token_hex(4), status, _schedule(event)),
            function=self._name,
            work=self._work,
            event_id=event.id if event else "",
            event_kind=event.kind if event else "",
            key=event.key if event else "",
            generation=event.generation if event else 0,
            traceparent=self._span,
            parent=event.traceparent if event else "",
            started=self._started,
            ended=self._started + timedelta(seconds=took),
            duration_s=round(took, 6),
            peak_memory_mib=round(telemetry.peak_memory_mib(), 1),
            cold=self._cold,
            status=status,
            outcome="failed" if status >= 500 else done.outcome,
            reason=telemetry.redact(done.reason or (str(error) if error else ""), self._hidden),
            publications=done.publications,
            summary=done.summary,
            metrics={key: value for key, value in counted.items() if value},
            error=telemetry.describe(error, self._hidden) if error else None,
        )

    def _keep(self, record: RunRecord) -> None:
        """Store the record; the work is done without it, so a failure is only told."""
        try:
            self._ports.store.create(record.object_key, encode(record))
        except Exception as error:  # whatever keeps the record from being stored
            fault = telemetry.describe(error, self._hidden)
            telemetry.LOGGER.error("record not kept", extra={"run_id": record.run_id, "error": _plain(fault)})


def _schedule(event: Event | None) -> str:
    """Name of the schedule whose tick an event is, empty for any other."""
    return event.key if event is not None and event.kind == "cron" else ""


def _at_the_door(message: Message, direct: bool) -> Answer | None:
    """Answer to what is no delivery: a question after our health, a web page, a method or path that we do not have.

    Browsers let any page post to this machine, and say so in `origin`; no platform sends that header.
    """
    if message.path == "/healthz":
        return Answer(200) if message.method in _HEALTH else _refusal(405, "only asked with GET", ", ".join(_HEALTH))
    known = message.path in ("", "/")
    if "origin" in message.headers:
        return _refusal(403, "no web page may send events")
    if message.method != "POST":
        return _refusal(405, "events come by POST", "POST") if known else _refusal(404, f"no such page: {message.path}")
    return _refusal(404, f"events are taken at /, not at {message.path}") if direct and not known else None


def _refusal(status: int, what: str, allow: str = "") -> Answer:
    return _problem(status, telemetry.Fault(kind="", what=what), {"allow": allow} if allow else {})


def _problem(status: int, fault: telemetry.Fault, headers: Mapping[str, str] | None = None) -> Answer:
    """What was wrong with a direct request, as a problem of RFC 9457."""
    detail = "\n".join(part for part in (fault.where, *fault.details, fault.hint) if part)
    told = {"title": fault.what, "status": status} | ({"detail": detail} if detail else {})
    return Answer(status, {**(headers or {}), **_PROBLEM}, encode(told).decode())


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
