"""The command `smoke`: prove the chain of a real installation, whatever platform it runs on."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from touchline.cli.terminal import scene, showing, speaking
from touchline.errors import Unavailable

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console

    from touchline.cli.following import Chain, Ended
    from touchline.ports import Clock, ObjectStore
    from touchline.wiring import Wiring

INCOMPLETE: Final = 3
_STYLES: Final = {"done": "green", "unchanged": "dim", "skipped": "dim", "parked": "yellow"}


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(smoke)


def smoke(
    context: typer.Context,
    files: Annotated[list[Path] | None, typer.Argument(help="Files with matches to take in, as for `ingest`.")] = None,
    url: Annotated[str, typer.Option(help="Address of predict, to ask it at the end.")] = "",
    key: Annotated[str, typer.Option(envvar="TOUCHLINE_SMOKE_KEY", help="A key with the scope `read`.")] = "",
    wait: Annotated[float, typer.Option(min=1, help="Seconds to wait for the chain.")] = 900.0,
    every: Annotated[float, typer.Option(min=0.05, help="Seconds between two looks.")] = 2.0,
) -> None:
    """Put files into the bucket of an installation, and watch what comes of them until predict answers.

    The bucket is that of TOUCHLINE_STORE; who works is up to the platform that listens to it. A file that is known
    changes nothing, and the chain ends early; without files predict alone is asked. Exit code 0 if all came that was
    to come, 2 if something was parked, 3 if something is missing, which is named.

    \b
    Examples:
      touchline smoke E0.csv --url https://predict.example --key $KEY
      touchline smoke --url http://localhost:8080
    """
    from touchline import bootstrap, wiring
    from touchline.cli import following

    environ = scene(context).environ
    ports = bootstrap.ports(environ)
    declared = wiring.load(wiring.root(environ))
    chain = following.Chain(ports.store, declared, ports.clock.now())
    for name in _put_down(ports.store, files or [], ports.clock.now()):
        chain.expect(name)
    ended = _watched(chain, declared, ports.clock, wait, every)
    code = max((2 for one in ended if one.record.outcome == "parked"), default=0)
    if chain.awaited:
        _missing(chain, declared, first=not ended)
        code = INCOMPLETE
    if url and not _asked(url.rstrip("/"), key):
        code = INCOMPLETE
    raise typer.Exit(code)


def _put_down(store: "ObjectStore", paths: list[Path], now: "datetime") -> list[str]:
    """Put files under `incoming/`; their keys."""
    from touchline.sources import files

    found = [payload for path in paths for payload in files.read(path, now)]
    keys = [files.incoming_key(payload.name, payload.body, now) for payload in found]
    for key, payload in zip(keys, found, strict=True):
        store.create(key, payload.body)
    return keys


def _watched(chain: "Chain", wiring: "Wiring", clock: "Clock", wait: float, every: float) -> "list[Ended]":
    """Tell of everything that ends, until nothing is awaited any more or the time is over."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    ended: list[Ended] = []
    until = time.monotonic() + wait
    columns = (SpinnerColumn(), TextColumn("waiting for {task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=speaking(), transient=True) as progress:
        task = progress.add_task("", total=None)
        while chain.awaited:
            progress.update(task, description=_awaited(chain, wiring))
            for one in chain.look(clock.now()):
                ended.append(one)
                _tell(one, progress.console)
            if not chain.awaited or time.monotonic() > until:
                break
            time.sleep(every)
    return ended


def _awaited(chain: "Chain", wiring: "Wiring") -> str:
    from touchline.cli.following import ordered

    return ", ".join(dict.fromkeys(asked.function for asked in ordered(wiring, chain.awaited)))


def _tell(one: "Ended", console: "Console") -> None:
    from rich.markup import escape

    record = one.record
    about = record.reason.splitlines()[0] if record.reason else ", ".join(record.publications) or one.asked.key
    style = _STYLES.get(record.outcome, "red")
    console.print(
        f"{record.function:<9} [{style}]{record.outcome:<9}[/] {record.duration_s:7.2f} s  {escape(about)}",
        soft_wrap=True,
    )


def _missing(chain: "Chain", wiring: "Wiring", *, first: bool) -> None:
    from touchline.cli.following import advice, ordered

    for asked in ordered(wiring, chain.awaited):
        why = chain.failures.get(asked)
        hint = f"its last attempt failed: {why}" if why else advice(asked, wiring, first)
        showing().print(
            f"missing: {asked.function} has not worked on {asked.key}\n  {hint}", style="red", soft_wrap=True
        )


def _asked(url: str, key: str) -> bool:
    """Whether predict is ready and tells forecasts."""
    try:
        ready, told = _get(f"{url}/readyz", key), _get(f"{url}/predict/predictions", key)
    except Unavailable as error:
        showing().print(f"missing: predict: {error}", style="red", soft_wrap=True)
        return False
    matches = told.get("matches", [])
    showing().print(f"predict   {ready.get('status', 'ready')}: {len(matches)} matches forecast")
    return True


def _get(url: str, key: str) -> dict[str, Any]:
    import httpx

    try:
        answer = httpx.get(url, headers={"x-api-key": key} if key else {}, timeout=30, follow_redirects=False)
        body = answer.json() if answer.content else {}
    except (httpx.HTTPError, ValueError) as error:
        raise Unavailable(f"does not answer: {error}", where=url) from error
    if answer.status_code != 200:
        detail = body.get("detail") or body.get("title") or ""
        raise Unavailable(f"answers {answer.status_code} {detail}".strip(), where=url)
    found: dict[str, Any] = body if isinstance(body, dict) else {}
    return found
