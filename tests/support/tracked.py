"""A track record of invented matches, made as drift makes it, to be shown."""

import numpy as np

from touchline.domain import reliability
from touchline.domain.track import PUBLIC, Figures, Track, Void, Voided
from touchline.domain.track_scores import Told, curve, entry, scores, slice_of
from touchline.domain.vocabulary import Mode

FLAT = np.full(3, 1 / 3)


def told(n: int, seed: int = 3, per_day: int = 4, knows: float = 1.0) -> Told:
    """Outcomes drawn from what a bookmaker says; the model is a little off, and the bookmaker knows a share of them."""
    rng = np.random.default_rng(seed)
    market = rng.dirichlet([5.0, 3.0, 3.0], n)
    p = 0.85 * market + 0.15 * rng.dirichlet([5.0, 3.0, 3.0], n)
    outcome = np.array([rng.choice(3, p=row) for row in market], np.int64)
    days = np.datetime64("2025-08-02") + np.arange(n) // per_day * np.timedelta64(3, "D")
    silent = rng.random(n) >= knows
    known = np.where(silent[:, None], np.nan, market)
    said = {"closing": known, "bookmaker": known, "elo": 0.7 * market + 0.3 * FLAT, "prior": np.tile(FLAT, (n, 1))}
    rivals = {name: scores(each, outcome) for name, each in said.items()}
    bets = np.stack([np.ones(n), np.where(outcome == 0, 2.3, 0.0), rng.normal(0.01, 0.05, n)], axis=1)
    return Told(p, outcome, days, scores(p, outcome), rivals, bets)


def track(mode: Mode = "live", n: int = 480) -> Track:
    """Of what was public and of one model, in two competitions and two seasons; one forecast is void."""
    whole = told(n)
    rows = np.arange(n)
    groups = [
        (league, season, (rows % 2 == place if league else rows >= 0) & ((rows < n // 2) == first if season else True))
        for place, league in ((0, ""), (0, "E0"), (1, "D1"))
        for first, season in ((True, ""), (True, "2024-25"), (False, "2025-26"))
    ]
    entries, figures = [], []
    for name in (PUBLIC, "m1"):
        for league, season, chosen in groups:
            part = whole.part(chosen)
            entries.append(entry((name, league, season), part))
            if not (league and season):
                figures.append(_figures(name, league, season, part))
    return Track(
        seq=1, mode=mode, until=str(whole.days.max()), models=(PUBLIC, "m1"), entries=tuple(entries),
        figures=tuple(figures), voided=(Voided("m1", "the match was abandoned", 1),),
        voids=(Void("e0-2025-26-a-b", "m1", "E0", "2025-26", "2025-09-01", "the match was abandoned"),),
    )  # fmt: skip


def _figures(name: str, league: str, season: str, part: Told) -> Figures:
    half = np.arange(len(part.p)) % 2 == 0
    return Figures(
        model_version=name, competition=league, season=season, curve=curve(part),
        bins=reliability.bins(part.p, part.outcome), ece=0.021, noise=0.018, noise_high=0.03,
        months=reliability.months(part.p, part.outcome, part.days),
        slices=(slice_of("elo:close", part.part(half)), slice_of("competition:E0", part.part(~half))),
    )  # fmt: skip
