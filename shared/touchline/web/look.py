"""How a page is looked at: its language, its time zone, and links that keep both."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from touchline.web.words import CATALOGUES, Words, choose

ZONES: Final = (
    "UTC", "Europe/London", "Europe/Dublin", "Europe/Lisbon", "Europe/Madrid", "Europe/Paris", "Europe/Brussels",
    "Europe/Amsterdam", "Europe/Berlin", "Europe/Zurich", "Europe/Rome", "Europe/Vienna", "Europe/Warsaw",
    "Europe/Stockholm", "Europe/Athens", "Europe/Istanbul", "America/New_York", "America/Chicago", "America/Denver",
    "America/Los_Angeles", "America/Mexico_City", "America/Sao_Paulo", "America/Argentina/Buenos_Aires",
    "Africa/Lagos", "Africa/Johannesburg", "Asia/Dubai", "Asia/Kolkata", "Asia/Shanghai", "Asia/Tokyo",
    "Australia/Sydney",
)  # fmt: skip
"""Zones that the switch offers; every other one of the time zone database is understood as well."""
KEPT: Final = ("lang", "tz")


@dataclass(frozen=True)
class Look:
    """One way to look at a page; templates know it as `look`, its words as `t`."""

    words: Words
    zone: tzinfo
    zone_name: str
    chosen: Mapping[str, str]
    """Language and zone as far as the address names them."""
    path: str
    query: Mapping[str, str]
    """What else the address asks."""
    now: datetime

    def href(self, path: str, /, **query: object) -> str:
        """A link that keeps language and zone; what is empty is left out."""
        asked = {**self.chosen, **{name: str(value) for name, value in query.items() if value not in ("", None)}}
        return f"{path}?{urlencode(asked)}" if asked else path

    def here(self, /, **changes: object) -> str:
        """A link to this page with some of the question changed."""
        return self.href(self.path, **{**self.query, **changes})

    def local(self, moment: datetime) -> datetime:
        """A moment in the zone that was chosen."""
        return moment.astimezone(self.zone)

    def moment(self, moment: datetime) -> str:
        """A moment for people, with its zone."""
        local = self.local(moment)
        return f"{self.words.moment(local)} {local:%Z}"

    def ago(self, moment: datetime) -> str:
        """How long ago a moment was."""
        return self.words.ago((self.now - moment).total_seconds())

    def day(self, moment: datetime) -> date:
        """The day of a moment, in the zone that was chosen."""
        return self.local(moment).date()


def look_at(path: str, asked: Mapping[str, str], accepted: str, now: datetime) -> Look:
    """How to look at a page: from what its address asks and which languages the browser accepts."""
    zone, name = _zone(asked.get("tz", ""))
    chosen = {key: asked[key] for key in KEPT if asked.get(key)}
    if "tz" in chosen:
        chosen["tz"] = name
    if chosen.get("lang") not in CATALOGUES:  # a language that we do not speak is no choice
        chosen.pop("lang", None)
    return Look(
        words=Words(choose(asked.get("lang", ""), accepted)),
        zone=zone,
        zone_name=name,
        chosen=chosen,
        path=path,
        query={key: value for key, value in asked.items() if key not in KEPT},
        now=now,
    )


def _zone(name: str) -> tuple[tzinfo, str]:
    """A zone by its name; UTC where the machine knows none of that name."""
    try:
        return (ZoneInfo(name), name) if name and name != "UTC" else (UTC, "UTC")
    except (KeyError, OSError, ValueError):  # not found; the name of a folder; no name at all
        return UTC, "UTC"
