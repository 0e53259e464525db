"""Schedules: when one fires, and which of its ticks was missed. Five cron fields, read in UTC."""

from datetime import UTC, datetime, timedelta
from itertools import takewhile

from cronsim import CronSim


def latest(cron: str, now: datetime) -> datetime:
    """Last moment at or before `now` that a schedule names.

    >>> latest("15 5,17 * * *", datetime(2026, 3, 2, 17, 15, tzinfo=UTC)).isoformat()
    '2026-03-02T17:15:00+00:00'
    >>> latest("30 3 * * mon", datetime(2026, 3, 4, 9, 0, tzinfo=UTC)).isoformat()
    '2026-03-02T03:30:00+00:00'
    """
    return next(CronSim(cron, now.astimezone(UTC) + timedelta(microseconds=1), reverse=True))


def missed(cron: str, now: datetime, ran: datetime | None, since: datetime, grace: timedelta) -> datetime | None:
    """Moment of the newest tick that passed without a run; None if there is none. Several missed ticks are one.

    Args:
        cron: the schedule.
        now: moment of the look.
        ran: when the schedule's last run began, None if it never ran; a run answers the tick of its own moment too.
        since: when the schedule became known; what it names before that is not made up for.
        grace: a tick that is younger than this is still on its way.

    >>> daily, grace = "30 6 * * *", timedelta(minutes=2)
    >>> look, known = datetime(2026, 3, 3, 9, 0, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    >>> missed(daily, look, datetime(2026, 3, 1, 6, 30, tzinfo=UTC), known, grace).isoformat()
    '2026-03-03T06:30:00+00:00'
    >>> missed(daily, look, datetime(2026, 3, 3, 6, 30, 1, tzinfo=UTC), known, grace) is None
    True
    """
    moment = latest(cron, now - grace)
    return moment if moment > max(since, ran or since) else None


def count(cron: str, since: datetime, until: datetime) -> int:
    """How often a schedule fires after `since` and up to `until`.

    >>> count("*/5 10-22 * * *", datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC))
    156
    """
    return sum(1 for _ in takewhile(lambda moment: moment <= until, CronSim(cron, since.astimezone(UTC))))
