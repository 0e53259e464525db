"""What each function may do, derived from what the wiring says of it; every platform grants this, and nothing else."""

from collections.abc import Iterable

import msgspec

from touchline.wiring import Wiring


class Rights(msgspec.Struct, frozen=True, kw_only=True):
    """All that one function may reach. Prefixes are those of the bucket, none below another."""

    object_reads: tuple[str, ...]
    """May get the objects under them, and ask whether one is there."""
    object_lists: tuple[str, ...]
    """May list their keys. (S3 tells who may not list the bucket that a missing object is forbidden.)"""
    object_writes: tuple[str, ...]
    """May create objects under them and replace those, but never remove one."""
    database: bool
    """May read every table."""
    tables: tuple[str, ...]
    """May insert and update rows of them."""
    secrets: tuple[str, ...]
    """Environment variables whose values it may be given."""
    registry: bool
    cache: bool
    browser: bool
    events: bool
    """May send events to the functions."""
    network: bool
    """May call addresses outside the platform."""


def rights(wiring: Wiring, name: str) -> Rights:
    """What a function of the wiring may do, or a part of the platform.

    Raises:
        ConfigurationError: the wiring has none of that name.
    """
    part = wiring.part(name)
    needs = set(part.needs)
    stored = "object_store" in needs
    reads = widest((*part.reads, *part.prefixes)) if stored else ()
    return Rights(
        object_reads=reads,
        object_lists=reads,
        object_writes=widest(part.all_writes) if stored else (),
        database="database" in needs,
        tables=tuple(sorted(part.all_tables)),
        secrets=part.secrets,
        registry="registry" in needs,
        cache="cache" in needs,
        browser="browser" in needs,
        events="events" in needs,
        network="network" in needs,
    )


def widest(prefixes: Iterable[str]) -> tuple[str, ...]:
    """Prefixes in order, without those that lie below another one.

    >>> widest(["raw/published/", "raw/", "runs/export/"])
    ('raw/', 'runs/export/')
    """
    kept: list[str] = []
    for prefix in sorted(set(prefixes)):
        if not kept or not prefix.startswith(kept[-1]):
            kept.append(prefix)
    return tuple(kept)
