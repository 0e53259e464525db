"""Facts about the names of clubs: spellings that mean one club, and look-alikes that are two.

Both are per country, since a club keeps its name when it changes division. The facts are in `clubs.yaml`.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Final

import msgspec

from touchline.domain.vocabulary import slug

_FILE: Final = "clubs.yaml"
SUGGESTED: Final = 3
"""Teams that are suggested for a name, at most."""
_ALIKE: Final = 60.0
"""Of 100; names below that have no more than some letters in common."""


class Clubs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of the names of one country's clubs."""

    spellings: dict[str, tuple[str, ...]] = {}
    """Our name -> the names that others use."""
    apart: tuple[tuple[str, str], ...] = ()
    """Names that resemble each other and are kept apart."""


@cache
def clubs() -> dict[str, Clubs]:
    """All that is known, by country."""
    return msgspec.yaml.decode(resources.files("touchline.sources").joinpath(_FILE).read_bytes(), type=dict[str, Clubs])


@cache
def spellings() -> dict[str, dict[str, str]]:
    """Country -> published name -> the name that we use."""
    return {
        country: {spelling: team for team, others in known.spellings.items() for spelling in others}
        for country, known in clubs().items()
    }


@cache
def distinct() -> dict[str, frozenset[frozenset[str]]]:
    """Country -> pairs of names that resemble each other and are kept apart."""
    return {country: frozenset(frozenset(pair) for pair in known.apart) for country, known in clubs().items()}


def suggest(name: str, country: str, known: Mapping[str, str]) -> tuple[str, ...]:
    """Known teams of a country that a name may mean, the best first; three at most.

    Args:
        name: as a source writes it.
        country: country of the competition in which it plays.
        known: spelling -> canonical name, as stored; only these teams are suggested.

    >>> known = {name: name for name in ("Sheffield Weds", "Sheffield United", "Brighton")}
    >>> suggest("Sheff Wednesday", "England", known)
    ('Sheffield Weds', 'Sheffield United')
    """
    from rapidfuzz import fuzz, process

    teams = set(known.values())
    shipped = {other: team for other, team in spellings().get(country, {}).items() if team in teams}
    plain = {_plain(spelling): team for spelling, team in (shipped | dict(known)).items()}
    found = process.extract(_plain(name), list(plain), scorer=fuzz.WRatio, score_cutoff=_ALIKE, limit=5 * SUGGESTED)
    return _first(plain[spelling] for spelling, _, _ in found)


def _plain(name: str) -> str:
    return slug(name).replace("-", " ")


def _first(teams: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(teams))[:SUGGESTED]
