"""The page of the track record: one model in one competition and season, and all lines of which it is one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from touchline.domain.track import Against, Entry, Figures, Mean, Slice, Track
from touchline.domain.views import Returns
from touchline.web.figures import Figure
from touchline.web.look import Look
from touchline.web.track_figures import curve_figure, gap_figure, reliability_figure
from touchline.web.view_parts import league
from touchline.web.view_scores import Row, Scored, rows

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Choice:
    """One field of the form: its name, its label, and value, text and whether it is chosen of each option."""

    name: str
    label: str
    options: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True)
class Groups:
    """Groups of matches: a table of differences where all are compared with the same rival, else of log-losses."""

    about: str
    head: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class TrackView:
    """What the page shows."""

    simulated: bool
    until: str
    choices: tuple[Choice, ...]
    wrong: tuple[str, ...]
    """Fields whose value is not known."""
    heading: str
    """How many forecasts, and from when to when; empty where there is none."""
    few: str
    numbers: Pairs
    rivals: tuple[Row, ...]
    curve: Figure | None
    bins: Figure | None
    calibration: str
    gap: Figure | None
    wider: bool
    """Whether the figures are those of more matches than were chosen."""
    groups: Groups | None
    returns: Pairs
    lines: tuple[Row, ...]
    models: tuple[Row, ...]
    voided: tuple[tuple[str, ...], ...]
    voids: tuple[tuple[str, ...], ...]


def track_view(look: Look, track: Track) -> TrackView:
    """The record as the page asks for it: `model`, `competition` and `season` of the query."""
    asked = {name: look.query.get(name, "") for name in ("model", "competition", "season")}
    known = {
        "model": track.models,
        "competition": sorted({one.competition for one in track.entries} - {""}),
        "season": sorted({one.season for one in track.entries} - {""}, reverse=True),
    }
    wrong = tuple(name for name, value in asked.items() if value and value not in known[name])
    model = asked["model"] if asked["model"] in known["model"] else next(iter(track.models), "")
    league_of, season = (asked[name] if asked[name] in known[name] else "" for name in ("competition", "season"))
    of_model = [one for one in track.entries if one.model_version == model]
    chosen = next((one for one in of_model if (one.competition, one.season) == (league_of, season)), None)
    figures = _figures(track, model, league_of, season)
    t = look.words
    return TrackView(
        simulated=track.mode == "simulated",
        until=_day(look, track.until),
        choices=_choices(look, known, {"model": model, "competition": league_of, "season": season}),
        wrong=tuple(t(f"track.{name}") if name != "competition" else t("filter.competition") for name in wrong),
        heading=_heading(look, chosen),
        few=t("track.few", n=t.count(chosen.n)) if chosen and chosen.few else "",
        numbers=_numbers(look, chosen) if chosen else [],
        rivals=_rivals(look, chosen) if chosen else (),
        curve=curve_figure(look, figures.curve) if figures and figures.curve else None,
        bins=reliability_figure(look, figures) if figures else None,
        calibration=_calibration(look, figures) if figures else "",
        gap=gap_figure(look, figures.months) if figures and figures.months else None,
        wider=bool(figures and (figures.competition, figures.season) != (league_of, season)),
        groups=_groups(look, figures.slices) if figures and figures.slices else None,
        returns=_returns(look, chosen) if chosen else [],
        lines=_lines(look, of_model, chosen),
        models=_lines(look, [one for one in track.entries if not (one.competition or one.season)], chosen, models=True),
        voided=tuple((name_of(look, one.model_version), one.reason, t.count(one.n)) for one in track.voided),
        voids=tuple(
            (_day(look, one.day), one.match_id, name_of(look, one.model_version), one.reason)
            for one in track.voids
            if league_of in ("", one.competition) and season in ("", one.season)
        ),
    )


def name_of(look: Look, version: str) -> str:
    """A forecaster in words, a model by the beginning of its version."""
    return look.words.or_else(f"forecaster.{version}", version[:12])


def _figures(track: Track, model: str, league_of: str, season: str) -> Figures | None:
    """The figures of what was chosen, else of all seasons of the competition, else of all matches of the model."""
    found = {(one.competition, one.season): one for one in track.figures if one.model_version == model}
    wanted = ((league_of, season), (league_of, ""), ("", season), ("", ""))
    return next((found[key] for key in wanted if key in found), None)


def _choices(look: Look, known: dict[str, Sequence[str]], chosen: dict[str, str]) -> tuple[Choice, ...]:
    t = look.words
    named = {
        "model": [(one, name_of(look, one)) for one in known["model"]],
        "competition": [("", t("track.all")), *((one, league(one)) for one in known["competition"])],
        "season": [("", t("track.all")), *((one, one) for one in known["season"])],
    }
    labels = {"model": t("track.model"), "competition": t("filter.competition"), "season": t("track.season")}
    return tuple(
        Choice(name, labels[name], tuple((value, text, value == chosen[name]) for value, text in options))
        for name, options in named.items()
    )


def _day(look: Look, iso: str) -> str:
    return look.words.short_day(date.fromisoformat(iso[:10])) if iso else ""


def _heading(look: Look, chosen: Entry | None) -> str:
    if chosen is None:
        return ""
    t = look.words
    key = "track.n.one" if chosen.n == 1 else "track.n.other"
    return t(key, n=t.count(chosen.n), first=_day(look, chosen.first), until=_day(look, chosen.until))


def _numbers(look: Look, one: Entry) -> Pairs:
    t = look.words
    return [
        (t("log_loss"), _with(look, one.log_loss)),
        (t("track.expected"), t.number(one.expected, 4)),
        ("RPS", _with(look, one.rps)),
        ("Brier", _with(look, one.brier)),
        (t("accuracy"), _with(look, one.accuracy, percent=True)),
        (t("ece"), t("track.noise", value=t.number(one.ece, 4), noise=t.number(one.noise, 4))),
    ]


def _with(look: Look, mean: Mean, *, percent: bool = False) -> str:
    """A mean with its interval, if it has one."""
    t = look.words

    def text(value: float) -> str:
        return t.percent(value, 1) if percent else t.number(value, 4)

    if mean.low is None or mean.high is None:
        return text(mean.value)
    return t("track.with", value=text(mean.value), interval=t("to", low=text(mean.low), high=text(mean.high)))


def _rivals(look: Look, entry: Entry) -> tuple[Row, ...]:
    t = look.words
    return rows(
        look,
        [
            Scored(
                name_of(look, one.rival), one.log_loss.value, one.log_loss.low, one.log_loss.high,
                (t.count(one.n), t.number(one.ours, 4), t.number(one.theirs, 4), t.number(one.rps.value, 4)),
                few=one.few,
            )
            for one in entry.against
        ],
    )  # fmt: skip


def _calibration(look: Look, figures: Figures) -> str:
    t = look.words
    error, noise, high = (t.number(value, 4) for value in (figures.ece, figures.noise, figures.noise_high))
    verdict = t("track.bins.yes") if figures.ece > figures.noise_high else t("track.bins.no")
    return f"{t('track.bins.error', ece=error, noise=noise, high=high)} {verdict}"


def _groups(look: Look, slices: Sequence[Slice]) -> Groups:
    t = look.words
    rivals = {one.against.rival if one.against else "" for one in slices}
    rival = next(iter(rivals)) if len(rivals) == 1 else ""
    compared = (t("track.slices.rival", rival=name_of(look, rival)),) if rival else ()
    return Groups(
        about=" ".join((t("track.slices.about"), *compared)),
        head=t("difference") if rival else t("log_loss"),
        heads=(t("matches"), *([t("log_loss")] if rival else []), t("track.favourite")),
        rows=rows(look, [_group(look, one, one.against if rival else None) for one in slices]),
    )


def _group(look: Look, one: Slice, against: Against | None) -> Scored:
    t, shown = look.words, against.log_loss if against else one.log_loss
    losses = (t.number(one.log_loss.value, 4),) if against else ()
    favourite = t("track.with", value=t.percent(one.came.value), interval=t.percent(one.promised))
    cells = (t.count(one.n), *losses, favourite)
    return Scored(_slice_name(look, one.name), shown.value, shown.low, shown.high, cells, few=one.few)


def _slice_name(look: Look, name: str) -> str:
    family, _, group = name.partition(":")
    return league(group) if family == "competition" else look.words(f"slice.{name}")


def _returns(look: Look, entry: Entry) -> Pairs:
    told, t = entry.returns, look.words
    if told is None:
        return []
    closing = [(t("track.closing"), _with(look, entry.closing_value))] if entry.closing_value else []
    return [
        (t("returns.matches"), t.count(told.matches)),
        (t("returns.n"), t.count(told.n)),
        (t("returns.returned"), t.number(told.returned, 1)),
        *([(t("returns.roi"), _roi(look, told))] if told.roi is not None else []),
        *closing,
    ]


def _roi(look: Look, told: Returns) -> str:
    assert told.roi is not None, "asked for only where there is a stake"
    marked = f" · {look.words('few')}" if told.few else ""
    return _with(look, Mean(told.roi, told.low, told.high), percent=True) + marked


def _lines(
    look: Look, entries: Iterable[Entry], chosen: Entry | None, *, models: bool = False
) -> tuple[Row, ...]:  # fmt: skip
    t = look.words

    def name(one: Entry) -> str:
        if models:
            return name_of(look, one.model_version)
        return " · ".join(filter(None, (league(one.competition) if one.competition else "", one.season))) or t(
            "track.all"
        )

    return rows(
        look,
        [
            Scored(
                name(one), one.log_loss.value, one.log_loss.low, one.log_loss.high,
                (t.count(one.n), t.number(one.rps.value, 4), t.percent(one.accuracy.value), t.number(one.ece, 4)),
                own=one is chosen, few=one.few,
            )
            for one in entries
        ],
    )  # fmt: skip
