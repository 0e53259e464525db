"""A flat stake on one forecast: which outcome it goes on, what comes back, and how its price stood to the last one."""

from math import isfinite, log

import msgspec

Triple = tuple[float, float, float]


class Prices(msgspec.Struct, frozen=True):
    """One bookmaker's decimal prices of home, draw and away: before the match, and at kick-off where he named them."""

    before: Triple
    closing: Triple | None = None


class Stake(msgspec.Struct, frozen=True):
    """What was staked (a unit or nothing), what came back of it, and the closing-line value of the price taken."""

    stake: float
    returned: float
    closing_value: float | None = None


def staked(p: Triple, prices: Prices, outcome: int) -> Stake:
    """A unit on the outcome of the highest expected value, if that is above what it costs; nothing otherwise.

    The closing-line value is the logarithm of the price taken over the same bookmaker's closing price of that outcome:
    above 0 where the market came to agree. None where nothing was staked, or he named no closing price.

    Args:
        p: probabilities of home, draw and away.
        prices: decimal, above 1.
        outcome: place in OUTCOMES of what came.

    >>> staked((0.5, 0.3, 0.2), Prices((2.2, 3.0, 4.0), (2.0, 3.2, 4.4)), 0)
    Stake(stake=1.0, returned=2.2, closing_value=0.0953...)
    >>> staked((0.5, 0.3, 0.2), Prices((1.9, 3.0, 4.0)), 0)
    Stake(stake=0.0, returned=0.0, closing_value=None)
    """
    values = [chance * price - 1 for chance, price in zip(p, prices.before, strict=True)]
    chosen = values.index(max(values))
    if values[chosen] <= 0:
        return Stake(0.0, 0.0)
    taken = prices.before[chosen]
    last = prices.closing[chosen] if prices.closing else None
    return Stake(1.0, taken if chosen == outcome else 0.0, log(taken / last) if last else None)


def prices_of(before: Triple, closing: Triple) -> Prices | None:
    """Prices as a table has them, NaN where one is missing; None without all three before the match.

    >>> nan = float("nan")
    >>> prices_of((2.2, 3.0, 4.0), (nan, 3.2, 4.4)), prices_of((2.2, nan, 4.0), (2.0, 3.2, 4.4))
    (Prices(before=(2.2, 3.0, 4.0), closing=None), None)
    """
    if not _named(before):
        return None
    return Prices(before, closing if _named(closing) else None)


def _named(prices: Triple) -> bool:
    """Whether all three are prices: decimal odds are above 1."""
    return all(isfinite(price) and price > 1 for price in prices)
