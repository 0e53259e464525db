"""What people and sources call the competitions: from any name to our code, and from our code to a source's own."""

from collections import defaultdict
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Final

import msgspec

from touchline.domain.competitions import COMPETITIONS
from touchline.domain.vocabulary import slug
from touchline.errors import UnknownName

_FILE: Final = "leagues.yaml"
_SUGGESTED: Final = 5


class League(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Further names of a competition, and what each source calls it."""

    names: tuple[str, ...] = ()
    known_as: dict[str, str] = {}


def find(text: str) -> str:
    """Our code of the competition that somebody names, whatever the case, accents and signs.

    Our own codes, names with or without their country, and what sources call a competition are known.

    Raises:
        UnknownName: nothing is called so, or several are; the details list what may be meant.

    >>> find("E0"), find("England Premier League"), find("premier league (England)"), find("PL"), find("SÜPER LIG")
    ('E0', 'E0', 'E0', 'E0', 'T1')
    >>> find("Serie A")
    Traceback (most recent call last):
    touchline.errors.UnknownName: several competitions are called 'Serie A'
      I1: Italy Serie A
      BRA: Brazil Serie A
      name the country too, or the code
    """
    words = _words(text)
    codes = _by_words().get(words, ())
    if len(codes) == 1:
        return codes[0]
    if codes:
        what, hint = f"several competitions are called {text!r}", "name the country too, or the code"
        raise UnknownName(what, details=_shown(codes), hint=hint)
    near = get_close_matches(words, _by_words(), n=_SUGGESTED)
    codes = tuple(dict.fromkeys(code for name in near for code in _by_words()[name]))
    hint = f"write the country and the name, as in 'England Premier League', or a code: {', '.join(COMPETITIONS)}"
    raise UnknownName(f"no competition is called {text!r}", details=_shown(codes), hint=hint)


def known_as(source: str, code: str) -> str:
    """What a source calls a competition.

    Raises:
        UnknownName: the source does not have it, as far as is known; the details list those that it has.

    >>> known_as("whoscored", "E0"), known_as("openfootball", "SP1")
    ('252/2', 'es.1')
    """
    called = leagues().get(code, League()).known_as.get(source)
    if called is None:
        what = f"{source} has no competition {code}, as far as is known"
        raise UnknownName(
            what, where=code, details=_shown(codes(source)), hint="choose one of these, or another source"
        )
    return called


def codes(source: str) -> tuple[str, ...]:
    """Our codes of the competitions that a source has, in the order of `COMPETITIONS`.

    >>> codes("football-data-org")[:2]
    ('E0', 'E1')
    """
    return tuple(code for code in COMPETITIONS if source in leagues()[code].known_as)


@cache
def leagues() -> dict[str, League]:
    """Every competition by its code."""
    data = resources.files("touchline.sources").joinpath(_FILE).read_bytes()
    found = msgspec.yaml.decode(data, type=dict[str, League])
    if found.keys() != COMPETITIONS.keys():
        raise ValueError(f"{_FILE} and COMPETITIONS differ in {sorted(found.keys() ^ COMPETITIONS.keys())}")
    return found


@cache
def _by_words() -> dict[str, tuple[str, ...]]:
    """Name in plain words -> codes of all that are called so."""
    found: dict[str, list[str]] = defaultdict(list)
    for code, league in leagues().items():
        known = COMPETITIONS[code]
        with_country = (f"{known.country} {name}" for name in (known.name, *league.names))
        for name in (code, known.name, *league.names, *league.known_as.values(), *with_country):
            found[_words(name)].append(code)
    return {words: tuple(dict.fromkeys(some)) for words, some in found.items()}


def _words(text: str) -> str:
    """Letters and digits of a name in a fixed order of its words, so that the country may come first or last."""
    try:
        return " ".join(sorted(slug(text).split("-")))
    except ValueError:  # nothing of it is a letter or a digit
        return ""


def _shown(some: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{code}: {COMPETITIONS[code].country} {COMPETITIONS[code].name}" for code in some)
