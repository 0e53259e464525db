"""The command `trace`: what a forecast stands on, down to the bytes that were received."""

from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from touchline.cli.terminal import AsJson, complain, emit, scene, showing
from touchline.errors import CorruptObject, NotFound

if TYPE_CHECKING:
    from rich.tree import Tree

    from touchline.trace import Node


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(trace)


def trace(
    context: typer.Context,
    match_id: Annotated[str, typer.Argument(help="As `touchline demo` and the page show it.")],
    as_json: AsJson = False,
) -> None:
    """Walk from a forecast back to the payload, and check every hash on the way; exit code 1 if one is wrong.

    Example: touchline trace e0-2025-26-arsenal-chelsea
    """
    from touchline import bootstrap
    from touchline import trace as tracing

    try:
        found = tracing.trace(bootstrap.ports(scene(context).environ).store, match_id)
    except (CorruptObject, NotFound) as error:
        complain(error)
        raise typer.Exit(1) from error
    nodes = {node.key: node for node in found.tree.walk()}
    if as_json:
        emit(msgspec.to_builtins(found) | {"objects": len(nodes)})
        return
    match = found.match
    chances = f"home {match.home:.1%}, draw {match.draw:.1%}, away {match.away:.1%}"
    showing().print(
        _tree(found.tree, f"{match.home_team} - {match.away_team}, {match.kickoff:%Y-%m-%d %H:%M}: {chances}")
    )
    typer.echo(f"{len(nodes)} objects, every hash as promised")


def _tree(node: "Node", title: str) -> "Tree":
    from rich.tree import Tree

    tree = Tree(title)
    _grow(tree, node, set())
    return tree


def _grow(tree: "Tree", node: "Node", shown: set[str]) -> None:
    """Each object is unfolded where it stands first."""
    again = " (see above)" if node.key in shown and node.made_from else ""
    branch = tree.add(f"{node.what}  [dim]{node.key}  {node.sha256[:12]}{again}[/]")
    if node.key not in shown:
        shown.add(node.key)
        for below in node.made_from:
            _grow(branch, below, shown)
