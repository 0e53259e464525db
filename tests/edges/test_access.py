"""Who is let in: keys as published, how often, and what happens when the published keys are old, broken or gone."""

import asyncio
import itertools
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from asking import Elapsed
from keyring import MADE, Keyring
from touchline.adapters.clock import VirtualClock
from touchline.adapters.local_store import LocalStore
from touchline.domain.keys import KEYS_POINTER, SCOPES, Scope
from touchline.errors import Unavailable
from touchline.settings import Predict
from touchline.web import callers
from touchline.web.access import ANONYMOUS, MOST_CLIENTS, Access, Admitted, Holder, Refused
from touchline.web.known_keys import PATIENCE
from waiting import wait_until

NOW = MADE + timedelta(days=1)


class Watched(LocalStore):
    """Counts what it is asked; it can be out of reach, or hang."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.asked: list[str] = []
        self.out_of_reach = False
        self.answers = threading.Event()
        self.answers.set()

    def stat(self, key: str) -> Any:
        self.asked.append(key)
        self.answers.wait(60)
        if self.out_of_reach:
            raise Unavailable("the store does not answer", where=key)
        return super().stat(key)


class Scene:
    """A store with keys, and instances of the service that look at it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Watched(folder)
        self.keys = Keyring(self.store)
        self.elapsed = Elapsed()

    def access(self, **changes: Any) -> Access:
        return Access(self.store, Predict(**changes), self.elapsed, VirtualClock(NOW))

    def later(self, seconds: float) -> None:
        self.elapsed.now += seconds


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "objects")


def refused(decision: Admitted | Refused) -> tuple[int, str]:
    assert isinstance(decision, Refused), decision
    return decision.status, decision.reason


def admitted(decision: Admitted | Refused) -> Admitted:
    assert isinstance(decision, Admitted), decision
    return decision


# Scopes


@pytest.mark.parametrize("scopes", [each for n in (1, 2, 3) for each in itertools.combinations(SCOPES, n)])
def test_a_key_opens_what_its_scopes_name_and_admin_opens_all(scene: Scene, scopes: tuple[Scope, ...]) -> None:
    key, access = scene.keys.add(*scopes), scene.access()
    for wanted in SCOPES:
        decision = access.admit(key, "", wanted)
        if wanted in scopes or "admin" in scopes:
            assert admitted(decision).key == Holder("k1", "holder 1", "admin" in scopes)
        else:
            assert refused(decision) == (403, "scope")
            assert f"lacks the scope {wanted}" in decision.detail


def test_without_a_key_wrong_ones_and_old_ones_get_one_answer(scene: Scene) -> None:
    key = scene.keys.add("admin")
    old = scene.keys.add("admin", expires=NOW)
    access = scene.access()
    sent = ["", key[:-1], key + "x", key.upper(), f" {key}", old, "x" * 100_000, "\ud800", "ключ", callers.AMBIGUOUS]
    decisions = [access.admit(text, "", "read") for text in sent]
    assert {(one.status, one.detail, one.hint, one.headers) for one in decisions} == {
        (401, "this needs a valid key", decisions[0].hint, ((b"www-authenticate", b'ApiKey realm="touchline"'),))
    }
    assert [one.reason for one in decisions] == ["missing", *["unknown"] * 4, "expired", *["unknown"] * 4]


def test_refusals_are_decided_by_the_same_steps_whatever_was_presented(scene: Scene) -> None:
    key, access = scene.keys.add("admin"), scene.access()
    near, far = key[:-1] + ("A" if key[-1] != "A" else "B"), "tl_" + "z" * 43

    def steps(text: str) -> list[tuple[str, str]]:
        """Functions that are entered and left on the way to a decision."""
        taken: list[tuple[str, str]] = []
        sys.setprofile(lambda frame, event, _: taken.append((event, frame.f_code.co_name)))
        try:
            access.admit(text, "", "read")
        finally:
            sys.setprofile(None)
        return taken

    steps(far)  # reads the keys
    assert steps("") == steps(near) == steps(far)
    assert ("call", "digest_of") in steps("")


# Who asks without a key


def test_open_access_lets_everybody_read_and_predict_but_not_administer(scene: Scene) -> None:
    access = scene.access(access="open")
    assert admitted(access.admit("", "10.0.0.1", "read")).key == ANONYMOUS
    assert admitted(access.admit("", "10.0.0.1", "predict")).key == ANONYMOUS
    assert refused(access.admit("", "10.0.0.1", "admin")) == (401, "missing")


def test_a_key_counts_where_access_is_open_too(scene: Scene) -> None:
    key, access = scene.keys.add("admin"), scene.access(access="open")
    assert admitted(access.admit(key, "10.0.0.1", "admin")).key.id == "k1"
    assert refused(access.admit("tl_wrong", "10.0.0.1", "read")) == (401, "unknown")


# How often


def test_each_key_has_a_bucket_and_is_told_how_much_is_left(scene: Scene) -> None:
    slow, fast = scene.keys.add("read", per_minute=2), scene.keys.add("read", per_minute=60)
    access = scene.access()
    assert [admitted(access.admit(slow, "", "read")).remaining for _ in range(2)] == [1, 0]
    decision = access.admit(slow, "", "read")
    assert refused(decision) == (429, "rate")
    assert dict(decision.headers) == {
        b"retry-after": b"30", b"ratelimit-limit": b"2", b"ratelimit-remaining": b"0", b"ratelimit-reset": b"60",
        b"ratelimit-policy": b"2;w=60",
    }  # fmt: skip
    told = dict(admitted(access.admit(fast, "", "read")).headers)
    assert (told[b"ratelimit-limit"], told[b"ratelimit-remaining"], told[b"ratelimit-reset"]) == (b"60", b"59", b"1")
    scene.later(30)
    assert admitted(access.admit(slow, "", "read")).remaining == 0
    assert refused(access.admit(slow, "", "read")) == (429, "rate")


def test_a_refusal_for_its_scope_costs_nothing_and_one_for_its_rate_neither(scene: Scene) -> None:
    key, access = scene.keys.add("read", per_minute=1), scene.access()
    for _ in range(5):
        assert refused(access.admit(key, "", "predict")) == (403, "scope")
    admitted(access.admit(key, "", "read"))
    for _ in range(5):
        assert refused(access.admit(key, "", "read")) == (429, "rate")
    scene.later(60)
    admitted(access.admit(key, "", "read"))


def test_a_bucket_outlives_a_change_of_other_keys_but_not_its_own_key(scene: Scene) -> None:
    key, access = scene.keys.add("read", per_minute=1), scene.access()
    admitted(access.admit(key, "", "read"))
    scene.keys.add("read")
    scene.later(1.5)
    assert refused(access.admit(key, "", "read")) == (429, "rate")


def test_addresses_have_buckets_of_their_own_and_many_of_them_take_no_more_room(scene: Scene) -> None:
    access = scene.access(access="open", open_per_minute=1)
    admitted(access.admit("", "first", "read"))
    assert refused(access.admit("", "first", "read")) == (429, "rate")
    addresses = [f"10.0.{number >> 8}.{number & 255}" for number in range(3 * MOST_CLIENTS)]
    for address in addresses:
        admitted(access.admit("", address, "read"))
    for address in addresses[-MOST_CLIENTS:]:
        assert refused(access.admit("", address, "read")) == (429, "rate")
    admitted(access.admit("", addresses[-MOST_CLIENTS - 1], "read"))  # forgotten


# What is published


def test_a_revoked_key_is_refused_within_two_seconds_everywhere(scene: Scene) -> None:
    key, instances = scene.keys.add("read"), [scene.access(), scene.access(), scene.access(access="open")]
    for access in instances:
        admitted(access.admit(key, "", "read"))
    scene.later(0.4)
    scene.keys.revoke("k1")
    scene.later(1.0)
    for access in instances:
        assert refused(access.admit(key, "", "read")) == (401, "unknown")


def test_a_service_that_slept_looks_before_it_answers(scene: Scene) -> None:
    key, access = scene.keys.add("read"), scene.access()
    admitted(access.admit(key, "", "read"))
    scene.keys.revoke("k1")
    scene.later(36_000)
    assert refused(access.admit(key, "", "read")) == (401, "unknown")


def test_a_slower_look_for_news_does_not_let_revoked_keys_in_for_longer(scene: Scene) -> None:
    key, access = scene.keys.add("read"), scene.access(refresh_seconds=60.0)
    admitted(access.admit(key, "", "read"))
    scene.keys.revoke("k1")
    scene.later(1.01)
    assert refused(access.admit(key, "", "read")) == (401, "unknown")


def test_the_store_is_asked_once_a_second_at_most(scene: Scene) -> None:
    key, access = scene.keys.add("read"), scene.access()
    scene.store.asked.clear()
    for _ in range(50):
        admitted(access.admit(key, "", "read"))
    assert scene.store.asked == [KEYS_POINTER]
    scene.later(1.0)
    assert access.known.due
    admitted(access.admit(key, "", "read"))
    assert not access.known.due
    assert scene.store.asked == [KEYS_POINTER] * 2


def after(access: Access, key: str) -> Admitted | Refused:
    """What the service does with a request."""

    async def ask() -> Admitted | Refused:
        if access.known.due:
            await access.known.fresh()
        return access.admit(key, "", "read")

    return asyncio.run(ask())


def test_a_busy_service_looks_beside_its_requests(scene: Scene) -> None:
    key, access = scene.keys.add("read"), scene.access()
    admitted(after(access, key))
    scene.keys.revoke("k1")
    scene.store.answers.clear()
    scene.later(1.0)
    admitted(after(access, key))  # the look goes on beside it
    scene.store.answers.set()
    wait_until(lambda: not access.known.by_digest, "the look ends", 10, pause=0.001)
    assert refused(after(access, key)) == (401, "unknown")


def test_a_service_that_slept_waits_for_its_look(scene: Scene) -> None:
    key, access = scene.keys.add("read"), scene.access()
    admitted(after(access, key))
    scene.keys.revoke("k1")
    scene.later(2.0)
    assert refused(after(access, key)) == (401, "unknown")


def test_a_store_that_hangs_holds_nobody_up_for_long(scene: Scene) -> None:
    key, access = scene.keys.add("read"), scene.access()
    admitted(after(access, key))
    scene.store.answers.clear()
    begun = time.monotonic()
    for _ in range(20):  # one look hangs while many others come due
        scene.later(10.0)
        admitted(after(access, key))
    assert PATIENCE <= time.monotonic() - begun < 8 * PATIENCE
    scene.store.answers.set()
    scene.keys.revoke("k1")
    scene.later(10.0)
    wait_until(lambda: isinstance(after(access, key), Refused), "the store is back", 10, pause=0.001)


def test_before_the_first_key_nobody_gets_in_and_nothing_is_wrong(scene: Scene) -> None:
    access = scene.access()
    assert refused(access.admit("", "", "read")) == (401, "missing")
    assert access.fault == ""
    key = scene.keys.add("read")
    scene.later(1.0)
    admitted(access.admit(key, "", "read"))


def broken(scene: Scene) -> None:
    scene.keys.write(b'{"version": 9, "keys": [{"id": "k1", "scopes": ["admin"]}]}')


def unreadable(scene: Scene) -> None:
    scene.store.out_of_reach = True


def strange(scene: Scene) -> None:
    scene.store.stat = lambda key: {}[key]  # type: ignore[method-assign,index]


def gone(scene: Scene) -> None:
    (scene.folder / KEYS_POINTER).unlink()


def put_back(scene: Scene) -> None:
    Keyring(scene.store).add("admin")  # a list of version 1, as before the second key


@pytest.mark.parametrize("harm", [broken, unreadable, strange, gone, put_back])
def test_harm_to_the_published_keys_changes_nothing_and_is_told(scene: Scene, harm: Callable[[Scene], None]) -> None:
    old, key = scene.keys.add("admin"), scene.keys.add("read")
    scene.keys.revoke("k1")
    access = scene.access()
    admitted(access.admit(key, "", "read"))
    harm(scene)
    scene.later(1.0)
    admitted(access.admit(key, "", "read"))
    assert refused(access.admit(old, "", "read")) == (401, "unknown")
    assert KEYS_POINTER in access.fault
    assert "tl_" not in access.fault


def test_what_was_mended_is_taken_up(scene: Scene) -> None:
    key, access = scene.keys.add("read"), scene.access()
    admitted(access.admit(key, "", "read"))
    broken(scene)
    scene.later(1.0)
    admitted(access.admit(key, "", "read"))
    assert access.fault
    scene.keys.revoke("k1")
    scene.later(1.0)
    assert refused(access.admit(key, "", "read")) == (401, "unknown")
    assert access.fault == ""


@pytest.mark.parametrize("harm", [broken, unreadable, strange])
def test_before_any_keys_were_read_nobody_gets_in(scene: Scene, harm: Callable[[Scene], None]) -> None:
    key = scene.keys.add("admin")
    harm(scene)
    closed, opened = scene.access(), scene.access(access="open")
    decision = closed.admit(key, "", "read")
    assert refused(decision) == (503, "closed")
    assert dict(decision.headers)[b"retry-after"] == b"1"
    assert refused(closed.admit("", "", "read")) == (503, "closed")
    assert refused(opened.admit(key, "", "read")) == (503, "closed")
    assert refused(opened.admit("", "", "admin")) == (503, "closed")
    admitted(opened.admit("", "10.0.0.1", "read"))


def test_all_keys_revoked_is_no_harm(scene: Scene) -> None:
    key, access = scene.keys.add("read"), scene.access()
    admitted(access.admit(key, "", "read"))
    scene.keys.revoke("k1")
    scene.later(1.0)
    assert refused(access.admit(key, "", "read")) == (401, "unknown")
    assert access.fault == ""
