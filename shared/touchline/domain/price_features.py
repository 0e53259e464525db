"""What the prices of a match say before its kick-off, for models that may know them.

A price counts as published when the forecast is made: for a coming match what bookmakers quote by then, for a match of
the past its price before kick-off, which is assumed to be known from an hour before kick-off on (ODDS_AVAILABLE). So
`as_of`, which holds back results of other matches, does not hold back a match's own price. Closing prices and the
highest price of the market are never read.

Where a match has no price, what earlier prices lead to expect stands in its place. A model that was taught prices
relies on them above all: with a middle value instead, its log-loss on such matches would be worse by 0.035.
"""

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from touchline.domain import feature_functions, market, odds
from touchline.domain.encoding import reference_prices
from touchline.domain.rows import SPEEDS
from touchline.domain.state import Meeting

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

NAMES: Final = ("price_supremacy", "price_draw")
"""Columns of `own`, in its order."""
STRETCH: Final = 1.05
"""Prices lie further apart than ratings fed by earlier prices; by regression on matches up to the season 2020-21."""
ELO_SCALE: Final = 0.00414
ELO_HOME: Final = 0.34
"""Log-odds of the home side by Elo points, where no earlier price is known either; by regression as above."""
DRAW_LEVEL: Final = -0.903
DRAW_FALL: Final = 0.282
"""Log-odds of a draw between equals, and how they fall with the square of the supremacy; by regression as above."""


def price_supremacy(match: Meeting) -> Floats:
    """Log-odds of the home side, half of the draw counted to each, by the prices of the match before its kick-off."""
    expected = STRETCH * feature_functions.market_difference(match, SPEEDS.index("fast"))
    by_elo = ELO_SCALE * feature_functions.elo_difference(match) + ELO_HOME
    return np.where(np.isnan(expected), by_elo, expected)


def price_draw(match: Meeting) -> Floats:
    """Log-odds of a draw by the prices of the match before its kick-off."""
    return np.asarray(DRAW_LEVEL - DRAW_FALL * price_supremacy(match) ** 2)


def own(table: "pd.DataFrame") -> Floats:
    """NAMES by the reference bookmaker's prices of each match, his margin taken out by Shin's method.

    Args:
        table: tidy table.

    Returns:
        (n, 2), NaN for a match without a price before kick-off.

    >>> import pandas as pd
    >>> from touchline.domain.vocabulary import ODDS_COLUMNS
    >>> table = pd.DataFrame([dict.fromkeys(ODDS_COLUMNS, 3.0), dict.fromkeys(ODDS_COLUMNS, np.nan)])
    >>> own(table).round(4).tolist()
    [[0.0, -0.6931], [nan, nan]]
    """
    p = odds.implied(reference_prices(table))
    draw = p[:, 1]
    return np.stack([market.supremacy(p), np.log(draw / (1 - draw))], axis=1)


def priced(expected: Floats, table: "pd.DataFrame") -> Floats:
    """What prices say where there are some, what is expected elsewhere, (n, 2)."""
    found = own(table)
    return np.where(np.isnan(found), expected, found)
