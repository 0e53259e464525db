"""All sources by name, and the parser of each one's payloads."""

import csv
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from touchline.collecting import Source
from touchline.errors import DataError, TouchlineError
from touchline.ports import Payload
from touchline.sources import files, football_data, football_data_org, openfootball, simulated, the_odds_api
from touchline.sources.table import Parsed
from touchline.sources.whoscored import source as whoscored

if TYPE_CHECKING:
    from touchline.settings import Scrape


_PARSERS: Final[Mapping[str, Callable[[Payload], Parsed]]] = {
    football_data.NAME: football_data.parse,
    openfootball.NAME: openfootball.parse,
    football_data_org.NAME: football_data_org.parse,
    whoscored.NAME: whoscored.parse,
}


def build(settings: "Scrape") -> Mapping[str, Source]:
    """Every source that can be fetched, by name; nothing is connected."""
    sources: list[Source] = [
        football_data.FootballData(settings.football_data_url),
        openfootball.OpenFootball(settings.openfootball_url),
        football_data_org.FootballDataOrg(settings.football_data_org_url),
        the_odds_api.TheOddsApi(settings.the_odds_api_url),
        whoscored.WhoScored(settings.whoscored_url, settings.whoscored_terms == "acknowledged"),
        simulated.Simulated(settings.simulated_seed),
    ]
    return {source.name: source for source in sources}


def parse(payload: Payload) -> Parsed:
    """Rows of a payload, by the parser of its source; where there is none, by what the payload looks like.

    Raises:
        DataError: the payload breaks the contract of its format.
    """
    parser = _PARSERS.get(payload.source, files.parse)
    try:
        return parser(payload)
    except TouchlineError:
        raise
    except (TypeError, ValueError, OverflowError, csv.Error) as error:  # what libraries say of such data
        hint = "look for open quotes and for years that cannot be, or save it anew"
        raise DataError(f"cannot be read: {error}", where=payload.name, hint=hint) from error
