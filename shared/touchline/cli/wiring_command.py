"""The command `wiring`: look at it, check it, draw it into the documents."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from touchline.cli.terminal import scene

DOCUMENTS: Final = ("docs/architecture.md", "README.md")


class Format(StrEnum):
    """How the picture is drawn."""

    ascii = "ascii"
    mermaid = "mermaid"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(wiring)


def wiring(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Say what is wrong; exit code 2 if anything is.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Draw it anew in the documents.")] = False,
    form: Annotated[Format, typer.Option("--format", help="How to draw it.")] = Format.ascii,
) -> None:
    """Show who wakes whom.

    \b
    Examples:
      touchline wiring
      touchline wiring --check
      touchline wiring --format mermaid
      touchline wiring --write
    """
    from touchline import wiring as declared
    from touchline import wiring_rules
    from touchline.cli import picture

    folder = declared.root(scene(context).environ)
    found = declared.load(folder)
    wiring_rules.check(found, folder if check else None)
    if write:
        for path in documents(folder):
            path.write_text(picture.insert(path.read_text(), picture.mermaid(found), str(path)))
            typer.echo(f"drawn in {path}")
    elif check:
        typer.echo(f"{len(found.functions)} functions, no fault")
    else:
        typer.echo(picture.ascii_picture(found) if form is Format.ascii else picture.mermaid(found))


def documents(folder: Path) -> list[Path]:
    """Documents beside a functions folder that show the picture."""
    return [path for name in DOCUMENTS if (path := folder.parent / name).is_file()]
