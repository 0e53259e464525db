"""A real Alertmanager of our own, and somebody at the other end of its webhook."""

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

import watching
from missing import Missing
from serving import free_port
from waiting import wait_until

PROGRAMS = ("prometheus-alertmanager", "alertmanager")
"""Debian's name, and its own."""
_PATIENCE = re.compile(r"^( +)(for|group_wait|group_interval): \w+$", re.MULTILINE)


def hurried(text: str) -> str:
    """Rules, or a configuration, with all that is waited for cut down to a second; expressions stay as they are.

    >>> hurried("  expr: up == 0\\n  for: 10m\\n  group_wait: 1m")
    '  expr: up == 0\\n  for: 1s\\n  group_wait: 1s'
    """
    return _PATIENCE.sub(r"\1\2: 1s", text)


class Phone:
    """Who is told: keeps what came in."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        """Path and body, as they came."""
        calls = self.calls

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                calls.append((self.path, json.loads(self.rfile.read(int(self.headers["content-length"])))))
                self.send_response(202)
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def told(self, alert: str, status: str) -> list[dict[str, Any]]:
        """Alerts of a name that came to the webhook as `firing` or `resolved`."""
        alerts = (one for path, call in list(self.calls) if path == "/webhook" for one in call["alerts"])
        return [one for one in alerts if one["labels"]["alertname"] == alert and one["status"] == status]

    def wait(self, alert: str, status: str, seconds: float = 40) -> dict[str, Any]:
        """The first of these, come or to come."""
        wait_until(lambda: bool(self.told(alert, status)), f"{alert} is told as {status}", seconds, pause=0.05)
        return self.told(alert, status)[0]

    def heard(self, path: str) -> list[str]:
        """What came to another door, as JSON."""
        return [json.dumps(call) for one, call in list(self.calls) if one == path]

    def close(self) -> None:
        """Hang up."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def running(folder: Path) -> Iterator[tuple[str, Phone]]:
    """The address of an Alertmanager with our configuration, put together by our script, and who is told by it: by
    webhook, as Slack, and as PagerDuty.

    Debian's is older than `url_file` of a webhook, so it is shown the address that stands in that file. PagerDuty's
    address is one for all, and is replaced by ours.

    Raises:
        Missing: it cannot be had here.
    """
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise Missing("prometheus-alertmanager is not installed")
    phone, port = Phone(), free_port()
    (folder / "secrets").mkdir()
    values = {"webhook-url": f"{phone.url}/webhook", "slack-url": f"{phone.url}/slack", "pagerduty-key": "0123456789"}
    for name, value in values.items():
        (folder / "secrets" / name).write_text(value)
    script = [str(watching.CONFIG / "receivers.sh"), str(watching.CONFIG), str(folder / "secrets")]
    told = subprocess.run(["sh", *script], capture_output=True, text=True, check=True).stdout
    config = folder / "alertmanager.yaml"
    told = re.sub(r' url_file: ".*"', f' url: "{phone.url}/webhook"', hurried(told))
    config.write_text(re.sub(r"( +)(severity: .*)", rf'\1\2\n\1url: "{phone.url}/pagerduty"', told))
    options = {
        "config.file": config, "storage.path": folder / "alertmanager", "web.listen-address": f"127.0.0.1:{port}",
        "cluster.listen-address": "", "log.level": "warn",
    }  # fmt: skip
    with (folder / "alertmanager.log").open("wb") as log:
        process = subprocess.Popen(
            [program, *(f"--{name}={value}" for name, value in options.items())], stdout=log, stderr=log, cwd=folder
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _ready(process, url, folder), "alertmanager is ready", 30, pause=0.05)
        yield url, phone
    finally:
        process.kill()
        process.wait()
        phone.close()


def _ready(process: "subprocess.Popen[bytes]", url: str, folder: Path) -> bool:
    assert process.poll() is None, (folder / "alertmanager.log").read_text()[-2000:]
    try:
        return httpx.get(f"{url}/-/ready", timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
