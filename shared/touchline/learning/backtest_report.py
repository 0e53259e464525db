"""A backtest for people: one page that needs nothing else, neither scripts nor the network."""

from collections.abc import Sequence
from html import escape
from string import Template
from typing import Final

from touchline.learning import backtest_plots as plots
from touchline.learning.card import Difference, Estimate, ModelScore
from touchline.learning.judging import Calibration, Part
from touchline.learning.walkforward import OURS, Backtest

_PAGE: Final = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; color: #1d2a24; max-width: 66rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .3rem; }
p { max-width: 46rem; margin: .3rem 0 .8rem; } .wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid #dfe6e2; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } thead th { border-bottom: 2px solid #9db3a8; }
tr.first td { font-weight: 600; background: #eef5f1; } small { color: #5d6f66; }
figure { margin: .5rem 0; } svg { max-width: 100%; height: auto; }
</style>
</head>
<body>
<h1>$title</h1>
<p>$about</p>
$sections
</body>
</html>
""")
_SCALE: Final = 0.012
"""Difference of log-loss at which a cell of the heat tables has its full colour."""


def html(found: Backtest, about: str) -> str:
    """The page.

    Args:
        found: the walk with its verdicts.
        about: what was walked through, and how; plain text.
    """
    sections = [
        _section("Scores", _LOWER, _scores(found.scores)),
        _section(
            "Differences on identical matches", _PAIRED, _picture("forest plot", plots.forest(_near(found.differences)))
        ),
        _differences(found.differences),
        _section("Reliability of our forecasts", _RELIABLE, _picture("reliability", plots.reliability(_own(found)))),
        _section("Calibration", _FLOOR, _calibration(found.calibration)),
        _section("Over time", "", _picture("log-loss over time", _over_time(found))),
        _section("By competition", _HEAT, _parts(found.competitions)),
        _section("By season", _HEAT, _parts(found.seasons)),
        _section("Seconds", "", _table(tuple(found.seconds), [[f"{each:.1f}" for each in found.seconds.values()]])),
    ]
    return _PAGE.substitute(title="Walk through history", about=escape(about), sections="\n".join(sections))


_LOWER: Final = "Lower is better, but for accuracy. In brackets the 95 % bootstrap interval."
_PAIRED: Final = (
    "Left of zero ours is better. The intervals are of the differences match by match: they are far narrower than "
    "those of the scores, since what makes a match hard to forecast is the same for all."
)
_RELIABLE: Final = "Of all forecasts of about this height, how often it came (95 % interval), and how many there were."
_FLOOR: Final = (
    "Expected calibration error over ten bins. A perfect forecaster's error is not zero: noise says what it would be "
    "on average on as many matches, and below what 95 of 100 perfect forecasters stay."
)
_HEAT: Final = (
    "Log-loss of ours, and ours minus each other (green: ours is better). An asterisk marks differences whose 95 % "
    "interval is on one side of zero; numbers of few matches say little."
)


def _section(title: str, about: str, body: str) -> str:
    told = f"<p>{escape(about)}</p>" if about else ""
    return f"<h2>{escape(title)}</h2>\n{told}\n{body}"


def _picture(label: str, svg: str) -> str:
    return f'<figure role="img" aria-label="{escape(label)}">{svg}</figure>'


def _near(differences: dict[str, Difference]) -> dict[str, Difference]:
    """Without those so far off that nothing else could be told apart beside them."""
    return {name: each for name, each in differences.items() if name != "prior"}


def _own(found: Backtest) -> Calibration:
    return found.calibration[OURS]


def _over_time(found: Backtest) -> str:
    forecasts = {name: found.walk.forecasts[name][found.common] for name in found.scores if name != "prior"}
    return plots.over_time(found.walk.kickoff[found.common], forecasts, found.walk.outcome[found.common])


def _scores(scores: dict[str, ModelScore]) -> str:
    rows = [
        [name, f"{s.n:,}", *(_shown(each) for each in (s.rps, s.log_loss, s.brier)), f"{s.accuracy.value:.4f}"]
        for name, s in scores.items()
    ]
    return _table(("forecaster", "n", "RPS", "log-loss", "Brier", "accuracy"), rows)


def _differences(differences: dict[str, Difference]) -> str:
    rows = [[name, f"{d.n:,}", _signed(d.rps), _signed(d.log_loss)] for name, d in differences.items()]
    return _table(("ours minus", "n", "RPS", "log-loss"), rows, first=False)


def _calibration(found: dict[str, Calibration]) -> str:
    rows = []
    for name, each in found.items():
        shares = [f"{one.promised:.3f} / {one.came:.3f}" for one in each.classes.values()]
        rows.append([name, f"{each.ece:.4f}", f"{each.floor.mean:.4f}", f"{each.floor.high:.4f}", *shares])
    names = (f"{name}: promised / came" for name in next(iter(found.values())).classes)
    return _table(("forecaster", "ECE", "noise", "noise, 95 %", *names), rows)


def _parts(parts: Sequence[Part]) -> str:
    others = list(_near(parts[0].differences))
    head = ("", "n", "RPS", "log-loss", *(f"- {name}" for name in others))
    rows = [
        [
            part.name,
            f"{part.n:,}{' (few)' if part.few else ''}",
            f"{part.rps[OURS]:.4f}",
            f"{part.log_loss[OURS]:.4f}",
            *(_heat(part.differences[name].log_loss) for name in others),
        ]
        for part in parts
    ]
    return _table(head, rows, first=False)


def _heat(gap: Estimate) -> str:
    strength = min(abs(gap.value) / _SCALE, 1.0) * 0.55
    colour = "11,110,79" if gap.value < 0 else "200,85,61"
    sure = "*" if gap.low > 0 or gap.high < 0 else ""
    return f'<td style="background:rgba({colour},{strength:.2f})">{gap.value:+.4f}{sure}</td>'


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], *, first: bool = True) -> str:
    titles = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = [
        f"<tr{' class=first' if first and place == 0 and len(rows) > 1 else ''}>{''.join(map(_cell, row))}</tr>"
        for place, row in enumerate(rows)
    ]
    return f'<div class="wide"><table><thead><tr>{titles}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def _cell(text: str) -> str:
    return text if text.startswith("<td") else f"<td>{text if text.startswith('<') else escape(text)}</td>"


def _shown(each: Estimate) -> str:
    return f"{each.value:.4f} ({each.low:.4f} to {each.high:.4f})"


def _signed(each: Estimate) -> str:
    return f"{each.value:+.4f} ({each.low:+.4f} to {each.high:+.4f})"
