"""Competitions that sources speak of: their code, country, tier, and whether a season lies within one calendar year."""

from typing import Final

import msgspec

from touchline.domain.vocabulary import slug


class Competition(msgspec.Struct, frozen=True):
    """A league. Teams are known per country, so that a club keeps its identity when it changes division."""

    code: str
    country: str
    name: str
    tier: int = 1
    """1 for the highest division of the country."""
    calendar_year: bool = False
    """True where a season is named by one year ("2024"), False where it runs over two ("2024-25")."""


SIMULATED: Final = Competition("SIM1", "Simulated", "Simulated League")

_DIVISIONS: Final = (
    ("E0", "England", "Premier League", 1),
    ("E1", "England", "Championship", 2),
    ("E2", "England", "League One", 3),
    ("E3", "England", "League Two", 4),
    ("EC", "England", "National League", 5),
    ("SC0", "Scotland", "Premiership", 1),
    ("SC1", "Scotland", "Championship", 2),
    ("SC2", "Scotland", "League One", 3),
    ("SC3", "Scotland", "League Two", 4),
    ("D1", "Germany", "Bundesliga", 1),
    ("D2", "Germany", "2. Bundesliga", 2),
    ("I1", "Italy", "Serie A", 1),
    ("I2", "Italy", "Serie B", 2),
    ("SP1", "Spain", "La Liga", 1),
    ("SP2", "Spain", "Segunda Division", 2),
    ("F1", "France", "Ligue 1", 1),
    ("F2", "France", "Ligue 2", 2),
    ("N1", "Netherlands", "Eredivisie", 1),
    ("B1", "Belgium", "Pro League", 1),
    ("P1", "Portugal", "Primeira Liga", 1),
    ("T1", "Turkey", "Super Lig", 1),
    ("G1", "Greece", "Super League", 1),
)

_EXTRA: Final = (
    ("ARG", "Argentina", "Primera Division", True),
    ("AUT", "Austria", "Bundesliga", False),
    ("BRA", "Brazil", "Serie A", True),
    ("CHN", "China", "Super League", True),
    ("DNK", "Denmark", "Superliga", False),
    ("FIN", "Finland", "Veikkausliiga", True),
    ("IRL", "Ireland", "Premier Division", True),
    ("JPN", "Japan", "J1 League", True),
    ("MEX", "Mexico", "Liga MX", False),
    ("NOR", "Norway", "Eliteserien", True),
    ("POL", "Poland", "Ekstraklasa", False),
    ("ROU", "Romania", "Liga 1", False),
    ("RUS", "Russia", "Premier League", False),
    ("SWE", "Sweden", "Allsvenskan", True),
    ("SWZ", "Switzerland", "Super League", False),
    ("USA", "USA", "MLS", True),
)

MAIN_DIVISIONS: Final = tuple(code for code, *_ in _DIVISIONS)
EXTRA_LEAGUES: Final = tuple(code for code, *_ in _EXTRA)

COMPETITIONS: Final[dict[str, Competition]] = {
    **{code: Competition(code, country, name, tier) for code, country, name, tier in _DIVISIONS},
    **{code: Competition(code, country, name, 1, calendar) for code, country, name, calendar in _EXTRA},
    SIMULATED.code: SIMULATED,
}
"""Competitions by code: 22 main divisions and 16 extra leagues of football-data.co.uk, and the simulated league."""

_BY_SLUG: Final = {slug(code): code for code in COMPETITIONS}
EXTRA_BY_COUNTRY: Final = {country: code for code, country, *_ in _EXTRA}
"""Country -> code, where a source names an extra league by its country alone."""


def competition(code: str) -> Competition:
    """A competition by its code; a code that is not listed is a league in a country of its own.

    >>> competition("E1").country, competition("BRA").calendar_year, competition("village-cup").country
    ('England', True, 'village-cup')
    """
    return COMPETITIONS.get(code) or Competition(code, code, code)


def listed_as(code: str) -> str:
    """The listed code that has the same slug, and so the same identities of matches; empty if there is none.

    >>> listed_as("e0"), listed_as("E0"), listed_as("village-cup")
    ('E0', 'E0', '')
    """
    try:
        return _BY_SLUG.get(slug(code), "")
    except ValueError:  # it has no letter
        return ""


def is_simulated(code: str) -> bool:
    """Whether the matches of a competition are invented.

    >>> is_simulated("SIM1"), is_simulated("E0")
    (True, False)
    """
    return code == SIMULATED.code
