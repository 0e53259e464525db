"""Tasks, files and callbacks: how a task stands, which rows are taken, and where no callback goes."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Literal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from touchline.domain.batch_rows import Rejected, Row, read_rows
from touchline.domain.callbacks import refused, signature, target_of
from touchline.domain.tasks import AskAnswer, Outcome, Task, status, task_id

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TASK = Task(
    id="t", owner="", question=AskAnswer(match_id="m"), asked="", created=NOON, deadline=NOON + timedelta(hours=1),
    kept_until=NOON + timedelta(days=1),
)  # fmt: skip
MOMENTS = st.integers(0, 48 * 3600).map(lambda seconds: NOON + timedelta(seconds=seconds))
OUTCOMES = st.sampled_from(["success", "failure", "expired"]).map(lambda how: Outcome(task="t", status=how))


@given(st.booleans(), st.none() | OUTCOMES, MOMENTS, MOMENTS)
def test_a_task_never_goes_back(begun: bool, outcome: Outcome | None, one: datetime, other: datetime) -> None:
    order = ["pending", "running", "success", "failure", "expired"]
    earlier, later = sorted((one, other))
    first, then = status(TASK, begun, outcome, earlier), status(TASK, begun, outcome, later)
    assert order.index(then) >= order.index(first)
    assert (then == "expired") or (outcome is None) or then == outcome.status


@given(st.text(max_size=5), st.text(min_size=1, max_size=5), st.text(max_size=5), st.text(min_size=1, max_size=5))
def test_two_keys_never_share_a_task(owner: str, key: str, other_owner: str, other_key: str) -> None:
    assume((owner, key) != (other_owner, other_key))
    assert task_id(owner, key) != task_id(other_owner, other_key)


@given(st.binary(max_size=300), st.sampled_from(["csv", "jsonl"]))
def test_any_bytes_are_read_or_refused(data: bytes, form: Literal["csv", "jsonl"]) -> None:
    try:
        found = list(read_rows(data, form))
    except ValueError:
        assert form == "csv"  # its header may be none
        return
    lines = [line for line, _ in found]
    assert lines == sorted(set(lines))
    for _, row in found:
        assert isinstance(row, Rejected) is bool(getattr(row, "reason", ""))


NAMES = st.text(st.characters(codec="ascii", exclude_characters='\r\n\0",', min_codepoint=32), min_size=1, max_size=9)


@given(st.lists(st.tuples(NAMES, NAMES, st.dates(), st.booleans()), max_size=5))
def test_what_was_written_is_read(pairs: list[tuple[str, str, object, bool]]) -> None:
    assume(all(home.strip() and away.strip() for home, away, _, _ in pairs))
    head = "home_team,away_team,competition,date,neutral"
    body = "\n".join([head, *(f"{h},{a},E0,{day},{str(neutral).lower()}" for h, a, day, neutral in pairs)])
    rows = [row for _, row in read_rows(body.encode(), "csv")]
    assert rows == [
        Row(home_team=h.strip(), away_team=a.strip(), competition="E0", date=day, neutral=neutral)
        for h, a, day, neutral in pairs
    ]


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ("1,,a,b,E0,soon,", "date", "write it as 2026-03-14"),
        ("1,,a,b,E0,2026-03-14,perhaps", "neutral", "true or false"),
        ("1,,a,,E0,2026-03-14,", "away_team", "missing: away_team; or give a match_id"),
        ("1,m1,a,,,,", "home_team", "not both"),
        ("1,m1,,,,,true", "neutral", "not both"),
        ("1,,,,,,", "home_team", "neither"),
        ("1,m1", "", "2 values, the header has 7"),
        (f"1,,{'a' * 201},b,E0,2026-03-14,", "home_team", "length <= 200"),
    ],
)
def test_a_bad_row_is_refused_with_its_field(row: str, field: str, reason: str) -> None:
    head = "ref,match_id,home_team,away_team,competition,date,neutral"
    ((line, found),) = read_rows(f"{head}\n{row}\n".encode(), "csv")
    assert isinstance(found, Rejected)
    assert (line, found.field) == (2, field)
    assert reason in found.reason


def test_lines_that_are_no_text_are_refused_and_the_next_ones_read() -> None:
    data = b"match_id\n\xff\n" + b"x" * 140_000 + b"\nm1\n\n"
    found = dict(read_rows(data, "csv"))
    assert [type(row) for row in found.values()] == [Rejected, Rejected, Row]
    assert isinstance(found[2], Rejected)
    assert found[2].reason == "no UTF-8"
    lines = dict(read_rows(b'\xff\n{"match_id": 5}\n[]\n\n{"match_id": "m1"}', "jsonl"))
    assert lines[5] == Row(match_id="m1")
    assert isinstance(lines[2], Rejected)
    assert lines[2].field == "match_id"
    assert len(lines) == 4


@pytest.mark.parametrize("head", ["", "a,b", "ref,ref", "\n", "x" * 140_000])
def test_a_file_without_our_columns_is_refused_as_a_whole(head: str) -> None:
    with pytest.raises(ValueError, match="the columns are ref, match_id"):
        list(read_rows(head.encode(), "csv"))


CLOSED = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "::/96", "::1/128", "64:ff9b::/96", "fc00::/7",
    "fe80::/10", "fec0::/10", "ff00::/8", "2001::/32", "2002::/16",
]  # fmt: skip


@given(st.sampled_from(CLOSED), st.integers(0, 2**128 - 1))
def test_no_private_address_is_called(network: str, place: int) -> None:
    inside = ip_network(network)
    address = inside[place % inside.num_addresses]
    assert refused(str(address), loopback=False)
    if address.version == 4:
        assert refused(str(IPv6Address(f"::ffff:{address}")), loopback=False)


@given(st.ip_addresses())
def test_what_is_called_is_public(address: object) -> None:
    if not refused(str(address), loopback=False):
        assert ip_address(str(address)).is_global
    assert not refused("127.3.2.1", loopback=True)
    assert not refused("::1", loopback=True)
    assert refused("10.0.0.1", loopback=True)


@pytest.mark.parametrize(
    "url",
    [
        "", "http://example.org/", "ftp://example.org/", "https://", "https://user@example.org/",
        "https://user:word@example.org/", "https://example.org/#part", "https://exa mple.org/", "https://example.org/\n",
        "https://example.org:99999/", "https://[::1/", "https://[x]/", "https://ex\\ample.org/", "https://exämple.org/",
        f"https://example.org/{'x' * 2000}", "//example.org/", "http://127.0.0.1.example.org/", "https://@example.org/",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"address|Port|IPv6|IPv4"):
        target_of(url)


def test_addresses_are_taken_apart() -> None:
    assert target_of("https://example.org") == ("https", "example.org", 443, "/")
    assert target_of("http://localhost:8080/a?b=c") == ("http", "localhost", 8080, "/a?b=c")
    assert target_of("https://[2606:4700::1111]:8443/x").host == "2606:4700::1111"


@given(st.binary(), st.binary(), st.integers(0, 2**40), st.integers(0, 2**40))
def test_a_signature_holds_for_one_body_and_one_moment(one: bytes, other: bytes, then: int, later: int) -> None:
    assert (signature("s", then, one) == signature("s", later, other)) is ((then, one) == (later, other))
    assert signature("s", then, one) != signature("t", then, one)
