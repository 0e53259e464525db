"""The command `features`: what models are told of a match, when and where that is known, and what it is worth."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchline.cli.match_tables import uses_of
from touchline.cli.terminal import AsJson, emit, scene, showing, speaking

if TYPE_CHECKING:
    from rich.table import Table

    from touchline.cli.features_material import Material
    from touchline.domain.feature_list import Feature
    from touchline.domain.vocabulary import Uses
    from touchline.learning.ablation import Ablation, Worth


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(features)


def features(
    context: typer.Context,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say what each means, when it is known, where, and what it is worth.")
    ] = False,
    data: Annotated[
        list[Path] | None, typer.Option(help="Files or folders with matches; by default the features of the home.")
    ] = None,
    uses: Annotated[
        str, typer.Option(help="results, statistics, past_prices or prices; by default as TOUCHLINE_TRAIN_USES says.")
    ] = "",
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Measure what each group is worth; takes a minute or two.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the features that a model may be told at a level of knowledge.

    With --explain: meaning, unit, when each is known, in how many matches (of --data, or of the newest features of the
    home), and what its group adds: log-loss with it minus without it, on the same later matches. What was measured is
    kept, and shown again for the same matches.

    \b
    Examples:
      touchline features --uses results
      touchline features --explain --data seasons/ --ablate
      touchline features --explain --json
    """
    environ = scene(context).environ
    level = uses_of(uses, environ)
    if not (explain or ablate or as_json):
        typer.echo("\n".join(feature.name for feature in _features(level)))
        return
    from touchline.cli import features_material

    material = features_material.read(environ, data or [], level)
    found, where = features_material.measured(environ, material, level, anew=ablate, say=speaking().print)
    if as_json:
        emit(_plain(level, material, found))
    else:
        _show(level, material, found)
        typer.echo(_told(found, where))


def _features(level: "Uses") -> "list[Feature]":
    from touchline.domain.feature_list import FEATURES
    from touchline.domain.uses import allowed

    return [feature for feature in FEATURES if allowed(feature.known, level)]


def _plain(level: "Uses", material: "Material | None", found: "Ablation | None") -> dict[str, Any]:
    """All that is known of the features, for scripts."""
    from touchline.domain.feature_groups import group
    from touchline.domain.uses import MOMENT

    listed = [
        {
            "name": feature.name,
            "about": feature.about,
            "unit": feature.unit,
            "group": group(feature.name),
            "known": feature.known,
            "known_from": MOMENT[feature.known],
            "coverage": material.coverage[feature.name] if material else None,
        }
        for feature in _features(level)
    ]
    source = {"matches": material.matches, "source": material.source} if material else None
    return {"uses": level, "features": listed, "data": source, "ablation": found}


def _show(level: "Uses", material: "Material | None", found: "Ablation | None") -> None:
    from touchline.domain.feature_groups import grouped
    from touchline.domain.uses import LEVELS, MEANING, MOMENT, allowed

    console, features = showing(), {feature.name: feature for feature in _features(level)}
    worth = {each.group: each for each in found.groups} if found else {}
    about = f"{material.matches:,} matches of {material.source}" if material else "no matches to say coverage of"
    console.print(f"{len(features)} features from {MEANING[level]}; {about}")
    for name, members in grouped(tuple(features)).items():
        console.print(f"\n{name}{_value(worth.get(name))}", style="bold")
        console.print(_table([features[member] for member in members], material))
    console.print("\nknown from")
    for each in LEVELS:
        if allowed(each, level):
            console.print(f"  {each:12} {MOMENT[each]}")


def _table(members: "list[Feature]", material: "Material | None") -> "Table":
    """One line a feature; those of home and away share one."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("feature", "what it says", "unit", "known from", *(("known in", "least in") if material else ())):
        table.add_column(title, no_wrap=title in ("feature", "least in"))
    named = {feature.name for feature in members}
    for feature in members:
        side, _, rest = feature.name.partition("_")
        if side == "away" and f"home_{rest}" in named:
            continue
        name = f"home_, away_{rest}" if side == "home" and f"away_{rest}" in named else feature.name
        table.add_row(name, feature.about, feature.unit, feature.known, *_coverage(feature.name, material))
    return table


def _coverage(name: str, material: "Material | None") -> tuple[str, ...]:
    if material is None:
        return ()
    coverage = material.coverage[name]
    place, share = coverage.worst()
    return f"{coverage.share:.1%}", f"{place} {share:.0%}" if round(share, 2) < round(coverage.share, 2) else ""


def _value(worth: "Worth | None") -> str:
    if worth is None:
        return ""
    gap = worth.log_loss
    return f": log-loss {gap.value:+.5f} with it ({gap.low:+.5f} to {gap.high:+.5f})"


def _told(found: "Ablation | None", where: Path | None) -> str:
    if found is None:
        return "\nwhat the groups are worth was not measured on these matches: add --ablate"
    return (
        "\nworth: log-loss of a ridge logistic regression with the group minus without it, so below zero it helps\n"
        f"  (with all {found.log_loss:.4f}); {found.n:,} matches from {found.judged_from} to {found.judged_until},\n"
        f"  each forecast from older ones only; 95 % intervals; kept in {where}"
    )
