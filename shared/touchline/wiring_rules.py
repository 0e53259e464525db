"""What a wiring of the right format must also satisfy, one small rule each, so that its functions make a whole.

What each platform can run is another matter, see `touchline.deploy.limits`.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from touchline import settings
from touchline.domain.vocabulary import KEY_ALPHABET
from touchline.errors import ConfigurationError
from touchline.wiring import FILE, Function, Trigger, Wiring, overlap

SECONDS: Final = (1, 24 * 3600)
MEMORY_MIB: Final = (128, 65_536)
CONCURRENCY: Final = (1, 1000)
INSTANCES: Final = 100
ATTEMPTS: Final = (1, 10)

NEEDS: Final = frozenset({"object_store", "database", "registry", "network", "cache", "browser", "events"})
TABLES: Final = frozenset(
    {
        "competitions", "seasons", "teams", "team_aliases", "matches", "match_versions", "team_match_stats",
        "odds_quotes", "scrape_runs", "payloads", "predictions", "settlements", "promotions",
        "source_matches", "details_seen", "match_details", "team_details", "line_ups", "player_match_stats", "shots",
        "quotes", "unresolved_names", "pages", "hosts", "api_keys", "inbox",
    }
)  # fmt: skip
PLATFORM: Final = "deadletter/"
"""Written by whatever platform delivers events."""
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY: Final = {name: number for number, name in enumerate(WEEKDAYS, 1)}
_CRON: Final = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12))
_NAME: Final = re.compile(r"[a-z][a-z0-9-]*")
_STEP: Final = re.compile(r"\*/([1-9]|10) ")
_VARIABLE: Final = re.compile(r"[A-Z][A-Z0-9_]*")


class Fault(msgspec.Struct, frozen=True):
    """What is wrong, in which field of which function."""

    function: str
    field: str
    what: str

    def __str__(self) -> str:
        return f"{self.function}.{self.field}: {self.what}"


Rule = Callable[[Wiring], Iterator[Fault]]


def faults(wiring: Wiring, folder: Path | None = None) -> list[Fault]:
    """Everything that is wrong; with `folder`, also whether the code of each function is there."""
    found = [fault for rule in RULES for fault in rule(wiring)]
    return found + list(_code(wiring, folder) if folder else ())


def check(wiring: Wiring, folder: Path | None = None) -> None:
    """Refuse a wiring that cannot work.

    Raises:
        ConfigurationError: names all faults at once.
    """
    refuse(faults(wiring, folder))


def refuse(found: list[Fault]) -> None:
    """Refuse a wiring with faults.

    Raises:
        ConfigurationError: names all of them.
    """
    if found:
        raise ConfigurationError(
            f"{len(found)} fault{'s' * (len(found) > 1)} in the wiring", where=FILE, details=tuple(map(str, found))
        )


def cron_fault(text: str) -> str:
    """What keeps a schedule from meaning the same on every platform, empty if nothing does.

    Five fields in UTC; weekdays by name, since Sunday is 0, 1 or 7 depending on whom you ask; at most one of the day
    fields, since EventBridge allows no more.

    >>> cron_fault("30 3 * * mon"), cron_fault("30 3 * * 1"), cron_fault("0 0 1 * sun")
    ('', "day of week '1': use mon, tue, wed, thu, fri, sat, sun", 'day of month and day of week are both set')
    """
    fields = text.split()
    if len(fields) != 5:
        return f"{len(fields)} fields, not five: minute, hour, day of month, month, day of week"
    for (name, low, high), field in zip(_CRON, fields, strict=False):
        if not all(_in_range(part, low, high) for part in field.split(",")):
            return f"{name} {field!r} is not within {low}-{high}"
    if not all(_weekdays(part) for part in fields[4].split(",")):
        return f"day of week {fields[4]!r}: use {', '.join(WEEKDAYS)}"
    return "day of month and day of week are both set" if fields[2] != "*" and fields[4] != "*" else ""


def _in_range(part: str, low: int, high: int) -> bool:
    read = re.fullmatch(r"(?:\*|(\d+)(?:-(\d+))?)(?:/(\d+))?", part)
    if not read:
        return False
    first, last, step = (int(group) if group else None for group in read.groups())
    start = low if first is None else first
    end = start if last is None else last
    return low <= start <= end <= high and (step is None or 1 <= step <= high)


def _weekdays(part: str) -> bool:
    first, dash, last = part.partition("-")
    if part == "*":
        return True
    return first in _DAY and (not dash or _DAY[first] < _DAY.get(last, 0))


def _writers(wiring: Wiring) -> Iterator[Fault]:
    """Each prefix and each table has one writer."""
    seen: list[tuple[str, str]] = []
    tables: dict[str, str] = {}
    for name, function in wiring.parts.items():
        for prefix in function.all_writes:
            for other, owner in seen:
                if overlap(prefix, other):
                    yield Fault(name, "writes", f"{prefix} overlaps {other}, which {owner} writes")
            seen.append((prefix, name))
        for table in function.tables:
            if table in tables:
                yield Fault(name, "tables", f"{table} is written by {tables[table]}")
            tables.setdefault(table, name)


def _prefixes(wiring: Wiring) -> Iterator[Fault]:
    for name, function in wiring.parts.items():
        fields = {"reads": function.reads, "writes": function.all_writes, "triggers": function.prefixes}
        for field, prefixes in fields.items():
            for prefix in prefixes:
                if not KEY_ALPHABET.fullmatch(prefix) or not prefix.endswith("/") or prefix.startswith("/"):
                    yield Fault(name, field, f"{prefix!r} is no prefix: [a-z0-9/_.-], ending in / and not beginning so")


def _trigger_shapes(wiring: Wiring) -> Iterator[Fault]:
    for name, function in wiring.parts.items():
        if not function.triggers:
            yield Fault(name, "triggers", "nothing wakes this function")
        named = [trigger.name for trigger in function.triggers if trigger.cron]
        for trigger in function.triggers:
            if sum(map(bool, (trigger.prefix, trigger.cron, trigger.http))) != 1:
                yield Fault(name, "triggers", "a trigger has exactly one of prefix, cron, http")
            yield from (Fault(name, "triggers", what) for what in _schedule(trigger, named))


def _schedule(trigger: Trigger, names: list[str]) -> Iterator[str]:
    if not trigger.cron:
        return
    if fault := cron_fault(trigger.cron):
        yield f"cron {trigger.cron!r}: {fault}"
    if not _NAME.fullmatch(trigger.name) or names.count(trigger.name) > 1:
        yield f"cron {trigger.cron!r}: its name {trigger.name!r} must be unique, of [a-z0-9-]"


def _triggers_fed(wiring: Wiring) -> Iterator[Fault]:
    """What wakes a function is written by somebody else, and says so when it is not one function alone."""
    for name, function in wiring.functions.items():
        for trigger in function.triggers:
            writers = wiring.writers(trigger.prefix) if trigger.prefix else []
            many = len(writers) + trigger.external > 1
            if trigger.prefix and not writers and not trigger.external:
                yield Fault(name, "triggers", f"nobody writes {trigger.prefix}; mark it external if users do")
            if name in writers:
                yield Fault(name, "triggers", f"{trigger.prefix} lies under its own writes")
            if trigger.shared != many:
                who = ", ".join([*writers, *(["users"] if trigger.external else [])]) or "nobody"
                yield Fault(
                    name, "triggers", f"{trigger.prefix} has shared: {trigger.shared}; written by {who}".lower()
                )


def _reads_fed(wiring: Wiring) -> Iterator[Fault]:
    """What is read is written by somebody, and a function reads what wakes it."""
    outside = [t.prefix for function in wiring.functions.values() for t in function.triggers if t.external]
    owned = {PLATFORM, *(prefix for function in wiring.functions.values() for prefix in function.own)}
    for name, function in wiring.functions.items():
        for prefix in function.reads:
            if (
                not wiring.writers(prefix)
                and prefix not in owned
                and not any(overlap(prefix, other) for other in outside)
            ):
                yield Fault(name, "reads", f"nobody writes {prefix}")
        for prefix in function.prefixes:
            if not any(prefix.startswith(read) for read in function.reads):
                yield Fault(name, "reads", f"{prefix} wakes this function, which does not read it")


def _cycles(wiring: Wiring) -> Iterator[Fault]:
    wakes = {(writer, woken) for writer, _, woken in wiring.edges()}
    for guard in wiring.guards:
        if (guard.source, guard.target) not in wakes:
            yield Fault(guard.source, "guards", f"does not wake {guard.target}: the guard guards nothing")
    try:
        wiring.order()
    except ConfigurationError as error:
        yield Fault("guards", "missing", error.what)


def _limits(wiring: Wiring) -> Iterator[Fault]:
    for name, function in wiring.parts.items():
        for field, value, low, high in _bounded(function):
            if not low <= value <= high:
                yield Fault(name, field, f"{value} is not within {low}-{high} for a {function.kind}")
        if function.scale.max < max(function.scale.min, 1):
            yield Fault(name, "scale", f"max {function.scale.max} is below min {function.scale.min}, or none at all")


def _bounded(function: Function) -> Iterator[tuple[str, int, int, int]]:
    """(field, value, lowest, highest)."""
    yield "timeout_s", function.timeout_s, *SECONDS
    yield "memory_mib", function.memory_mib, *MEMORY_MIB
    yield "concurrency", function.concurrency, *(CONCURRENCY if function.kind == "service" else (1, 1))
    yield "scale", function.scale.min, 0, INSTANCES
    yield "scale", function.scale.max, 0, INSTANCES
    yield "retries", function.retries.attempts, *ATTEMPTS
    yield "retries", function.retries.backoff_s, 0, 600


def _grants(wiring: Wiring) -> Iterator[Fault]:
    for name, function in wiring.parts.items():
        for need in sorted(set(function.needs) - NEEDS):
            yield Fault(name, "needs", f"{need!r} is none of {', '.join(sorted(NEEDS))}")
        for table in sorted(set(function.tables) - TABLES):
            yield Fault(name, "tables", f"the database has no {table!r}")
        if function.all_tables and "database" not in function.needs:
            yield Fault(name, "needs", "writes tables without the need `database`")
        if (function.reads or function.all_writes) and "object_store" not in function.needs:
            yield Fault(name, "needs", "reads or writes objects without the need `object_store`")
        for secret in function.secrets:
            if not _VARIABLE.fullmatch(secret):
                yield Fault(name, "secrets", f"{secret!r} is no name of an environment variable")


def _names(wiring: Wiring) -> Iterator[Fault]:
    """A folder, a module and a Kubernetes name at once."""
    for name in wiring.parts:
        if not re.fullmatch(r"[a-z][a-z0-9]{0,30}", name):
            yield Fault(name, "name", "use up to 31 letters and digits, beginning with a letter, all lower-case")


def _platform(wiring: Wiring) -> Iterator[Fault]:
    """What runs beside the functions is asked over HTTP, and is no function."""
    for name, part in wiring.platform.items():
        if name in wiring.functions:
            yield Fault(name, "name", "is the name of a function, too")
        if part.kind != "service" or not all(trigger.http for trigger in part.triggers):
            yield Fault(name, "triggers", "a part of the platform is a service that is woken by http alone")
        if part.scale.min < 1:
            yield Fault(name, "scale", "a part of the platform always runs: min is 1 at least")


def _scaled(wiring: Wiring) -> Iterator[Fault]:
    """A pace is that of what answers over HTTP; a search is shared by jobs, through a study in the database."""
    for name, part in wiring.parts.items():
        pace = part.pace
        if pace and (not part.http or min(pace.per_second, pace.goal_ms) < 1):
            yield Fault(name, "pace", "is for what answers over http, and has two numbers above 0")
        if part.workers and (part.kind != "job" or "database" not in part.needs):
            yield Fault(name, "workers", "are for a job that has the need `database`")
        if not 0 <= part.workers <= INSTANCES:
            yield Fault(name, "workers", f"{part.workers} is not within 0-{INSTANCES}")


def _warm(wiring: Wiring) -> Iterator[Fault]:
    """What is kept awake answers over HTTP, sleeps otherwise, and is asked before a platform puts it to sleep."""
    for name, part in wiring.parts.items():
        if not part.warm:
            continue
        if not part.http or part.scale.min:
            yield Fault(name, "warm", "is for what answers over http and may sleep (scale min 0)")
        if fault := cron_fault(part.warm) or ("" if _STEP.match(part.warm) else "begin it with */1 to */10"):
            yield Fault(name, "warm", f"{part.warm!r}: {fault}")


def _settings(wiring: Wiring) -> Iterator[Fault]:
    for name in wiring.functions:
        if name not in settings.BY_FUNCTION:
            yield Fault(name, "settings", "has no type in touchline.settings.BY_FUNCTION")


def _code(wiring: Wiring, folder: Path) -> Iterator[Fault]:
    for name in wiring.functions:
        if not (folder / name / "main.py").is_file():
            yield Fault(name, "main.py", f"there is no {name}/main.py beside the wiring")
        if not any((Path(__file__).parent / "stages").glob(f"{name}*.py")):
            yield Fault(name, "stage", f"there is no touchline/stages/{name}.py")


RULES: Final[tuple[Rule, ...]] = (
    _names, _prefixes, _trigger_shapes, _writers, _triggers_fed, _reads_fed, _cycles, _limits, _grants, _platform,
    _scaled, _warm, _settings,
)  # fmt: skip
