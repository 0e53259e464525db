"""Which team a published name means: known spellings first, then caution about names that look like another.

A new name that resembles a known one of the same country is more often a slip of the pen than a new club. It is taken
for a club of its own only where somebody listed it so, where both played on one day (which one club cannot), or where
years lie between their matches.
"""

from collections.abc import Collection, Iterator, Mapping
from difflib import SequenceMatcher
from typing import Final

import msgspec

from touchline.domain.vocabulary import slug

ALIKE: Final = 0.8
"""Whole names from this ratio of common letters on (difflib's) resemble each other ..."""
REST_ALIKE: Final = 0.5
"""... if what is left of them without their common words has at least this ratio."""
YEARS_APART: Final = 4
"""Names between whose matches lie more years than that are not confused: a slip stands beside the right spelling."""
_MARK: Final = 2
"""Words of up to so many letters tell teams apart ("B", "II") and are no misspelling of each other; nor are numbers."""
_ABBREVIATION: Final = 3

Name = tuple[str, str]
"""Country and name."""
Days = Mapping[Name, Collection[int]]
"""Days on which somebody plays, as ordinals (`datetime.date.toordinal`)."""


class Suspect(msgspec.Struct, frozen=True, order=True):
    """A name that nobody declared, and the known ones that it resembles, best first; in a closed country maybe none."""

    country: str
    name: str
    resembles: tuple[str, ...]


class Resolution(msgspec.Struct, frozen=True):
    """What published names mean."""

    teams: dict[Name, str]
    """Every resolved name -> canonical name."""
    new: dict[Name, str]
    """Those among them that were not known before; a new team stands for itself."""
    suspects: tuple[Suspect, ...]
    """Names that need somebody's word; they are in neither of the others."""


def resolve(
    played: Days,
    known: Mapping[str, Mapping[str, str]],
    aliases: Mapping[str, Mapping[str, str]],
    distinct: Mapping[str, Collection[frozenset[str]]],
    days: Days,
    closed: Collection[str] = (),
) -> Resolution:
    """Find the team behind each published name.

    Args:
        played: published names, each with the days on which it plays.
        known: country -> spelling -> canonical name, as stored.
        aliases: country -> further spelling -> canonical name.
        distinct: country -> pairs of names that look alike and are two clubs.
        days: canonical names -> days on which these teams play besides, as far as is known.
        closed: countries in which no name becomes a team, since somebody else names the teams there.

    >>> answer = resolve({("England", "arsenal "): {1}, ("England", "Arsenall"): {2}, ("England", "Fulham"): {1}},
    ...                  {"England": {"Arsenal": "Arsenal"}}, {}, {}, {})
    >>> answer.teams
    {('England', 'Fulham'): 'Fulham', ('England', 'arsenal '): 'Arsenal'}
    >>> answer.suspects
    (Suspect(country='England', name='Arsenall', resembles=('Arsenal',)),)
    """
    books = {country: _Spellings(known.get(country, {}), aliases.get(country, {})) for country, _ in played}
    calendar = {name: set(when) for name, when in days.items()}
    teams: dict[Name, str] = {}
    new: dict[Name, str] = {}
    suspects = []
    for name in sorted(played, key=lambda name: (-len(played[name]), name)):  # the usual spelling before its slips
        country, published = name
        team = books[country].find(published)
        if team is None:
            team = " ".join(published.split())
            apart = distinct.get(country, ())
            near = tuple(
                other
                for other in books[country].like(team)
                if frozenset((team, other)) not in apart
                and not _apart(played[name], calendar.get((country, other), ()))
            )
            if near or country in closed:
                suspects.append(Suspect(country, published, near))
                continue
        teams[name] = team
        calendar.setdefault((country, team), set()).update(played[name])
        if books[country].learn(published, team):
            new[name] = team
    return Resolution(teams, new, tuple(sorted(suspects)))


def _apart(some: Collection[int], others: Collection[int]) -> bool:
    """Whether two names cannot be one club's: both play on one day, or years lie between them."""
    if not some or not others:
        return False
    gap = max(min(some) - max(others), min(others) - max(some))
    return not set(some).isdisjoint(others) or gap > YEARS_APART * 365


class _Spellings:
    """Spellings of one country's teams."""

    def __init__(self, known: Mapping[str, str], aliases: Mapping[str, str]) -> None:
        self._known = dict(known)
        self._aliases = aliases
        self._by_slug: dict[str, str] = {}
        for spellings in (aliases, known):  # what is stored has the last word
            self._by_slug |= {slug(spelling): team for spelling, team in spellings.items()}
        for team in (*known.values(), *aliases.values()):
            self._by_slug.setdefault(slug(team), team)

    def find(self, published: str) -> str | None:
        """Team with exactly this spelling, else with one that differs in case, blanks and signs only."""
        exact = self._known.get(published) or self._aliases.get(published)
        return exact or self._by_slug.get(slug(published))

    def like(self, name: str) -> list[str]:
        """Teams with a spelling that resembles a name, the most similar first."""
        mine = slug(name)
        found: dict[str, float] = {}
        for other, team in self._present():
            if (ratio := _likeness(mine, other)) > found.get(team, 0.0):
                found[team] = ratio
        return sorted(found, key=lambda team: (-found[team], team))

    def _present(self) -> Iterator[tuple[str, str]]:
        """Slugs and teams, without aliases of teams that nobody has seen yet."""
        seen = set(self._known.values())
        return ((other, team) for other, team in self._by_slug.items() if team in seen)

    def learn(self, published: str, team: str) -> bool:
        """Remember a spelling; whether it was new."""
        if published in self._known:
            return False
        self._known[published] = team
        self._by_slug.setdefault(slug(published), team)
        return True


def _likeness(one: str, other: str) -> float:
    """How much two slugs resemble each other, 0 to 1; 0 where they are no more alike than names of neighbours.

    >>> round(_likeness("man-utd", "man-united"), 2), round(_likeness("rb-leipzig", "leipzig"), 2)
    (0.82, 0.82)
    >>> _likeness("man-city", "man-united")
    0.0
    """
    if len({number for number in map(_number, (one, other)) if number}) > 1:
        return 0.0
    words, others = one.split("-"), other.split("-")
    rest = [word for word in words if word not in others]
    other_rest = [word for word in others if word not in words]
    if not rest or not other_rest or _abbreviated(words, others):
        return SequenceMatcher(None, one, other, autojunk=False).ratio()
    if max(map(len, (*rest, *other_rest))) <= _MARK or not _ratio("-".join(rest), "-".join(other_rest), REST_ALIKE):
        return 0.0
    return _ratio(one, other, ALIKE)


def _ratio(one: str, other: str, least: float) -> float:
    """Ratio of common letters, 0 where it is less than `least`, which is mostly found out cheaply."""
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.real_quick_ratio() < least or matcher.quick_ratio() < least:
        return 0.0
    ratio = matcher.ratio()
    return ratio if ratio >= least else 0.0


def _number(name: str) -> str:
    return "".join(letter for letter in name if letter.isdigit())


def _abbreviated(words: list[str], others: list[str]) -> bool:
    """Whether word for word one is the other, or short for it ("sheff-utd" and "sheffield-united")."""
    return 1 < len(words) == len(others) and all(
        one == other or _short_for(*sorted((one, other), key=len)) for one, other in zip(words, others, strict=True)
    )


def _short_for(short: str, word: str) -> bool:
    letters = iter(word)
    in_order = all(letter in letters for letter in short)
    return len(short) >= _ABBREVIATION and short[0] == word[0] and in_order
