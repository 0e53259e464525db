"""Ticks that were missed are made up for once, whatever the schedule and whenever somebody looks."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from touchline.domain.schedules import latest, missed
from touchline.wiring_rules import cron_fault

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTES = st.sampled_from(["*", "*/15", "0", "30", "5,40", "10-20"])
HOURS = st.sampled_from(["*", "*/6", "3", "5,17"])
CRON = st.builds(
    lambda minute, hour, day: f"{minute} {hour} * * {day}", MINUTES, HOURS, st.sampled_from(["*", "mon", "tue,fri"])
)
GRACE = st.integers(0, 600).map(lambda seconds: timedelta(seconds=seconds))
PAUSES = st.lists(st.integers(0, 3 * 24 * 3600).map(lambda seconds: timedelta(seconds=seconds)), max_size=30)


def whole(moment: datetime) -> datetime:
    """As the name of a run has it."""
    return moment.replace(microsecond=0)


@given(cron=CRON, grace=GRACE, pauses=PAUSES)
def test_each_tick_is_started_once_and_none_is_missed_for_ever(
    cron: str, grace: timedelta, pauses: list[timedelta]
) -> None:
    assert not cron_fault(cron)
    now, ran = START, None
    started: list[datetime] = []
    for pause in pauses:
        now += pause
        moment = missed(cron, now, ran, START, grace)
        if moment is not None:
            started.append(moment)
            ran = whole(now)
        due = latest(cron, now - grace)
        assert due <= START or (ran is not None and ran >= due)
    assert started == sorted(set(started))
    assert all(latest(cron, moment) == moment for moment in started)


@given(cron=CRON, grace=GRACE, pauses=PAUSES)
def test_nobody_is_started_besides_a_platform_that_keeps_time(
    cron: str, grace: timedelta, pauses: list[timedelta]
) -> None:
    now = START
    for pause in pauses:
        now += pause
        assert missed(cron, now, latest(cron, now), START - timedelta(days=8), grace) is None


def test_a_tick_within_its_grace_is_on_its_way() -> None:
    noon = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    grace = timedelta(minutes=2)
    assert missed("0 12 * * *", noon + timedelta(seconds=119), None, START, grace) is None
    assert missed("0 12 * * *", noon + timedelta(seconds=120), None, START, grace) == noon


def test_what_passed_before_the_schedule_was_known_is_not_made_up() -> None:
    assert missed("0 8 * * *", START, None, START, timedelta(0)) is None
    assert missed("0 8 * * *", START, START - timedelta(days=9), START, timedelta(0)) is None
