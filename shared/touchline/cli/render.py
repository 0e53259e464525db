"""The command `render`: the wiring as manifests of Knative."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

from pathlib import Path
from typing import Annotated

import typer

from touchline.cli.terminal import scene


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(render)


def render(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Only say what is wrong; exit code 2 if anything is.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder; by default knative/generated beside the functions.")] = None,
) -> None:
    """Write the manifests of Knative that follow from the wiring.

    \b
    Examples:
      touchline render
      touchline render --check
    """
    from touchline import wiring
    from touchline.deploy import knative, knative_check, limits

    folder = wiring.root(scene(context).environ)
    found = wiring.load(folder)
    limits.check(found, folder)
    out = out or folder.parent / "knative" / "generated"
    if check:
        knative.check(found, out)
        documents = knative_check.read(out.parent / "base", out)
        knative_check.check(found, documents)
        typer.echo(f"{len(found.parts)} functions, {len(documents)} manifests, no fault")
        return
    changed = knative.write(found, out)
    typer.echo(f"{len(changed)} files changed in {out}" if changed else f"nothing changed in {out}")
