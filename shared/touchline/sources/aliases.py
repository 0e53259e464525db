"""Facts about the names of football-data.co.uk: spellings that mean one club, and look-alikes that are two.

Both are per country, since a club keeps its name when it changes division.
"""

from typing import Final

ALIASES: Final[dict[str, dict[str, str]]] = {
    "Argentina": {
        "Colon Santa FE": "Colon Santa Fe",
    },
    "Belgium": {
        "Zulte Waregem": "Waregem",
    },
    "Brazil": {
        "Atletico-PR": "Athletico-PR",
    },
    "England": {
        "AFC Telford United": "Telford United",
        "Middlesboro": "Middlesbrough",
    },
    "France": {
        "Red Star 93": "Red Star",
    },
    "Germany": {
        "M'Gladbach": "M'gladbach",
        "St. Pauli": "St Pauli",
    },
    "Greece": {
        "Kallithea": "Kalithea",
        "Levadiakos": "Levadeiakos",
        "Proodeytiki": "Proodeftiki",
        "Veroia": "Veria",
        "Yiannina": "Giannina",
    },
    "Norway": {
        "Ham-Kam": "HamKam",
    },
    "Poland": {
        "Ruch": "Ruch Chorzow",
    },
    "Portugal": {
        "Campomaiorense": "Campomaior",
    },
    "Scotland": {
        "Raith": "Raith Rvs",
    },
    "Spain": {
        "Lleida": "Lerida",
        "Ourense": "Orense",
        "Villareal": "Villarreal",
    },
    "Sweden": {
        "Osters": "Oster",
    },
    "Turkey": {
        "Goztep": "Goztepe",
    },
}
"""Country -> published name -> the name that we use."""

_PAIRS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "Belgium": (
        ("Beveren", "Waasland-Beveren"),
        ("Molenbeek", "RWD Molenbeek"),
        ("Mouscron", "Mouscron-Peruwelz"),
    ),
    "China": (
        ("Shanghai Shenhua", "Shanghai Shenxin"),
        ("Shenzhen", "Shenzhen Xinpengcheng"),
    ),
    "England": (
        ("AFC Wimbledon", "Wimbledon"),
        ("Accrington", "Darlington"),
        ("Barnsley", "Burnley"),
        ("Barnsley", "Farsley"),
        ("Bolton", "Boston"),
        ("Chester", "Colchester"),
        ("Dartford", "Watford"),
        ("Leeds", "Lewes"),
        ("Northampton", "Southampton"),
        ("Northwich", "Norwich"),
        ("Oxford", "Oxford City"),
    ),
    "France": (
        ("Ajaccio", "Ajaccio GFCO"),
        ("Bastia", "CA Bastia"),
        ("Cannes", "Vannes"),
        ("Quevilly Rouen", "Rouen"),
    ),
    "Germany": (
        ("Aalen", "Ahlen"),
        ("Burghausen", "Oberhausen"),
        ("Dusseldorf", "Fortuna Dusseldorf"),
        ("Essen", "RW Essen"),
        ("FSV Frankfurt", "Frankfurt FSV"),
        ("Hamburg", "Homburg"),
        ("Leipzig", "RB Leipzig"),
        ("Stuttgart", "Stuttgarter K"),
    ),
    "Greece": (
        ("Aris", "Larisa"),
        ("Athinaikos", "Panathinaikos"),
        ("Doxa", "Doxa Dramas"),
        ("Eth Asteras", "Ethnikos Asteras"),
        ("Ethnikos", "Ethnikos Asteras"),
        ("Ethnikos", "Ethnikos Piraeus"),
        ("Kalamaria", "Kalamata"),
        ("Kalithea", "Athens Kallithea"),
        ("Kallithea", "Athens Kallithea"),
        ("OFI", "OFI Crete"),
        ("Olympiakos", "Olympiakos Volou"),
        ("Panathinaikos", "Panthrakikos"),
    ),
    "Italy": (
        ("Lecce", "Lecco"),
        ("Piacenza", "Vicenza"),
        ("Reggiana", "Reggina"),
    ),
    "Netherlands": (
        ("Roda", "Roda JC"),
        ("Sparta", "Sparta Rotterdam"),
    ),
    "Poland": (
        ("Legia", "Legnica"),
        ("Wisla", "Wisla Plock"),
        ("Zaglebie", "Zaglebie Sosnowiec"),
    ),
    "Portugal": (
        ("AVS", "Aves"),
        ("Aves", "Chaves"),
        ("Chaves", "Desp. Chaves"),
        ("Farense", "Feirense"),
        ("Madeira", "Uniao Madeira"),
    ),
    "Romania": (("U Craiova", "U Craiova 1948"),),
    "Scotland": (
        ("Airdrie", "Airdrie Utd"),
        ("Cove Rangers", "Rangers"),
        ("Dundee", "Dundee United"),
        ("East Stirling", "Stirling"),
        ("Hearts", "Kelty Hearts"),
    ),
    "Spain": (
        ("Ath Bilbao", "Ath Bilbao B"),
        ("Ath Madrid", "Ath Madrid B"),
        ("Barcelona", "Barcelona B"),
        ("Ciudad de Murcia", "Murcia"),
        ("Extremadura", "Extremadura UD"),
        ("Granada", "Granada 74"),
        ("Las Palmas", "U.Las Palmas"),
        ("Lerida", "Merida"),
        ("Malaga", "Malaga B"),
        ("Mallorca", "Mallorca B"),
        ("Murcia", "UCAM Murcia"),
        ("Real Madrid", "Real Madrid B"),
        ("Sevilla", "Sevilla B"),
        ("Sociedad", "Sociedad B"),
        ("Villarreal", "Villarreal B"),
    ),
    "Switzerland": (("Lausanne", "Lausanne Ouchy"),),
    "Turkey": (
        ("Adanaspor", "Alanyaspor"),
        ("Alanyaspor", "Malatyaspor"),
        ("Ankaraspor", "Sakaryaspor"),
        ("Antalyaspor", "Hatayspor"),
        ("Bucaspor", "Bursaspor"),
        ("Erzurum", "Erzurum BB"),
        ("Gaziantep", "Gaziantepspor"),
        ("Malatyaspor", "Yeni Malatyaspor"),
    ),
}

DISTINCT: Final = {country: frozenset(frozenset(pair) for pair in pairs) for country, pairs in _PAIRS.items()}
"""Country -> pairs of names that resemble each other and are kept apart: two clubs, or one that was founded anew."""
