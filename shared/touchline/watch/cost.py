"""What a month costs: what was used, times dated prices, on a platform that need not be the one where it ran.

Units of the days that were observed are stretched to a month of 30 days. A function is charged at list price; what an
account gets for nothing stands apart, since it is given once for all of them together.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Final

import msgspec

from touchline.watch.prices import Assumed, Platform, Price, Prices
from touchline.watch.usage import Stored, Usage, Used
from touchline.wiring import Function, Wiring

MONTH_DAYS: Final = 30.0
FEW_DAYS: Final = 7.0
"""From fewer days a month is guessed, not extrapolated: no week is in it."""
NOBODY: Final = ""
"""Stands for what no function uses, or people do."""
_GB: Final = 1e9
_MIB_PER_GIB: Final = 1024.0
Units = dict[str, float]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One meter of one function ("" for what no function uses), a month of it."""

    function: str
    meter: str
    what: str
    unit: str
    units: float
    usd: float
    """At list price, before anything is free."""


class Free(msgspec.Struct, frozen=True, kw_only=True):
    """Units of a month that are free for the account, as far as they are used."""

    meter: str
    what: str
    unit: str
    units: float
    usd: float


class FunctionCost(msgspec.Struct, frozen=True, kw_only=True):
    """One function: what was observed, and a month of it at list price."""

    function: str
    runs: float
    seconds: float
    usd_month: float


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What a month would cost, in USD."""

    platform: Platform
    about: str
    currency: str
    as_of: date
    """Day of the prices."""
    since: datetime | None
    until: datetime | None
    days: float
    """Observed days that the month is extrapolated from; 0 where nothing ran."""
    functions: tuple[FunctionCost, ...]
    lines: tuple[Line, ...]
    free: tuple[Free, ...]
    list_month: float
    free_month: float
    month: float
    """To be paid: `list_month` without `free_month`."""
    forecasts_month: float
    per_1000_forecasts: float | None
    """None where none was sealed."""
    notes: tuple[str, ...]


def estimate(usage: Usage, wiring: Wiring, prices: Prices, platform: Platform) -> Estimate:
    """What a month of this usage costs on a platform.

    Args:
        usage: what was used in the observed days.
        wiring: memory and kind of each function.
        prices: dated price lists.
        platform: whose prices.
    """
    listed = prices.platforms[platform]
    by_function = _METERS[platform](_Month(usage, wiring, prices.assumed))
    by_function.setdefault(NOBODY, {})
    for meter, units in listed.always.items():
        by_function[NOBODY][meter] = by_function[NOBODY].get(meter, 0.0) + units
    lines = tuple(_lines(by_function, listed.prices))
    free = tuple(_free(lines, listed.prices))
    total, saved = sum(line.usd for line in lines), sum(one.usd for one in free)
    made = sum(one.forecasts for one in usage.used.values()) * _stretch(usage)
    return Estimate(
        platform=platform, about=listed.about, currency=prices.currency, as_of=prices.as_of, since=usage.since,
        until=usage.until, days=usage.days, functions=tuple(_functions(usage, lines)), lines=lines, free=free,
        list_month=total, free_month=saved, month=total - saved, forecasts_month=made,
        per_1000_forecasts=1000 * (total - saved) / made if made else None, notes=tuple(_notes(usage)),
    )  # fmt: skip


def _stretch(usage: Usage) -> float:
    return MONTH_DAYS / usage.days if usage.days else 0.0


class _Month(msgspec.Struct, frozen=True):
    """The usage of a month."""

    usage: Usage
    wiring: Wiring
    assumed: Assumed

    def used(self) -> Iterator[tuple[Function, Used]]:
        """A month of the runs of each function that the wiring still has."""
        for name, one in sorted(self.usage.used.items()):
            if name in self.wiring.functions:
                yield self.wiring.functions[name], one.times(_stretch(self.usage))

    def called(self) -> Iterator[tuple[Function, float]]:
        """Calls of what leaves no run records."""
        for name, calls in sorted(self.usage.calls.items()):
            yield self.wiring.functions[name], calls

    def stored(self) -> Iterator[tuple[str, Stored]]:
        """Objects by function."""
        yield from sorted(self.usage.stored.items())

    def objects(self) -> dict[str, Units]:
        """Meters of the bucket, which both clouds count alike."""
        found: defaultdict[str, Units] = defaultdict(dict)
        for name, one in self.stored():
            writes = one.writes * _stretch(self.usage)
            found[name] = {"object_gb": one.size * self.assumed.versions / _GB, "object_writes": writes}
        for function, used in self.used():
            found[function.name]["object_reads"] = used.runs * self.assumed.reads_per_run
        for function, calls in self.called():
            found[function.name]["object_reads"] = calls * self.assumed.reads_per_call
        return found


def _aws(month: _Month) -> dict[str, Units]:
    found, assumed = month.objects(), month.assumed
    for function, used in month.used():
        gb, starts = function.memory_mib / _MIB_PER_GIB, used.cold * assumed.cold_start_s
        if function.kind == "job":
            found[function.name] |= {
                "fargate_vcpu_s": used.minutes * assumed.cpu_job.aws, "fargate_gb_s": used.minutes * gb,
            }  # fmt: skip
        else:
            found[function.name] |= {"lambda_gb_s": (used.seconds + starts) * gb, "lambda_requests": used.runs}
    for function, calls in month.called():
        gb_s = calls * assumed.call_s * function.memory_mib / _MIB_PER_GIB
        found[function.name] |= {"lambda_gb_s": gb_s, "lambda_requests": calls, "gateway_requests": calls}
    queues = sum(one.kind == "service" and not one.http for one in month.wiring.functions.values())
    found.setdefault(NOBODY, {})["queue_requests"] = queues * assumed.polls_per_queue
    return found


def _gcp(month: _Month) -> dict[str, Units]:
    found, assumed = month.objects(), month.assumed
    for function, used in month.used():
        gib, starts = max(function.memory_mib, 512) / _MIB_PER_GIB, used.cold * assumed.cold_start_s
        if function.kind == "job":
            found[function.name] |= {
                "job_vcpu_s": used.minutes * assumed.cpu_job.gcp, "job_gib_s": used.minutes * gib,
            }  # fmt: skip
        else:
            seconds = used.tenths + starts
            found[function.name] |= {
                "run_vcpu_s": seconds * assumed.cpu_service, "run_gib_s": seconds * gib, "run_requests": used.runs,
            }  # fmt: skip
    for function, calls in month.called():
        seconds = calls * max(assumed.call_s, 0.1)
        found[function.name] |= {
            "run_vcpu_s": seconds * assumed.cpu_service, "run_requests": calls,
            "run_gib_s": seconds * max(function.memory_mib, 512) / _MIB_PER_GIB,
        }  # fmt: skip
    schedules = sum(bool(trigger.cron) for one in month.wiring.functions.values() for trigger in one.triggers)
    warm = sum(bool(one.warm) for one in month.wiring.functions.values())
    found.setdefault(NOBODY, {})["schedules"] = schedules + warm
    return found


def _node(month: _Month) -> dict[str, Units]:
    """The node is there anyway: each function has a share by time and memory, predict by its calls."""
    shares = {function.name: used.seconds * function.memory_mib for function, used in month.used()}
    for function, calls in month.called():
        shares[function.name] = calls * month.assumed.call_s * function.memory_mib
    total = sum(shares.values())
    found: dict[str, Units] = {name: {"node": share / total} for name, share in shares.items() if total}
    if not total:
        found[NOBODY] = {"node": 1.0}
    for name, one in month.stored():
        found.setdefault(name, {})["backup_gb"] = one.size * month.assumed.versions / _GB
    return found


_METERS: Final[Mapping[Platform, Callable[[_Month], dict[str, Units]]]] = {"aws": _aws, "gcp": _gcp, "node": _node}


def _lines(by_function: Mapping[str, Units], listed: Mapping[str, Price]) -> Iterator[Line]:
    for function, meters in sorted(by_function.items()):
        for meter, units in sorted(meters.items()):
            price = listed[meter]
            if units:
                yield Line(
                    function=function, meter=meter, what=price.what, unit=price.unit, units=units, usd=units * price.usd
                )


def _free(lines: tuple[Line, ...], listed: Mapping[str, Price]) -> Iterator[Free]:
    units: defaultdict[str, float] = defaultdict(float)
    for line in lines:
        units[line.meter] += line.units
    for meter, many in sorted(units.items()):
        price = listed[meter]
        if price.free:
            saved = min(many, price.free)
            yield Free(meter=meter, what=price.what, unit=price.unit, units=saved, usd=saved * price.usd)


def _functions(usage: Usage, lines: tuple[Line, ...]) -> Iterator[FunctionCost]:
    charged: defaultdict[str, float] = defaultdict(float)
    for line in lines:
        charged[line.function] += line.usd
    for name in sorted({*charged, *usage.used} - {NOBODY}):
        used = usage.used.get(name, Used())
        yield FunctionCost(function=name, runs=used.runs, seconds=used.seconds, usd_month=charged[name])


def _notes(usage: Usage) -> Iterator[str]:
    if not usage.days:
        yield "nothing ran: only what is there whatever runs is counted"
    elif usage.days < FEW_DAYS:
        yield f"a month is guessed from {usage.days:.1f} days; a week or more says what it costs"
    yield "prices as remembered on their day: check them before you rely on them"
