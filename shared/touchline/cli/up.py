"""The command `up`: the local platform, its state as a table, as lines, or as JSON for scripts."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from touchline.cli.doctor_parts import strange
from touchline.cli.serve_access import with_access
from touchline.cli.terminal import AsJson, scene, showing

if TYPE_CHECKING:
    from collections.abc import Callable

    from touchline.platform.status import News
    from touchline.platform.up import Up

REFRESH = 0.25
"""Seconds between looks whether the table has changed."""
IDLE_REFRESH = 5.0
"""Seconds after which it is drawn anew in any case, since it tells how long ago things were."""

Only = Annotated[str, typer.Option(help="Functions to start, with commas; events for the others stay queued.")]
PortBase = Annotated[
    int, typer.Option(help="Port of the inbox; the functions follow. 0 takes free ones.", min=0, max=65000)
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(up)


def up(context: typer.Context, only: Only = "", port_base: PortBase = 8100, as_json: AsJson = False) -> None:
    """Run the local platform until Ctrl-C: every function in a process of its own, woken by objects and schedules.

    Events may be sent to the inbox, as CloudEvents or as JSON with `key` or `schedule`; its path /status tells how
    things are. Logs of the functions are in the folder `logs` of the home.

    \b
    Examples:
      touchline up
      touchline up --only scrape,export,validate --port-base 8200
      touchline up --json | jq .change
      curl --json '{"schedule": "daily"}' -H 'ce-function: drift' http://127.0.0.1:8100/
    """
    from touchline.platform.up import Options, Up

    names = tuple(name.strip() for name in only.split(",") if name.strip())
    shown = _json if as_json else _lines
    table = not as_json and sys.stdout.isatty()
    environ = scene(context).environ
    if not names or "predict" in names:
        environ = with_access(environ)
    platform = Up(environ, Options(names, port_base), (lambda _: None) if table else shown)
    for odd in strange(environ):
        typer.secho(f"without effect: {odd}", err=True, fg=typer.colors.YELLOW)
    asyncio.run(_run(platform, _draw if table else _announce(as_json)))


async def _run(platform: "Up", show: "Callable[[Up], Any]") -> None:
    """Until a signal asks for the end; a second one hurries it."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def asked() -> None:
        if stop.is_set():
            platform.hurry()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, asked)
    showing_it = asyncio.create_task(show(platform))
    try:
        await platform.run(stop)
    finally:
        showing_it.cancel()
        await asyncio.gather(showing_it, return_exceptions=True)


async def _draw(platform: "Up") -> None:
    """The table, drawn when something has changed."""
    from rich.live import Live

    from touchline.platform.status import table

    await platform.opened.wait()
    drawn, since = -1, 0.0
    with Live(console=showing(), auto_refresh=False) as live:
        while True:
            status = platform.glance()
            if platform.board.version != drawn or since >= IDLE_REFRESH:
                live.update(table(status), refresh=True)
                drawn, since = platform.board.version, 0.0
            await asyncio.sleep(REFRESH)
            since += REFRESH


def _announce(as_json: bool) -> "Callable[[Up], Any]":
    async def announce(platform: "Up") -> None:
        await platform.opened.wait()
        status = platform.glance()
        if as_json:
            _line(msgspec.json.encode(status).decode())
        else:
            _line(f"inbox {status.inbox}, mode {status.mode}; Ctrl-C ends it")

    return announce


def _json(news: "News") -> None:
    _line(msgspec.json.encode(news).decode())


def _lines(news: "News") -> None:
    if news.change == "begun":
        return
    figures = f"{news.outcome:<9} {news.seconds or 0:7.2f} s  " if news.outcome else ""
    attempt = f" (attempt {news.attempt})" if news.attempt > 1 else ""
    _line(f"{news.at:%H:%M:%S} {news.function:<9} {news.change:<9} {figures}{news.key}{attempt}  {news.why}".rstrip())


def _line(text: str) -> None:
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read this has gone; end as if asked to, and say no more
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - as long as the process lives
        signal.raise_signal(signal.SIGTERM)
