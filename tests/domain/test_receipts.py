"""The name of a run record says what a receipt must say, and can be read back."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.domain.receipts import Receipt, read, run_id

SCHEDULES = st.from_regex(r"[a-z][a-z0-9-]{0,60}", fullmatch=True) | st.just("")


@given(
    moment=st.datetimes(datetime(2000, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC)),
    work=st.text("0123456789abcdef", min_size=32, max_size=32),
    status=st.sampled_from([200, 204, 400, 503]),
    schedule=SCHEDULES,
)
def test_a_name_is_read_back(moment: datetime, work: str, status: int, schedule: str) -> None:
    key = f"runs/train/{moment:%Y%m%d}/{run_id(moment, work, '0123abcd', status, schedule)}.json"
    assert read(key) == Receipt("train", moment.replace(microsecond=0), work[:12], status, schedule)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "runs/train/20260302/033000-0123456789ab-00c0ffee.json",
        "runs/train/20260302/deeper/033000-0123456789ab-00c0ffee-204.json",
        "runs/train/20260302/033000-0123456789ab-00c0ffee-204-weekly.txt",
        "models/20260302/033000-0123456789ab-00c0ffee-204.json",
    ],
)
def test_other_keys_are_no_receipts(key: str) -> None:
    assert read(key) is None


def test_the_name_of_a_foreign_schedule_makes_no_folders() -> None:
    assert run_id(datetime(2026, 3, 2, tzinfo=UTC), "ab" * 16, "00c0ffee", 204, "a/b").endswith("-204-a_b")
