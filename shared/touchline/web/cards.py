"""A coming match as a card: the forecast beside prices, what they differ by, and how the teams did lately."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final

import msgspec
import numpy as np
from msgspec import Meta

from touchline.domain.context import Quoted, Result, form, newest_prices
from touchline.domain.odds import implied, overround
from touchline.stages.predict_board import Board, require_published
from touchline.stages.predict_match import Forecast, newest_seal
from touchline.stages.predict_teams import context_of
from touchline.web.answers import Filter, following, forecasts
from touchline.web.listing import chosen, page

PATH: Final = "/predict/cards"
Form = Annotated[
    tuple[Result, ...], Meta(description="Won, drawn, lost in the last matches, at home and away, the newest last")
]


class Prices(msgspec.Struct, frozen=True):
    """Decimal prices; 1 / probability where they are fair."""

    home: Annotated[float | None, Meta(description="Of a home win; null where there is no finite one")]
    draw: Annotated[float | None, Meta(description="Of a draw; null where there is no finite one")]
    away: Annotated[float | None, Meta(description="Of an away win; null where there is no finite one")]


class Three(msgspec.Struct, frozen=True):
    """One number for each outcome."""

    home: Annotated[float, Meta(description="Of a home win")]
    draw: Annotated[float, Meta(description="Of a draw")]
    away: Annotated[float, Meta(description="Of an away win")]


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """What a bookmaker asks, before the match."""

    source: Annotated[str, Meta(description="Bookmaker")]
    quoted_at: Annotated[
        datetime | None, Meta(description="When it asked that (UTC); null: some time before the match")
    ]
    odds: Annotated[Prices, Meta(description="Its decimal prices")]
    margin: Annotated[float, Meta(description="Sum of the inverse prices, minus 1")]
    probabilities: Annotated[
        Three, Meta(description="Those behind the prices, without the margin (Shin); they sum to 1")
    ]


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """One coming match."""

    forecast: Annotated[Forecast, Meta(description="The forecast as it was published")]
    fair_odds: Annotated[Prices, Meta(description="Decimal prices at which the forecast would expect to win nothing")]
    market: Annotated[Market | None, Meta(description="The newest prices known, null if there are none")]
    difference: Annotated[
        Three | None, Meta(description="Forecast minus market, in probability (-1 to 1); null without a market")
    ]
    form_home: Form
    form_away: Form
    sealed_at: Annotated[
        datetime | None,
        Meta(description="When that model sealed its newest forecast of the match (UTC), null: never"),
    ]


class Cards(msgspec.Struct, frozen=True, kw_only=True):
    """A page of cards, in the order of kick-off."""

    total: int
    limit: int
    offset: int
    next: str
    degraded: str
    cards: list[Card]


def cards(board: Board, wish: Filter, fault: str) -> Cards:
    """The cards that a filter asks for.

    Raises:
        UnknownName: a team or competition that the data do not hold.
        Unavailable: nothing is published yet.
    """
    found = chosen(board, wish)
    shown = page(found, wish)
    return Cards(
        total=len(found),
        limit=wish.limit,
        offset=wish.offset,
        next=following(PATH, wish, len(found)),
        degraded=fault,
        cards=[_card(board, told) for told in forecasts(require_published(board), shown)],
    )


def _card(board: Board, told: Forecast) -> Card:
    context = context_of(board, told.match_id)
    prices = newest_prices(context.odds)
    market = _priced(prices) if prices else None
    chances = msgspec.structs.astuple(told.probabilities)
    return Card(
        forecast=told,
        fair_odds=Prices(*(1 / chance if chance > 0 else None for chance in chances)),
        market=market,
        difference=Three(*_minus(chances, market.probabilities)) if market else None,
        form_home=form(told.home_team, context.form_home),
        form_away=form(told.away_team, context.form_away),
        sealed_at=newest_seal(context.history, told.model_version),
    )


def _priced(quoted: Quoted) -> Market:
    odds = np.array([[quoted.home, quoted.draw, quoted.away]])
    return Market(
        source=quoted.source,
        quoted_at=quoted.quoted_at,
        odds=Prices(quoted.home, quoted.draw, quoted.away),
        margin=float(overround(odds)[0]) - 1,
        probabilities=Three(*implied(odds)[0].tolist()),
    )


def _minus(chances: Iterable[float], market: Three) -> tuple[float, ...]:
    return tuple(a - b for a, b in zip(chances, (market.home, market.draw, market.away), strict=True))
