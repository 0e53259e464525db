"""The track record as asked for: some of its lines, and these as a sheet."""

import csv
import io
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from touchline.domain.track import RIVALS, Entry, Mean, Track
from touchline.domain.vocabulary import Word
from touchline.errors import NotFound
from touchline.web.listing import cell

_SCORES: Final = ("log_loss", "rps", "brier", "accuracy")
_ENDS: Final = ("", "_low", "_high")
_STAKES: Final = ("n", "staked", "returned", "roi", "low", "high")
COLUMNS: Final = (
    "mode", "model_version", "competition", "season", "first", "until", "n", "few",
    *(f"{score}{end}" for score in _SCORES for end in _ENDS), "expected", "ece", "noise",
    *(f"{rival}_{part}" for rival in RIVALS for part in ("n", "few", *(f"{s}{e}" for s in _SCORES[:2] for e in _ENDS))),
    *(f"stakes_{part}" for part in _STAKES), *(f"closing_value{end}" for end in _ENDS),
)  # fmt: skip
"""Of a rival: matches that both forecast, and ours minus theirs. Empty is all together, or not known."""


class TrackFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines to give; all by default."""

    model: Word = ""
    competition: Word = ""
    season: Word = ""


def narrowed(track: Track, wish: TrackFilter) -> Track:
    """The lines that a filter lets through; none as long as nothing is settled.

    Raises:
        NotFound: no line is of that model, competition or season.
    """
    for name, given, known in (
        ("model", wish.model, track.models),
        ("competition", wish.competition, {one.competition for one in track.entries}),
        ("season", wish.season, {one.season for one in track.entries}),
    ):
        if given and track.entries and given not in known:
            raise NotFound(f"the track record has no {name} {given!r}", hint=f"known are: {_few(known)}")
    return msgspec.structs.replace(
        track,
        entries=tuple(one for one in track.entries if _wanted(one, wish)),
        figures=tuple(one for one in track.figures if _wanted(one, wish)),
        voided=tuple(one for one in track.voided if wish.model in ("", one.model_version)),
        voids=tuple(one for one in track.voids if _wanted(one, wish)),
    )


def _few(known: Any) -> str:
    return ", ".join(sorted(filter(None, known))[:20]) or "none yet"


def _wanted(one: Any, wish: TrackFilter) -> bool:
    asked = (wish.model, one.model_version), (wish.competition, one.competition), (wish.season, one.season)
    return all(given in ("", has) for given, has in asked)


def sheet(track: Track) -> bytes:
    """All lines as CSV with a header line, COLUMNS."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in track.entries:
        told = dict(_cells(one))
        writer.writerow([cell(track.mode if name == "mode" else told.get(name, "")) for name in COLUMNS])
    return lines.getvalue().encode()


def _cells(one: Entry) -> Iterator[tuple[str, Any]]:
    for name in ("model_version", "competition", "season", "first", "until", "n", "few", "expected", "ece", "noise"):
        yield name, getattr(one, name)
    for name in _SCORES:
        yield from _mean(name, getattr(one, name))
    for rival in one.against:
        yield f"{rival.rival}_n", rival.n
        yield f"{rival.rival}_few", rival.few
        for name in _SCORES[:2]:
            yield from _mean(f"{rival.rival}_{name}", getattr(rival, name))
    if one.returns:
        yield from ((f"stakes_{part}", _empty(getattr(one.returns, part))) for part in _STAKES)
    if one.closing_value:
        yield from _mean("closing_value", one.closing_value)


def _mean(name: str, mean: Mean) -> Iterator[tuple[str, Any]]:
    yield from ((f"{name}{end}", _empty(v)) for end, v in zip(_ENDS, msgspec.structs.astuple(mean), strict=True))


def _empty(value: Any) -> Any:
    return "" if value is None else value
