"""The command `wiring`: look at it, check it, draw it into the documents."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from touchline.cli.terminal import AsJson, scene

if TYPE_CHECKING:
    from touchline.wiring import Wiring

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
    rights: Annotated[bool, typer.Option("--rights", help="Show what each function may do.")] = False,
    limits: Annotated[bool, typer.Option("--limits", help="Show what each platform can run at most.")] = False,
    grants: Annotated[bool, typer.Option("--grants", help="Print the SQL that makes roles of PostgreSQL.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show who wakes whom, what each function may do, and what the platforms can run.

    \b
    Examples:
      touchline wiring
      touchline wiring --check
      touchline wiring --rights --json
      touchline wiring --limits
      touchline wiring --grants | psql postgresql://owner@db/touchline
      touchline wiring --format mermaid
      touchline wiring --write
    """
    from touchline import wiring as declared
    from touchline.cli import picture, wiring_tables
    from touchline.deploy import limits as bounds

    folder = declared.root(scene(context).environ)
    found = declared.load(folder)
    bounds.check(found, folder if check else None)
    if rights or limits:
        tell = wiring_tables.rights if rights else wiring_tables.limits
        tell(found, as_json)
    elif grants:
        typer.echo(_script(found), nl=False)
    elif write:
        for path in documents(folder):
            path.write_text(picture.insert(path.read_text(), picture.mermaid(found), str(path)))
            typer.echo(f"drawn in {path}")
    elif check:
        typer.echo(f"{len(found.functions)} functions, no fault; {', '.join(bounds.PLATFORMS)} can run them")
    else:
        typer.echo(picture.ascii_picture(found) if form is Format.ascii else picture.mermaid(found))


def _script(found: "Wiring") -> str:
    """What `touchline migrate --grants` does, for who wants to read it first, or cannot reach the database."""
    from touchline.adapters.grants import statements

    return "".join(f"{line};\n" for line in ("BEGIN", *statements(found), "COMMIT"))


def documents(folder: Path) -> list[Path]:
    """Documents beside a functions folder that show the picture."""
    return [path for name in DOCUMENTS if (path := folder.parent / name).is_file()]
