"""What a gate found, and how it is told: as plain data for programs, as one self-contained page for people."""

from collections.abc import Sequence
from html import escape
from string import Template
from typing import Any, Final, Literal

import msgspec

Kind = Literal["raw", "finished", "upcoming", "features"]
Severity = Literal["error", "warning"]

RESULTS: Final = "gate_results"
"""Counter of verdicts in run records, by `gate` and `result`."""
EXAMPLES: Final = 5
"""So many offending rows are named; the count says how many there are."""

CHECKS: Final[dict[str, tuple[Severity, str]]] = {
    "missing column": ("error", "The exporter must write every declared column; a missing value is an empty cell."),
    "unknown column": ("error", "Declare the column in the vocabulary, or stop the exporter from writing it."),
    "column order": ("error", "Write the columns in the declared order: models read them by position."),
    "column type": ("error", "Give the column its declared type; text that looks like a number is not one."),
    "missing value": ("error", "Every match needs this: mend the parser of the source, or reject the row there."),
    "not unique": ("error", "Two rows claim to be the same match: look at how the source's rows are recognised."),
    "unknown value": ("error", "Only the declared words are understood: map the source's word to one of them."),
    "bad key": ("error", "Keys are lower-case letters, digits, `-`, `_`, `.` and `/`: make a slug of the name."),
    "bad season": ("error", "Seasons are written as 2024-25, or as 2024 where they follow the calendar."),
    "out of range": (
        "error",
        "No match has such a number: look for a shifted column or a typing error in the payload.",
    ),
    "not whole": ("error", "Counts are whole numbers: look for a shifted column in the payload."),
    "home is away": ("error", "A team cannot play itself: look at the aliases of both names."),
    "outside season": ("error", "Day and month may be swapped, or the season be wrong: look at the source's dates."),
    "not sorted": ("error", "Rows must be in the order of kickoff and match_id: the exporter did not sort."),
    "known too early": ("error", "A result cannot be known before kick-off: look at kickoff and available_time."),
    "no score": ("error", "A finished match needs both scores: set another status, or find the score."),
    "score of unplayed": ("error", "A match to come cannot have a score or statistics: set its status to finished."),
    "wrong status": ("error", "This gate is for matches of one status: the caller passed others."),
    "half a price": ("error", "A bookmaker's price has three parts: drop the triple, or find the missing part."),
    "overround": ("error", "The three prices do not belong together: look for a shifted column in the payload."),
    "half time above full time": ("error", "Goals do not go away: one of the two scores is wrong."),
    "on target above shots": ("warning", "A typing error of the source; features cap it."),
    "closing price too early": ("warning", "A closing price is known at kick-off: check the column's meaning."),
    "duplicate fixture": ("error", "The same teams on the same day: one of the two rows has a wrong date or name."),
    "too few matches": ("error", "Collect more matches, or lower TOUCHLINE_VALIDATE_MIN_FINISHED."),
    "outcome rate": ("error", "Home and away, or the score's columns, may be swapped."),
    "odd outcome rate": ("warning", "Unusual for this many matches: compare with the league's table."),
    "mean goals": ("error", "The columns of the scores may be shifted."),
    "odd mean goals": ("warning", "Unusual for this many matches: compare with the league's table."),
    "season collapsed": ("error", "Most of a season is missing: fetch it again before anything is learnt from it."),
    "season shrank": ("warning", "A league may have lost teams or been cut short; otherwise fetch the season again."),
    "statistic went missing": ("warning", "The source may have renamed the column: compare the newest header."),
    "not finite": ("error", "A feature is a number or missing, never infinite: look for a division by zero."),
    "bad outcome": ("error", "Outcomes are 0 (home), 1 (draw), 2 (away)."),
    "mostly missing": ("warning", "The source may lack what this feature is made of."),
    "all mostly missing": ("error", "Hardly any feature has a value: look at the table that they are made of."),
    "leak": ("error", "This feature knows the result: it must be made from earlier matches only."),
}
"""Every check: how serious a failure is, and what to do about it."""


class GateFailure(msgspec.Struct, frozen=True):
    """One check that did not hold: for how many rows of which column, with examples."""

    check: str
    column: str
    count: int
    examples: tuple[str, ...] = ()

    @property
    def severity(self) -> Severity:
        """`error` refuses the table, `warning` is only told."""
        return CHECKS[self.check][0]

    @property
    def advice(self) -> str:
        """What to do about it."""
        return CHECKS[self.check][1]


class GateReport(msgspec.Struct, frozen=True):
    """Verdict of one gate about one table.

    There are no `statistics` where columns or types were wrong: nothing else was looked at then.
    """

    kind: Kind
    passed: bool
    rows: int
    failures: tuple[GateFailure, ...]
    statistics: dict[str, Any]

    @property
    def verdict(self) -> str:
        """One word: passed or refused."""
        return "passed" if self.passed else "refused"

    def of(self, severity: Severity) -> tuple[GateFailure, ...]:
        """Failures of one severity."""
        return tuple(failure for failure in self.failures if failure.severity == severity)

    def summary(self) -> str:
        """One line that says what is wrong, worst first.

        >>> GateReport("raw", False, 9, (GateFailure("no score", "home_goals", 2, ("a: nan", "b: nan")),), {}).summary()
        'raw: no score in home_goals (2 rows), such as a: nan'
        """
        told = [_line(failure) for failure in self.of("error")]
        return f"{self.kind}: " + ("; ".join(told[:3]) + (f"; {len(told) - 3} more" if told[3:] else "") or "passed")


def as_data(reports: Sequence[GateReport]) -> dict[str, Any]:
    """Reports as plain data: severity and advice stand beside each failure.

    >>> as_data([GateReport("upcoming", True, 0, (), {})])["passed"]
    True
    """
    return {
        "passed": all(report.passed for report in reports),
        "gates": [
            {**msgspec.to_builtins(report), "failures": [_told(failure) for failure in report.failures]}
            for report in reports
        ],
    }


def as_html(reports: Sequence[GateReport], title: str) -> str:
    """Reports as one page without scripts, fonts or links, so that it reads the same from a bucket or a mail.

    >>> "refused" in as_html([GateReport("raw", False, 0, (), {})], "snapshot 1")
    True
    """
    verdict = "passed" if all(report.passed for report in reports) else "refused"
    body = "\n".join(_section(report) for report in reports)
    return _PAGE.substitute(title=escape(title), verdict=verdict, body=body)


def _line(failure: GateFailure) -> str:
    example = f", such as {failure.examples[0]}" if failure.examples else ""
    return f"{failure.check} in {failure.column} ({failure.count:,} row{'s' * (failure.count != 1)}){example}"


def _told(failure: GateFailure) -> dict[str, Any]:
    return {**msgspec.to_builtins(failure), "severity": failure.severity, "advice": failure.advice}


def _section(report: GateReport) -> str:
    verdict = report.verdict
    counts = f"{report.rows:,} rows, {len(report.of('error'))} errors, {len(report.of('warning'))} warnings"
    failures = "".join(_row(failure) for failure in sorted(report.failures, key=lambda failure: failure.severity))
    table = f"<table><tr>{_HEAD}</tr>{failures}</table>" if failures else "<p>Nothing to report.</p>"
    facts = "".join(
        f"<tr><th scope='row'>{escape(str(name))}</th><td>{escape(_text(value))}</td></tr>"
        for name, value in report.statistics.items()
    )
    details = f"<details><summary>Figures</summary><table>{facts}</table></details>" if facts else ""
    return f"<h2>{report.kind} <b class='{verdict}'>{verdict}</b></h2><p>{counts}</p>{table}{details}"


def _row(failure: GateFailure) -> str:
    examples = "".join(f"<li><code>{escape(example)}</code></li>" for example in failure.examples)
    return (
        f"<tr class='{failure.severity}'><td>{failure.severity}</td><td>{escape(failure.check)}</td>"
        f"<td><code>{escape(failure.column)}</code></td><td class='number'>{failure.count:,}</td>"
        f"<td><ul>{examples}</ul></td><td>{escape(failure.advice)}</td></tr>"
    )


def _text(value: Any) -> str:
    return (
        ", ".join(f"{name}: {_text(inner)}" for name, inner in value.items()) if isinstance(value, dict) else str(value)
    )


_HEAD: Final = "".join(
    f"<th scope='col'>{name}</th>" for name in ("", "check", "column", "rows", "examples", "what to do")
)
_PAGE: Final = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>$title</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem;
color: #222; background: #fff }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top; padding: .4rem .6rem;
border-bottom: 1px solid #ddd } .number { text-align: right } ul { margin: 0; padding-left: 1rem }
.passed { color: #17692f } .refused { color: #a5141e } .error td:first-child { color: #a5141e; font-weight: bold }
code { overflow-wrap: anywhere }
</style></head><body>
<h1>$title: <span class="$verdict">$verdict</span></h1>
$body
</body></html>
""")
