"""The wiring as a picture: text for a terminal, Mermaid for documents."""

from collections.abc import Iterator
from typing import Final

from touchline.errors import ConfigurationError
from touchline.wiring import Function, Trigger, Wiring

START: Final = "<!-- wiring:start -->"
END: Final = "<!-- wiring:end -->"


def ascii_picture(wiring: Wiring) -> str:
    """Each function with what wakes it, what it needs and what it writes, in the order of the chain."""
    width = max(map(len, wiring.functions))
    blocks = (_block(wiring, wiring.functions[name], width) for name in wiring.order())
    return "\n".join(line for block in blocks for line in block)


def _block(wiring: Wiring, function: Function, width: int) -> Iterator[str]:
    left = function.name
    for trigger in function.triggers:
        yield f"{left:<{width}}  <- {_cause(wiring, trigger)}"
        left = ""
    if function.writes:
        yield f"{'':<{width}}  -> {' '.join(function.writes)}"
    if function.tables:
        yield f"{'':<{width}}  => tables {' '.join(function.tables)}"
    size = f"{function.kind}, {function.memory_mib} MiB, {function.timeout_s} s, up to {function.scale.max}"
    yield f"{'':<{width}}     {size}; needs {', '.join(function.needs)}"


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
    lines += [f'  {writer} -- "{prefix}" --> {woken}' for writer, prefix, woken in wiring.edges()]
    for function in wiring.functions.values():
        lines += [f"  {line}" for trigger in function.triggers for line in _outside(function.name, trigger)]
        if any(trigger.http for trigger in function.triggers):
            lines += [f'  {writer} -. "{prefix}" .-> {function.name}' for writer, prefix in _sources(wiring, function)]
    return "\n".join(lines)


def _outside(name: str, trigger: Trigger) -> Iterator[str]:
    if trigger.cron:
        yield f'{name}_{trigger.name.replace("-", "_")}(["{trigger.name}: {trigger.cron}"]) --> {name}'
    if trigger.http:
        yield f'users -- "HTTP {trigger.http}" --> {name}'
    if trigger.external:
        yield f'users -- "{trigger.prefix}" --> {name}'


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
