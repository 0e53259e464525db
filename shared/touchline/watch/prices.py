"""The price lists of the platforms: dated figures in `prices.yaml`, typed."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Final, Literal

import msgspec
import yaml

from touchline.errors import ConfigurationError

FILE: Final = Path(__file__).parent / "prices.yaml"
Platform = Literal["aws", "gcp", "node"]
PLATFORMS: Final[tuple[Platform, ...]] = ("aws", "gcp", "node")


class Price(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one unit costs, in USD, and how many of a month are free."""

    what: str
    unit: str
    usd: float
    free: float = 0.0


class PriceList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Prices of one platform by meter, and units of each month that are there whatever runs."""

    about: str
    prices: dict[str, Price]
    always: dict[str, float] = {}


class JobProcessors(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Processors of a job on each cloud."""

    aws: float
    gcp: float


class Assumed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What no run record says; the file has the reasons."""

    cold_start_s: float
    call_s: float
    reads_per_run: float
    reads_per_call: float
    cpu_service: float
    cpu_job: JobProcessors
    versions: float
    polls_per_queue: float


class ReferenceRuns(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Runs of a function in the reference month, and seconds of each."""

    runs: int
    seconds: float


class Reference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The month of which the docs state what it costs."""

    forecasts: int
    requests: int
    stored_gb: float
    writes: int
    runs: dict[str, ReferenceRuns]


class Prices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All price lists, as of a day."""

    as_of: date
    currency: Literal["USD"]
    assumed: Assumed
    platforms: dict[Platform, PriceList]
    reference: Reference


@cache
def load(path: Path = FILE) -> Prices:
    """The price lists of a file.

    Raises:
        ConfigurationError: the file is not as it should be, or prices units of `always` nowhere.
    """
    try:
        found = msgspec.convert(yaml.safe_load(path.read_bytes()), Prices)
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise ConfigurationError(f"no price list: {error}", where=str(path)) from error
    for name, told in found.platforms.items():
        if strange := sorted(set(told.always) - set(told.prices)):
            raise ConfigurationError(f"{name} has no price for {', '.join(strange)}", where=str(path))
    return found
