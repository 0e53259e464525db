"""The wiring as a picture: text for a terminal, Mermaid for documents."""

from collections.abc import Iterator
from typing import Final

from touchline.errors import ConfigurationError
from touchline.wiring import Function, Trigger, Wiring, overlap

START: Final = "<!-- wiring:start -->"
END: Final = "<!-- wiring:end -->"


def ascii_picture(wiring: Wiring) -> str:
    """Each function with what wakes it, what it needs and writes, in the order of the chain; then the platform."""
    width = max(map(len, wiring.parts))
    blocks = [_block(wiring, wiring.part(name), width) for name in (*wiring.order(), *wiring.platform)]
    return "\n".join(line for block in blocks for line in block)


def _block(wiring: Wiring, function: Function, width: int) -> Iterator[str]:
    left = function.name
    for trigger in function.triggers:
        yield f"{left:<{width}}  <- {_cause(wiring, trigger)}"
        left = ""
    if function.warm:
        yield f"{'':<{width}}  <- kept awake {function.warm}"
    if function.writes:
        yield f"{'':<{width}}  -> {' '.join(function.writes)}"
    if function.tables:
        yield f"{'':<{width}}  => tables {' '.join(function.tables)}"
    yield f"{'':<{width}}     {_size(wiring, function)}; needs {', '.join(function.needs)}"


def _size(wiring: Wiring, function: Function) -> str:
    kind = "beside the functions" if function.name in wiring.platform else function.kind
    crew = f", helped by up to {function.workers}" if function.workers else ""
    at_once = f", {function.concurrency} at a time" if function.concurrency > 1 else ""
    size = f"{function.scale.min} to {function.scale.max} of {function.memory_mib} MiB"
    return f"{kind}, {size}, {function.timeout_s} s{at_once}{crew}"


def _cause(wiring: Wiring, trigger: Trigger) -> str:
    if trigger.cron:
        return f"cron {trigger.cron} ({trigger.name})"
    if trigger.http:
        return f"http {trigger.http}"
    writers = [*wiring.writers(trigger.prefix), *(["users"] if trigger.external else [])]
    return f"{trigger.prefix} of {', '.join(writers)}"


def mermaid(wiring: Wiring) -> str:
    """A flow chart: solid arrows wake, dotted ones are read by what answers over HTTP."""
    lines = ["flowchart LR", "  users([users])"]
    lines += [
        f'  {f.name}[{"[" * (f.kind == "job")}"{f.name}"{"]" * (f.kind == "job")}]' for f in wiring.functions.values()
    ]
    lines += [f'  {part.name}{{{{"{part.name}"}}}}' for part in wiring.platform.values()]
    lines += [f'  {writer} -- "{prefix}" --> {woken}' for writer, prefix, woken in wiring.edges()]
    for function in wiring.functions.values():
        lines += [f"  {line}" for trigger in function.triggers for line in _outside(function.name, trigger)]
        if any(trigger.http for trigger in function.triggers):
            lines += [f'  {writer} -. "{prefix}" .-> {function.name}' for writer, prefix in _sources(wiring, function)]
    lines += [f"  {line}" for part in wiring.platform.values() for line in _beside(wiring, part)]
    return "\n".join(lines)


def _outside(name: str, trigger: Trigger) -> Iterator[str]:
    if trigger.cron:
        yield f'{name}_{trigger.name.replace("-", "_")}(["{trigger.name}: {trigger.cron}"]) --> {name}'
    if trigger.http:
        yield f'users -- "HTTP {trigger.http}" --> {name}'
    if trigger.external:
        yield f'users -- "{trigger.prefix}" --> {name}'


def _beside(wiring: Wiring, part: Function) -> Iterator[str]:
    """What runs beside the functions hears of every object, and writes what some of them read."""
    yield f"bucket[(bucket)] -- notifications --> {part.name}"
    for prefix in part.writes:
        readers = [name for name, one in wiring.functions.items() if any(overlap(prefix, read) for read in one.reads)]
        yield from (f'{part.name} -. "{prefix}" .-> {reader}' for reader in readers)


def _sources(wiring: Wiring, function: Function) -> list[tuple[str, str]]:
    return [(writer, read) for read in function.reads for writer in wiring.writers(read) if writer != function.name]


def insert(document: str, picture: str, where: str) -> str:
    """The document with the picture between its markers.

    Raises:
        ConfigurationError: the document has not exactly one pair of markers.
    """
    if document.count(START) != 1 or document.count(END) != 1:
        raise ConfigurationError("no place for the picture", where=where, hint=f"put {START} and {END} into it, once")
    before, rest = document.split(START)
    after = rest.split(END)[1]
    return f"{before}{START}\n```mermaid\n{picture}\n```\n{END}{after}"
