"""The page of a backtest says all that was found, and needs nothing but itself."""

import re
from datetime import UTC, date, datetime
from functools import cache
from xml.etree import ElementTree

from touchline.domain.simulation import simulate
from touchline.learning.backtest_report import html
from touchline.learning.fitting import FitOptions
from touchline.learning.walkforward import WalkOptions, backtest


@cache
def found():
    table = simulate(5, datetime(2026, 3, 2, tzinfo=UTC), seasons=3, teams=10)
    options = WalkOptions(refit_models_days=400, fit=FitOptions(trials=1, folds=2, families=("logistic",)))
    return backtest(table, date(2025, 8, 1), date(2026, 2, 1), options)


@cache
def page():
    return html(found(), "league <1> & more")


def test_it_names_every_forecaster_and_score():
    text = page()
    for name, score in found().scores.items():
        assert f"<td>{name}</td>" in text
        assert f"{score.log_loss.value:.4f} ({score.log_loss.low:.4f} to {score.log_loss.high:.4f})" in text
    for gap in found().differences.values():
        assert f"{gap.rps.value:+.4f} ({gap.rps.low:+.4f} to {gap.rps.high:+.4f})" in text
    assert f"{found().calibration['ours'].floor.high:.4f}" in text
    for heading in ("Scores", "Reliability", "Calibration", "By competition", "By season", "Over time", "Seconds"):
        assert heading in text


def test_it_needs_nothing_else():
    text = page()
    assert "<script" not in text
    assert not re.findall(r'(?:src|href)\s*=\s*"(?!#)[^"]*"', text)
    assert not re.findall(r"url\((?!#)[^)]*\)", text)
    assert "@import" not in text


def test_pictures_are_whole_and_text_is_escaped():
    pictures = re.findall(r"<svg.*?</svg>", page(), flags=re.DOTALL)
    assert len(pictures) == 3
    for each in pictures:
        assert ElementTree.fromstring(each).tag.endswith("svg")
    assert "league &lt;1&gt; &amp; more" in page()


def test_the_same_walk_gives_the_same_page():
    assert html(found(), "league <1> & more") == page()
