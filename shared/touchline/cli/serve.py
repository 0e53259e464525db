"""The command `serve`: the page and the answers, by the function predict as it is deployed."""

import os
import socket
import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from touchline.cli.serve_access import with_access
from touchline.cli.terminal import scene
from touchline.errors import Unavailable

HOST = "127.0.0.1"

Port = Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(serve)


def serve(context: typer.Context, port: Port = 8080) -> None:
    """Serve the page and the answers until Ctrl-C.

    Example: touchline --home .touchline/simulated serve --port 0
    """
    environ = scene(context).environ
    chosen = listen_port(port)
    typer.echo(f"http://{HOST}:{chosen}/")
    become_server(environ, chosen)


def listen_port(port: int) -> int:
    """The port if it is free, or a free one instead of 0.

    Raises:
        Unavailable: somebody else listens there.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise Unavailable(
                f"port {port} cannot be had: {error.strerror}", where=HOST, hint="choose another with --port"
            ) from error
        found: int = probe.getsockname()[1]
        return found


def become_server(environ: Mapping[str, str], port: int) -> None:
    """Replace this process, and all the memory that training took, by the server."""
    from touchline import wiring

    environ = with_access(environ, f"http://{HOST}:{port}")
    folder = str(wiring.root(environ) / "predict")
    command = [sys.executable, "-m", "uvicorn", "main:app", "--app-dir", folder]
    options = ["--host", HOST, "--port", str(port), "--lifespan", "off", "--log-level", "warning"]
    options += [
        "--no-proxy-headers",
        "--no-access-log",
    ]  # what proxies tell is believed as TOUCHLINE_PREDICT_PROXIES says
    sys.stdout.flush()
    os.execve(sys.executable, [*command, *options], dict(environ))  # noqa: S606 - our own interpreter
