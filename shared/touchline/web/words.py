"""What the pages say, in the language of who reads: catalogues of sentences, numbers and dates as people write them."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Final

from touchline.web import words_de, words_en, words_health, words_track

CATALOGUES: Final[dict[str, Mapping[str, str]]] = {
    "en": {**words_en.WORDS, **words_track.ENGLISH, **words_health.ENGLISH},
    "de": {**words_de.WORDS, **words_track.GERMAN, **words_health.GERMAN},
}
"""Language -> key -> sentence; every language has every key."""
DEFAULT: Final = "en"


class Words:
    r"""The words of one language.

    >>> words = Words("de")
    >>> words("home.count.other", n=3), words.number(2.5, 1), words.percent(0.463)
    ('3 kommende Spiele', '2,5', '46\xa0%')
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._words = CATALOGUES[language]

    def __call__(self, key: str, **values: object) -> str:
        """A sentence, its places filled."""
        return self._words[key].format(**values)

    def or_else(self, key: str, otherwise: str) -> str:
        """A word that not every language needs to have."""
        return self._words.get(key, otherwise)

    def many(self, key: str, n: int) -> str:
        """A sentence about n things."""
        return self(f"{key}.{'one' if n == 1 else 'other'}", n=self.count(n))

    def number(self, value: float, digits: int = 2) -> str:
        """A number with so many decimals."""
        return f"{value:,.{digits}f}".translate(self._separators)

    def count(self, value: int) -> str:
        """A whole number."""
        return f"{value:,}".translate(self._separators)

    def percent(self, value: float, digits: int = 0) -> str:
        """A share of 1 in percent."""
        return f"{self.number(100 * value, digits)}\xa0%"

    def signed(self, value: float, digits: int = 1) -> str:
        """A difference in percentage points, with its sign."""
        sign = "+" if value > 0 else "−" if value < 0 else "±"
        return f"{sign}{self.number(abs(100 * value), digits)}"

    def day(self, day: date) -> str:
        """A day, with its weekday."""
        names = self("weekdays").split(), self("months").split()
        return self("day", weekday=names[0][day.weekday()], day=day.day, month=names[1][day.month - 1], year=day.year)

    def short_day(self, day: date) -> str:
        """A day without its weekday, to stand in tables."""
        return self("day.short", day=day.day, month=self("months.short").split()[day.month - 1], year=day.year)

    def moment(self, moment: datetime) -> str:
        """A day and a time, in the zone of the value."""
        return f"{self.short_day(moment.date())}, {moment:%H:%M}"

    def ago(self, seconds: float) -> str:
        """How long ago something was."""
        if seconds < 90:
            return self("ago.now")
        for name, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
            if seconds >= 2 * length or name == "minutes":
                return self(f"ago.{name}", n=self.count(round(seconds / length)))
        raise AssertionError("a minute always fits")

    @property
    def _separators(self) -> dict[int, str]:
        thousands, point = self("separators").split("|")
        return {ord(","): thousands, ord("."): point, ord("-"): "−"}


def choose(wish: str, accepted: str) -> str:
    """The language to answer in: the one asked for, else the first accepted one that there is, else English.

    >>> choose("", "fr-CH, de;q=0.8, en;q=0.7"), choose("en", "de"), choose("xx", "")
    ('de', 'en', 'en')
    """
    ranked = sorted(_accepted(accepted), key=lambda pair: -pair[1])
    return next((name for name, rank in [(wish, 1.0), *ranked] if name in CATALOGUES and rank > 0), DEFAULT)


def _accepted(header: str) -> Iterator[tuple[str, float]]:
    """Languages of an Accept-Language header with their weights."""
    for part in header[:500].split(","):
        name, _, weight = part.partition(";q=")
        try:
            yield name.strip().lower().partition("-")[0], float(weight or 1)
        except ValueError:
            continue
