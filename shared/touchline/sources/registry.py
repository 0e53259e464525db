"""All sources by name, and the parser of each one's payloads."""

import csv
from collections.abc import Mapping
from typing import TYPE_CHECKING

from touchline.errors import DataError, TouchlineError
from touchline.ports import Payload, Source
from touchline.sources import files, football_data, simulated
from touchline.sources.table import Parsed
from touchline.sources.web import Web

if TYPE_CHECKING:
    from touchline.settings import Scrape


def build(settings: "Scrape") -> Mapping[str, Source]:
    """Every source that can be fetched, by name; nothing is connected."""
    web = Web(settings.user_agent, settings.pace_seconds)
    sources: list[Source] = [
        football_data.FootballData(web, settings.football_data_url),
        simulated.Simulated(settings.simulated_seed),
    ]
    return {source.name: source for source in sources}


def parse(payload: Payload) -> Parsed:
    """Rows of a payload, by the parser of its source; where there is none, by what the payload looks like.

    Raises:
        DataError: the payload breaks the contract of its format.
    """
    parser = football_data.parse if payload.source == football_data.NAME else files.parse
    try:
        return parser(payload)
    except TouchlineError:
        raise
    except (TypeError, ValueError, OverflowError, csv.Error) as error:  # what libraries say of such data
        hint = "look for open quotes and for years that cannot be, or save it anew"
        raise DataError(f"cannot be read: {error}", where=payload.name, hint=hint) from error
