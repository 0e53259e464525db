"""Rights follow from the wiring, hold nothing that it does not say, and give nobody what belongs to another.

That they are enough for what functions do is seen where the whole chain runs, in tests/e2e/test_chain.py.
"""

from pathlib import Path

import pytest

from touchline import wiring
from touchline.deploy.rights import rights, widest

FOLDER = Path(__file__).parents[2] / "functions"
WIRED = wiring.load(FOLDER)


@pytest.mark.parametrize("name", list(WIRED.parts))
def test_rights_are_what_the_wiring_says_and_no_more(name: str) -> None:
    part, may = WIRED.part(name), rights(WIRED, name)
    assert set(may.object_reads) <= {*part.reads, *part.prefixes}
    assert set(may.object_writes) <= set(part.all_writes)
    for prefix in (*part.reads, *part.prefixes):
        assert prefix.startswith(may.object_reads)
    for prefix in part.all_writes:
        assert prefix.startswith(may.object_writes)
    assert may.object_lists == may.object_reads
    assert set(may.tables) == set(part.all_tables)
    assert may.secrets == part.secrets
    told = {need: getattr(may, need) for need in ("database", "registry", "cache", "browser", "events", "network")}
    assert {need for need, granted in told.items() if granted} == set(part.needs) - {"object_store"}


def test_nobody_may_write_what_another_writes() -> None:
    owners = [(prefix, name) for name in WIRED.parts for prefix in rights(WIRED, name).object_writes]
    clashes = [(one, other) for one, a in owners for other, b in owners if a != b and wiring.overlap(one, other)]
    assert clashes == []
    assert [name for prefix, name in owners if prefix == "deadletter/"] == ["bridge"]


def test_who_answers_everybody_may_touch_neither_database_nor_registry() -> None:
    may = rights(WIRED, "predict")
    assert [may.database, may.registry, may.events, may.network, bool(may.tables)] == [False] * 5
    assert all(prefix.startswith(("requests/", "uploads/")) for prefix in may.object_writes)


def test_a_function_without_a_store_may_reach_no_object() -> None:
    raw = {
        "version": 1,
        "bucket": "b",
        "functions": {"a": {"about": "?", "triggers": [{"http": "/"}], "reads": ["x/"]}},
    }
    may = rights(wiring.parse(raw, "test"), "a")
    assert (may.object_reads, may.object_writes) == ((), ())


def test_prefixes_below_another_are_left_out() -> None:
    assert widest(["b/c/", "b/", "a/", "b/"]) == ("a/", "b/")
