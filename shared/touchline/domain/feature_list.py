"""The list of features: its order is the order of the columns. Numpy only.

>>> next(feature.unit for feature in FEATURES if feature.name == "elo_difference")
'Elo points'
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from touchline.domain import batch_kinds, price_features, rows
from touchline.domain import feature_functions as of
from touchline.domain.rows import KIND_COUNTS, KINDS, MEASURES, SPEEDS, WINDOWS
from touchline.domain.state import Meeting

Floats = NDArray[np.float64]
Known = Literal["results", "statistics", "past_prices", "prices"]
SIDES: Final = ("home", "away")


class Feature(msgspec.Struct, frozen=True):
    """One column.

    `known` says from what, each level with the ones before it: results of earlier matches, their statistics, their
    prices, or the prices of the match itself before its kick-off. Earlier matches count from their `available_time` on.
    """

    name: str
    about: str
    unit: str
    known: Known
    compute: Callable[[Meeting], Floats]


def _one(
    function: Callable[..., Floats], unit: str, *, known: Known = "results", suffix: str = "", more: str = "",
    **fixed: Any,
) -> Feature:  # fmt: skip
    """A feature of the match, named after its function; it means what that says, and `more`."""
    about = (function.__doc__ or "").strip().removesuffix(".") + f"{more}."
    return Feature(function.__name__ + suffix, about, unit, known, partial(function, **fixed))


def _two(function: Callable[..., Floats], unit: str, name: str = "", **fixed: Any) -> tuple[Feature, ...]:
    """A feature of each side, named after the side and its function."""
    return tuple(
        msgspec.structs.replace(_one(function, unit, side=number, **fixed), name=f"{side}_{name or function.__name__}")
        for number, side in enumerate(SIDES)
    )


def _each_kind(function: Callable[..., Floats], unit: str) -> tuple[Feature, ...]:
    """A feature for each kind of attack and defence."""
    return tuple(
        _one(
            function,
            unit,
            suffix=f"_{kind}",
            kind=row,
            known="results" if KIND_COUNTS[row] == 0 else "statistics",
            more=f"; learnt from each match ({kind})",
        )
        for row, kind in enumerate(KINDS)
    )


def _refitted(function: Callable[..., Floats], unit: str) -> tuple[Feature, ...]:
    """A feature for each kind of strength that is fitted anew each week."""
    return tuple(
        _one(
            function,
            unit,
            suffix=f"_{kind.name}",
            kind=row,
            known=kind.known,
            more=f" (of {kind.count.replace('_', ' ')}; half-life {kind.half_life:.0f} days)",
        )
        for row, kind in enumerate(batch_kinds.KINDS)
    )


def _form() -> tuple[Feature, ...]:
    measures: list[tuple[int, str, str, Known]] = [
        (row, measure, unit, "results" if row <= 2 else "statistics")
        for row, (measure, unit) in enumerate(zip(MEASURES, MEASURE_UNITS, strict=True))
    ]
    overall = (
        _two(
            of.form,
            unit,
            f"{measure}_{window}",
            known=known,
            window=number,
            measure=row,
            more=f" ({WINDOW_WORDS[window]}): {measure.replace('_', ' ')}",
        )
        for number, window in enumerate(WINDOWS[:3])
        for row, measure, unit, known in measures
    )
    venue = (
        _two(of.venue_form, unit, f"{measure}_venue", known=known, measure=row, more=f": {measure.replace('_', ' ')}")
        for row, measure, unit, known in measures
    )
    return tuple(feature for pair in (*overall, *venue) for feature in pair)


WINDOW_WORDS: Final = {"last5": "the last five", "span6": "weighted over about 6", "span20": "weighted over about 20"}
MEASURE_UNITS: Final = ("points", *("goals",) * 4, *("shots",) * 4, *("corners",) * 2)

FEATURES: Final[tuple[Feature, ...]] = (
    *_two(of.elo_rating, "Elo points"),
    _one(of.elo_difference, "Elo points"),
    _one(of.elo_distance, "Elo points"),
    _one(of.elo_expected_score, "share"),
    _one(of.pi_difference, "goals"),
    *_each_kind(of.supremacy, "log ratio"),
    *_each_kind(of.total, "log goals"),
    *_two(of.expected_goals, "goals", known="statistics", kind=KINDS.index("xg")),
    *(
        _one(
            of.market_difference,
            "log-odds",
            known="past_prices",
            suffix=f"_{speed}",
            speed=row,
            more=f" (pace: {speed})",
        )
        for row, speed in enumerate(SPEEDS)
    ),
    _one(of.market_draw, "log-odds", known="past_prices"),
    *_refitted(of.refitted_supremacy, "log ratio"),
    *_refitted(of.refitted_total, "log counts"),
    *_form(),
    *_two(of.rest_days, "days"),
    *_two(of.matches_in_days, "matches", "matches_14_days", days=14),
    *_two(of.matches_in_days, "matches", "matches_30_days", days=30),
    *_two(of.experience, "matches"),
    *_two(of.season_matches, "matches"),
    *_two(of.season_points, "points"),
    *_two(of.season_goals, "goals"),
    *_two(of.new_in_league, "0 or 1"),
    _one(price_features.price_supremacy, "log-odds", known="prices"),
    _one(price_features.price_draw, "log-odds", known="prices"),
    _one(of.head_to_head_meetings, "matches"),
    _one(of.head_to_head_points, "points"),
    _one(of.head_to_head_goals, "goals"),
    _one(of.league, "share", suffix="_home_win", row=rows.HOME_WIN),
    _one(of.league, "share", suffix="_draw", row=rows.DRAW),
    _one(of.league, "goals", suffix="_home_goals", row=rows.BASES.start),
    _one(of.league, "goals", suffix="_away_goals", row=rows.BASES.start + 1),
)

FEATURE_NAMES: Final = tuple(feature.name for feature in FEATURES)
