"""The command `replica`: a local statistics site with an invented league, to try collecting without anybody's site."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

import importlib
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from touchline.cli.serve import HOST, listen_port
from touchline.cli.terminal import scene
from touchline.errors import ConfigurationError

Port = Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)]
Teams = Annotated[int, typer.Option(help="Clubs of the league, an even number; 4 play 12 matches.", min=2, max=20)]
Seed = Annotated[int, typer.Option(help="Another seed, other matches.")]
Share = Annotated[float, typer.Option(help="Share of the requests that fail at first; no walls.", min=0, max=0.9)]
Now = Annotated[
    datetime | None, typer.Option(help="What the site takes for now (UTC); by default the season is under way.")
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(replica)


def replica(
    context: typer.Context, port: Port = 8123, teams: Teams = 20, seed: Seed = 7, faults: Share = 0.0, now: Now = None
) -> None:
    """Serve a replica of WhoScored until Ctrl-C: its formats, an invented league, nothing of the real site.

    Its switches are below /_replica/: hits, faults, now, revise, and truth with what should be collected.

    \b
    Examples:
      touchline replica --teams 4
      touchline replica --port 0 --faults 0.1 --now 2026-06-30T00:00:00
      curl http://127.0.0.1:8123/_replica/truth/schedule
    """
    import uvicorn

    if teams % 2:
        raise ConfigurationError(f"{teams} clubs cannot meet in pairs", where="--teams", hint="choose an even number")
    site = {"teams": teams, "seed": seed, **({"now": now.replace(tzinfo=UTC)} if now else {})}
    made = application(scene(context).environ).make(faults, **site)
    chosen = listen_port(port)
    url = f"http://{HOST}:{chosen}"
    typer.echo(f"{url}/\n{instructions(url)}")
    uvicorn.run(made, host=HOST, port=chosen, log_level="warning", lifespan="off", ws="none")


def application(environ: Mapping[str, str]) -> Any:
    """The module with the application, which is part of the tests.

    Raises:
        ConfigurationError: the tests are not there, since this is no checkout.
    """
    from touchline import wiring

    folder = wiring.root(environ).parent / "tests" / "replica"
    if not (folder / "replica_app.py").is_file():
        raise ConfigurationError(
            "the replica is part of the tests, and these are not here",
            where=str(folder),
            hint="run it from a checkout of the project, or let TOUCHLINE_FUNCTIONS name the `functions` of one",
        )
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return importlib.import_module("replica_app")


def instructions(url: str) -> str:
    """How to collect from it, as a command line."""
    return (
        "collect from it, in another terminal:\n"
        f"  TOUCHLINE_SCRAPE_WHOSCORED_URL={url} TOUCHLINE_SCRAPE_WHOSCORED_TERMS=acknowledged \\\n"
        "  TOUCHLINE_SCRAPE_PACE_SECONDS=0 \\\n"
        "  touchline scrape --source whoscored --competition E0 --season 2025-26 --no-chain\n"
        f"what should come of it: {url}/_replica/truth/schedule; who asked for what: {url}/_replica/hits"
    )
