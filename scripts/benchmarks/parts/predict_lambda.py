"""The Lambda Runtime API on this machine: enough for AWS's own runtime client to run our handler, cold."""

import json
import os
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from predict_world import World

ROOT = Path(__file__).parents[3]
HANDLER = "main.lambda_handler"


class Api(BaseHTTPRequestHandler):
    """Gives out one invocation, and keeps its answer."""

    protocol_version = "HTTP/1.1"
    server: "Runtime"

    def do_GET(self) -> None:
        if self.server.given:
            threading.Event().wait(30)  # there is no second one
            return
        self.server.given = True
        self._send(200, json.dumps(self.server.event).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.headers.get("transfer-encoding") == "chunked":
            body = b"".join(iter(self._chunk, b""))
        self.server.answer, self.server.at = json.loads(body or b"null"), time.perf_counter()
        self._send(202, b"")
        self.server.answered.set()

    def _chunk(self) -> bytes:
        found = self.rfile.read(int(self.rfile.readline(), 16))
        self.rfile.readline()
        return found

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        told = {"Request-Id": "1", "Deadline-Ms": str(int(time.time() * 1000) + 30_000), "Invoked-Function-Arn": "arn"}
        for name, value in told.items():
            self.send_header(f"Lambda-Runtime-{'Aws-' if name == 'Request-Id' else ''}{name}", value)
        self.send_header("Content-Type", "application/json")  # the client does not survive an answer without one
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


class Runtime(ThreadingHTTPServer):
    """One invocation of one process."""

    daemon_threads = True

    def __init__(self, event: dict[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), Api)
        self.event, self.given, self.answer, self.at = event, False, None, 0.0
        self.answered = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The process is ended while it asks for a second invocation: nothing to tell."""


def first_call(world: World, python: Path, client: Path, environ: dict[str, str]) -> float:
    """Seconds from the start of a process to the right answer of its first invocation.

    Args:
        world: with the match that is asked for.
        python: of the function.
        client: folder with awslambdaric.
        environ: of the process.
    """
    task = ROOT / "functions" / "predict"
    with Runtime(_event(world)) as runtime:
        threading.Thread(target=runtime.serve_forever, daemon=True).start()
        more = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime.server_port}", "LAMBDA_TASK_ROOT": str(task),
            "PYTHONPATH": f"{client}{os.pathsep}{task}", "AWS_REGION": "eu-west-1",
        }  # fmt: skip
        begun = time.perf_counter()
        process = subprocess.Popen(
            [str(python), "-m", "awslambdaric", HANDLER], env={**environ, **more}, cwd=ROOT,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            runtime.answered.wait(20)
        finally:
            process.kill()
            process.wait()
            runtime.shutdown()
        answer = runtime.answer or {}
        assert answer.get("statusCode") == 200, f"the handler answered {answer}"
        return runtime.at - begun


def _event(world: World) -> dict[str, Any]:
    """What an HTTP API sends."""
    path = f"/predict/{world.matches[0]}"
    http = {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "bench"}
    return {
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "headers": {"host": "bench", "x-api-key": world.key}, "body": None, "isBase64Encoded": False,
        "requestContext": {"http": http, "stage": "$default"},
    }  # fmt: skip
