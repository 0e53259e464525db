"""Laws of keys: what a holder may do, what the service is told, and how little of a key is kept."""

import re
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.domain.keys import (
    RANDOM_BYTES,
    SCOPES,
    ActiveKeys,
    IssuedKey,
    Key,
    active,
    digest_of,
    key_text,
    state_of,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SCOPE_SETS = st.sets(st.sampled_from(SCOPES), min_size=1).map(tuple)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
RANDOM = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)


def key(number: int = 1, **changes: object) -> Key:
    usual = Key(
        id=f"{number:012x}", name=f"key {number}", digest=digest_of(str(number)), scopes=("read",), per_minute=60,
        created=NOON,
    )  # fmt: skip
    return msgspec.structs.replace(usual, **changes)


@given(SCOPE_SETS, st.sampled_from(SCOPES))
def test_scopes_are_what_they_name_and_admin_is_all(scopes: tuple[str, ...], wanted: str) -> None:
    assert key(scopes=scopes).allows(wanted) == (wanted in scopes or "admin" in scopes)


@given(MOMENTS, MOMENTS)
def test_a_key_lives_until_it_expires(expires: datetime, now: datetime) -> None:
    assert key(expires=expires).lives(now) == (now < expires)
    assert key().lives(now)
    assert not key(expires=now).lives(now)


@given(RANDOM, RANDOM)
def test_a_key_says_all_of_its_randomness_in_signs_that_any_header_holds(one: bytes, other: bytes) -> None:
    assert re.fullmatch(r"tl_[A-Za-z0-9_-]{43}", key_text(one))
    assert (key_text(one) == key_text(other)) == (one == other)


@given(st.binary(max_size=100).filter(lambda data: len(data) != RANDOM_BYTES))
def test_a_key_of_less_randomness_is_refused(random: bytes) -> None:
    with pytest.raises(ValueError, match="random bytes"):
        key_text(random)


@given(st.text(st.characters()))
def test_every_text_has_a_hash_also_one_that_cannot_be_written_down(text: str) -> None:
    assert re.fullmatch("[0-9a-f]{64}", digest_of(text + "\ud800"))


@given(st.lists(st.booleans(), max_size=12))
def test_the_service_is_told_of_keys_in_force_and_its_version_counts_the_changes(revoked: list[bool]) -> None:
    issued = [IssuedKey(key=key(n), revoked=NOON if gone else None) for n, gone in enumerate(revoked)]
    told = active(issued)
    assert {one.id for one in told.keys} == {one.key.id for one in issued if one.revoked is None}
    assert told.version == len(revoked) + sum(revoked)
    assert active(issued[::-1]) == told
    assert msgspec.json.decode(msgspec.json.encode(told), type=ActiveKeys) == told


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.data())
def test_every_change_raises_the_version(revoked: list[bool], data: st.DataObject) -> None:
    issued = [IssuedKey(key=key(n), revoked=NOON if gone else None) for n, gone in enumerate(revoked)]
    assert active([*issued, IssuedKey(key=key(99))]).version == active(issued).version + 1
    place = data.draw(st.integers(0, len(issued) - 1))
    if not revoked[place]:
        gone = [*issued[:place], IssuedKey(key=issued[place].key, revoked=NOON), *issued[place + 1 :]]
        assert active(gone).version == active(issued).version + 1


def test_the_state_of_a_key_says_first_that_it_was_revoked() -> None:
    past = NOON - timedelta(days=1)
    states = [
        state_of(IssuedKey(key=key(expires=expires), revoked=revoked), NOON)
        for expires in (None, past)
        for revoked in (None, past)
    ]
    assert states == ["active", "revoked", "expired", "revoked"]
