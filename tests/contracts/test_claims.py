"""Claims: one holder at a time, a token that grows, and no write of anybody who lost his claim."""

import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hand import Hand
from touchline import claiming
from touchline.adapters import database
from touchline.adapters.claims import SqlClaims
from touchline.errors import Conflict
from waiting import wait_until

Connect = Callable[..., sa.Engine]
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def hand() -> Hand:
    return Hand(START)


@pytest.fixture
def claims(engine: sa.Engine, hand: Hand) -> SqlClaims:
    return SqlClaims(engine, hand)


def test_a_claim_is_had_by_one_at_a_time(claims: SqlClaims, hand: Hand) -> None:
    claims.take("train", "one", 30)
    hand.forward(10)
    with pytest.raises(Conflict, match="one is at work") as caught:
        claims.take("train", "other", 30)
    assert caught.value.retry_after == 20
    assert claims.take("scrape", "other", 30).token == 1


def test_a_claim_that_was_given_back_can_be_had_at_once(claims: SqlClaims) -> None:
    first = claims.take("train", "one", 30)
    claims.release(first)
    assert claims.take("train", "other", 30).token == first.token + 1


def test_a_claim_without_a_sign_of_life_is_taken_over(claims: SqlClaims, hand: Hand) -> None:
    first = claims.take("train", "one", 30)
    hand.forward(30)
    second = claims.take("train", "other", 30)
    assert second.token > first.token
    second.hold()
    with pytest.raises(Conflict, match="took over"):
        first.hold()


def test_a_sign_of_life_keeps_a_claim(claims: SqlClaims, hand: Hand) -> None:
    first = claims.take("train", "one", 30)
    for _ in range(5):
        hand.forward(29)
        claims.renew(first, 30)
    with pytest.raises(Conflict):
        claims.take("train", "other", 30)


def test_whoever_lost_a_claim_neither_renews_it_nor_gives_it_back(claims: SqlClaims, hand: Hand) -> None:
    first = claims.take("train", "one", 30)
    hand.forward(31)
    second = claims.take("train", "other", 30)
    claims.renew(first, 300)
    claims.release(first)
    with pytest.raises(Conflict) as caught:
        claims.take("train", "third", 30)
    assert caught.value.retry_after == 30
    second.hold()


def test_a_late_sign_of_life_does_not_bring_back_what_was_given_back(claims: SqlClaims) -> None:
    first = claims.take("train", "one", 30)
    claims.release(first)
    claims.renew(first, 300)
    claims.take("train", "other", 30)


def test_the_claims_of_the_dead_end(claims: SqlClaims) -> None:
    for name, holder in (("train", "up-1/train"), ("scrape", "up-1/scrape"), ("drift", "up-11"), ("promote", "up%")):
        claims.take(name, holder, 30)
    assert claims.expire("up-1/") == 2
    assert claims.expire("up%") == 1, "a name is no pattern"
    assert claims.expire("nobody") == 0
    for name in ("train", "scrape", "promote"):
        claims.take(name, "new", 30)
    with pytest.raises(Conflict, match="up-11"):
        claims.take("drift", "new", 30)


def test_leases_are_measured_by_the_clock_of_the_database(engine: sa.Engine) -> None:
    claims = SqlClaims(engine)
    first = claims.take("train", "one", 60)
    with pytest.raises(Conflict) as caught:
        claims.take("train", "other", 60)
    assert 30 < caught.value.retry_after <= 60
    claims.release(first)
    claims.take("train", "other", 0.05)
    wait_until(lambda: _taken(claims, "train", 0.05), "the lease ends")


def _taken(claims: SqlClaims, name: str, lease: float) -> bool:
    try:
        claims.take(name, "next", lease)
    except Conflict:
        return False
    return True


# What is published under a claim


def test_what_was_sealed_first_stands(claims: SqlClaims, hand: Hand) -> None:
    first = claims.take("train", "one", 30)
    assert first.seal("models/published/1.json", b"one") == b"one"
    hand.forward(31)
    second = claims.take("train", "other", 30)
    assert second.seal("models/published/1.json", b"two") == b"one"
    assert second.seal("models/published/2.json", b"\x00\xff") == b"\x00\xff"


def test_whoever_lost_his_claim_seals_nothing(claims: SqlClaims, hand: Hand) -> None:
    first = claims.take("train", "one", 30)
    hand.forward(31)
    second = claims.take("train", "other", 30)
    with pytest.raises(Conflict, match="took over"):
        first.seal("models/published/1.json", b"one")
    assert second.seal("models/published/1.json", b"two") == b"two"


# Beside each other


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["take", "renew", "release", "write", "wait"]), st.integers(0, 2)), max_size=30
    )
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_of_any_steps_of_three_workers_only_the_last_holder_writes(
    engine: sa.Engine, steps: list[tuple[str, int]]
) -> None:
    hand = Hand(START)
    claims, name = SqlClaims(engine, hand), f"f{id(steps)}-{len(steps)}"
    newest, held = 0, dict[int, claiming.Claim]()
    for step, worker in steps:
        if step == "wait":
            hand.forward(20)
        elif step == "take":
            try:
                held[worker] = claims.take(name, str(worker), 30)
            except Conflict:
                continue
            assert held[worker].token > newest
            newest = held[worker].token
        elif worker in held and step == "write":
            if held[worker].token == newest:
                held[worker].hold()
            else:
                with pytest.raises(Conflict):
                    held[worker].hold()
        elif worker in held:
            (claims.renew(held[worker], 30) if step == "renew" else claims.release(held[worker]))


COUNT = """
import sys
from pathlib import Path
from touchline.adapters import database
from touchline.adapters.claims import SqlClaims
from touchline.errors import Conflict

engine, counter = database.connect(sys.argv[1]), Path(sys.argv[2])
claims, done = SqlClaims(engine), 0
while done < 15:
    try:
        claim = claims.take("count", sys.argv[3], 60)
    except Conflict:
        continue
    lines = counter.read_text()
    counter.write_text(f"{lines}{claim.token}\\n")  # loses a line if two are at it
    claims.release(claim)
    done += 1
engine.dispose()
"""


def test_processes_that_race_never_work_at_once(address: str, tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("")
    command = [sys.executable, "-W", "error", "-c", COUNT, address, str(counter)]
    processes = [subprocess.Popen([*command, str(number)]) for number in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert counter.read_text().split() == [str(token) for token in range(1, 31)]


def test_a_takeover_waits_for_a_write_that_has_begun_and_none_comes_after_it(connect: Connect, hand: Hand) -> None:
    """The write that was checked is whole before anybody else begins; the next one of the old holder is refused."""
    claims, others = SqlClaims(connect(), hand), SqlClaims(connect(), hand)
    first = claims.take("train", "one", 30)
    hand.forward(31)
    order: list[str] = []

    def take_over() -> None:
        others.take("train", "other", 30)
        order.append("taken over")

    taker = threading.Thread(target=take_over)
    engine = connect()
    with database.writing(engine, "models", fenced=False) as connection:
        first.check(connection)
        taker.start()
        taker.join(0.3)
        assert taker.is_alive()
        order.append("written")
    taker.join(30)
    assert order == ["written", "taken over"]
    with pytest.raises(Conflict, match="took over"):
        first.hold()


@pytest.mark.parametrize("address", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_a_takeover_that_waits_keeps_no_other_function_from_renewing(connect: Connect, hand: Hand) -> None:
    claims = SqlClaims(connect(), hand)
    scraping, training = claims.take("scrape", "one", 30), claims.take("train", "two", 30)
    hand.forward(31)
    waiting = SqlClaims(connect(lock_timeout=20), hand)
    taker = threading.Thread(target=lambda: waiting.take("scrape", "other", 30))
    with database.writing(connect(), "matches", fenced=False) as connection:
        scraping.check(connection)
        taker.start()
        taker.join(0.2)
        SqlClaims(connect(lock_timeout=2), hand).renew(training, 30)
        assert taker.is_alive()
    taker.join(30)


def test_a_takeover_that_waits_too_long_is_a_conflict(connect: Connect, hand: Hand) -> None:
    claims = SqlClaims(connect(), hand)
    first = claims.take("train", "one", 30)
    hand.forward(31)
    with database.writing(connect(), "models", fenced=False) as connection:
        first.check(connection)
        with pytest.raises(Conflict):
            SqlClaims(connect(lock_timeout=0.2), hand).take("train", "other", 30)
    first.hold()


# A run


def test_a_run_gives_signs_of_life_and_gives_its_claim_back(connect: Connect) -> None:
    claims, others = SqlClaims(connect()), SqlClaims(connect())
    with claiming.claimed(claims, "train", "one", 1.5) as claim:
        with pytest.raises(AssertionError, match="in vain"):
            wait_until(lambda: _taken(others, "train", 1.5), "it is taken over", seconds=3, pause=0.05)
        claim.hold()
        assert claiming.current() is claim
    assert _taken(others, "train", 30)
    assert claiming.current().token == 0
