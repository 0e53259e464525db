"""`functions/wiring.yaml` as typed values: what each function is woken by, reads, writes, needs and may cost.

Loading reports everything that does not fit the format at once; what fits but cannot work is found by `wiring_rules`.
"""

import os
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from touchline.errors import ConfigurationError

if TYPE_CHECKING:
    import yaml

FILE: Final = "wiring.yaml"
CLAIM_TABLES: Final = ("claims", "sealed")
"""Written by each function that works under a claim."""
_HINT: Final = "see the comments at the head of functions/wiring.yaml"


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """What wakes a function: a new object under `prefix`, the schedule `cron` (UTC), or requests to the path `http`."""

    prefix: str = ""
    cron: str = ""
    http: str = ""
    name: str = ""
    """Of a schedule; it is the key of the ticks' events."""
    external: bool = False
    """Objects under the prefix come from outside, perhaps besides those of functions."""
    shared: bool = False
    """Several writers have sub-prefixes of their own under the prefix."""


class Scale(msgspec.Struct, frozen=True):
    """Instances: at least, at most."""

    min: int = 0
    max: int = 1


class Retries(msgspec.Struct, frozen=True):
    """Deliveries in all, the pause after the first, and how the pause grows; then the dead letters."""

    attempts: int = 3
    backoff_s: int = 2
    policy: Literal["exponential", "linear"] = "exponential"


class Pace(msgspec.Struct, frozen=True):
    """What was measured of what answers over HTTP: so many requests a second by one instance, on one processor."""

    per_second: int
    goal_ms: int
    """In so many milliseconds an answer should be there."""


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """One function, with the defaults merged in."""

    name: str
    about: str
    kind: Literal["service", "job"] = "service"
    triggers: tuple[Trigger, ...] = ()
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    """Prefixes of all functions in which each writes below its own name: `runs/` stands for `runs/<name>/`."""
    tables: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    claim: bool = False
    """Works under a claim in the database: one run at a time, and none that lost its claim publishes anything."""
    secrets: tuple[str, ...] = ()
    """Environment variables that the platform fills from its secret store."""
    memory_mib: int = 512
    timeout_s: int = 300
    concurrency: int = 1
    scale: Scale = Scale()
    retries: Retries = Retries()
    workers: int = 0
    """Containers that may join a search for parameters, which they share with the function's own run."""
    pace: Pace | None = None
    """How fast it answers, from which follows when another instance is started."""
    warm: str = ""
    """Schedule (UTC) at whose moments a function behind HTTP is asked for a sign of life, so that it stays awake."""

    @property
    def http(self) -> bool:
        """Whether it answers requests from outside."""
        return any(trigger.http for trigger in self.triggers)

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Prefixes whose new objects wake the function."""
        return tuple(trigger.prefix for trigger in self.triggers if trigger.prefix)

    @property
    def all_tables(self) -> tuple[str, ...]:
        """Every table into which the function may write."""
        return (*self.tables, *(CLAIM_TABLES if self.claim else ()))

    @property
    def all_writes(self) -> tuple[str, ...]:
        """Every prefix under which the function may write."""
        return (*self.writes, *(f"{prefix}{self.name}/" for prefix in self.own))


class Guard(msgspec.Struct, frozen=True, rename={"source": "from", "target": "to"}):
    """Says why a cycle through this edge comes to rest."""

    source: str
    target: str
    reason: str


class Wiring(msgspec.Struct, frozen=True, kw_only=True):
    """All functions by name, in the order of the file."""

    version: Literal[1]
    bucket: str
    functions: dict[str, Function]
    platform: dict[str, Function] = {}
    """What always runs beside the functions where the platform has no such thing itself; nobody sends it events."""
    guards: tuple[Guard, ...] = ()

    @property
    def parts(self) -> dict[str, Function]:
        """The functions, and what runs beside them."""
        return {**self.functions, **self.platform}

    def function(self, name: str) -> Function:
        """A function by name.

        Raises:
            ConfigurationError: the wiring has none of that name.
        """
        if name not in self.functions:
            known = ", ".join(self.functions)
            raise ConfigurationError(f"no function {name!r}", where=FILE, hint=f"known: {known}")
        return self.functions[name]

    def part(self, name: str) -> Function:
        """A function or a part of the platform by name.

        Raises:
            ConfigurationError: the wiring has none of that name.
        """
        return self.platform[name] if name in self.platform else self.function(name)

    def writers(self, prefix: str) -> list[str]:
        """Functions that write under a prefix, or above it."""
        return [name for name, function in self.functions.items() if any(overlap(prefix, w) for w in function.writes)]

    def edges(self) -> Iterator[tuple[str, str, str]]:
        """(writer, prefix, woken function) for every trigger that a function sets off."""
        for name, function in self.functions.items():
            for prefix in function.prefixes:
                yield from ((writer, prefix, name) for writer in self.writers(prefix))

    def order(self) -> tuple[str, ...]:
        """Functions as in the file, but each after those that wake it; guarded edges do not count.

        Raises:
            ConfigurationError: there is a cycle without a guard.
        """
        guarded = {(guard.source, guard.target) for guard in self.guards}
        before: dict[str, set[str]] = {name: set() for name in self.functions}
        for writer, _, woken in self.edges():
            if (writer, woken) not in guarded:
                before[woken].add(writer)
        sorter = TopologicalSorter(before)
        ready: list[str] = []
        ordered: list[str] = []
        try:
            sorter.prepare()
        except CycleError as error:
            path = " -> ".join(error.args[1])
            raise ConfigurationError(
                f"a cycle without a guard: {path}", where=FILE, hint="declare under `guards` why it comes to rest"
            ) from error
        while sorter.is_active():
            ready = sorted([*ready, *sorter.get_ready()], key=list(self.functions).index)
            ordered.append(ready.pop(0))
            sorter.done(ordered[-1])
        return tuple(ordered)


def overlap(one: str, other: str) -> bool:
    """Whether some key can lie under both prefixes.

    >>> overlap("scrapes/published/", "scrapes/"), overlap("raw/", "raws/")
    (True, False)
    """
    return one.startswith(other) or other.startswith(one)


def root(environ: Mapping[str, str] = os.environ) -> Path:
    """Folder of the functions: TOUCHLINE_FUNCTIONS, else that of the checkout, else `functions` where we stand.

    Raises:
        ConfigurationError: none of them has a wiring file.
    """
    named = environ.get("TOUCHLINE_FUNCTIONS")
    places = [Path(named)] if named else [Path(__file__).parents[2] / "functions", Path.cwd() / "functions"]
    for place in places:
        if (place / FILE).is_file():
            return place.resolve()
    looked = tuple(str(place / FILE) for place in places)
    raise ConfigurationError(
        "no wiring file", details=looked, hint="set TOUCHLINE_FUNCTIONS to the folder of the functions"
    )


def load(folder: Path) -> Wiring:
    """The wiring of a folder of functions.

    Raises:
        ConfigurationError: names every unknown key and every value of a wrong type.
    """
    path = folder / FILE
    return parse(_read(path), str(path))


def parse(raw: Mapping[str, Any], where: str) -> Wiring:
    """The wiring in the content of a file.

    Raises:
        ConfigurationError: names every unknown key and every value of a wrong type.
    """
    faults = list(_unknown(raw))
    functions, platform = _functions(raw, "functions", faults), _functions(raw, "platform", faults)
    try:
        made = msgspec.convert({**raw, "functions": {}, "platform": {}}, Wiring)
    except msgspec.ValidationError as error:
        faults.append(str(error))
    if faults:
        raise ConfigurationError("does not have the format of a wiring", where=where, details=tuple(faults))
    return msgspec.structs.replace(made, functions=functions, platform=platform)


def _functions(raw: Mapping[str, Any], block: str, faults: list[str]) -> dict[str, Function]:
    """Functions of one block, the defaults merged in; what cannot be read is added to the faults."""
    found: dict[str, Function] = {}
    defaults = raw.get("defaults") or {}
    for name, given in (raw.get(block) or {}).items():
        try:
            found[name] = msgspec.convert(_merged(defaults, given or {}) | {"name": name}, Function)
        except msgspec.ValidationError as error:
            faults.append(f"{block}.{name}: {error}")
    return found


def _read(path: Path) -> dict[str, Any]:
    import yaml  # who asks for the folder only does without, as a service does that starts

    class Loader(yaml.CSafeLoader):
        """Refuses what YAML swallows: a key given twice, and keys such as `on`, which it takes for a boolean."""

    Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
    try:
        raw = yaml.load(path.read_bytes(), Loader)  # noqa: S506 - the loader is a SafeLoader
    except (yaml.YAMLError, OSError) as error:
        raise ConfigurationError(f"cannot be read: {error}", where=str(path)) from error
    if not isinstance(raw, dict):
        raise ConfigurationError("is no mapping", where=str(path), hint=_HINT)
    return raw


def _mapping(loader: "yaml.CSafeLoader", node: "yaml.MappingNode") -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str) or key in seen:
            what = "twice the key" if isinstance(key, str) else "a key that is no text,"
            raise ConfigurationError(f"{what} {key!r}", where=f"{FILE} line {key_node.start_mark.line + 1}")
        seen[key] = loader.construct_object(value_node, deep=True)
    return seen


def _merged(defaults: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Defaults under what is given; mappings such as `scale` are merged key by key."""
    merged = dict(defaults) | dict(given)
    for key, value in given.items():
        if isinstance(value, dict) and isinstance(defaults.get(key), dict):
            merged[key] = defaults[key] | value
    return merged


_PARTS: Final[dict[str, type[msgspec.Struct]]] = {
    "scale": Scale, "retries": Retries, "triggers": Trigger, "pace": Pace,
}  # fmt: skip


def _unknown(raw: Mapping[str, Any]) -> Iterator[str]:
    """Keys that the format does not have; those of a struct are its fields as written in the file."""
    yield from _strange(raw, _names(Wiring) | {"defaults"}, "")
    blocks = (place for block in ("functions", "platform") for place in _items(raw.get(block), block))
    for place, function in (("defaults", raw.get("defaults")), *blocks):
        yield from _strange(function, _names(Function) - {"name"}, place)
        for part, kind in _PARTS.items():
            inner = function.get(part) if isinstance(function, dict) else None
            for value in inner if isinstance(inner, list) else [inner]:
                yield from _strange(value, _names(kind), f"{place}.{part}")
    for guard in raw.get("guards") or []:
        yield from _strange(guard, _names(Guard), "guards")


def _items(value: Any, place: str) -> list[tuple[str, Any]]:
    return [(f"{place}.{name}", inner) for name, inner in value.items()] if isinstance(value, dict) else []


def _names(kind: type[msgspec.Struct]) -> set[str]:
    return set(kind.__struct_encode_fields__)


def _strange(value: Any, known: set[str], place: str) -> Iterator[str]:
    for key in sorted(set(value) - known) if isinstance(value, dict) else ():
        yield f"{place}.{key}: unknown key; known are {', '.join(sorted(known))}".lstrip(".")
