"""The command `metrics`: what functions did, as Prometheus reads it, where no bridge and no local platform tells it."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Annotated, Final

import typer

from touchline.cli.serve import HOST, listen_port
from touchline.cli.terminal import scene

PATH: Final = "/metrics"
SECONDS: Final = 15.0
"""Between looks, however often somebody asks."""

Serve = Annotated[int, typer.Option("--serve", help="Port to serve it on until Ctrl-C; 0 takes a free one.", max=65535)]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(metrics)


def metrics(context: typer.Context, serve: Serve = -1) -> None:
    """Tell what the functions did, from run records, the database and published objects, for Prometheus.

    The bridge on Knative and `touchline up` tell the same at their path /metrics; beside a cloud, let this serve it.

    \b
    Examples:
      touchline metrics | grep touchline_runs_total
      touchline metrics --serve 9105
    """
    from touchline import bootstrap
    from touchline.platform import letters
    from touchline.watch.exporter import exporter

    ports = bootstrap.ports(scene(context).environ)
    told = exporter(ports, ports.wiring, SECONDS, lambda: letters.decided(ports.store, ports.home))
    if serve < 0:
        sys.stdout.write(told.render().decode())
        return
    with ThreadingHTTPServer((HOST, listen_port(serve)), _door(told.render)) as server:
        typer.echo(f"http://{HOST}:{server.server_port}{PATH}")
        server.serve_forever()


def _door(render: Callable[[], bytes]) -> type[BaseHTTPRequestHandler]:
    from touchline.watch.families import MEDIA_TYPE

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != PATH:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            body = render()
            self.send_response(HTTPStatus.OK)
            self.send_header("content-type", MEDIA_TYPE)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody wants a line a scrape."""

    return Door
