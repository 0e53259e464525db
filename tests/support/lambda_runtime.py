"""A stand-in for the Lambda Runtime API: hands invocations to the real runtime client, and takes its answers."""

import json
import os
import queue
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

PATIENCE = 60.0


class Answer(NamedTuple):
    """What came of an invocation: `response`, or `error`, and its JSON."""

    kind: str
    content: Any


class Runtime:
    """Invocations on their way to the client, and answers on their way back."""

    def __init__(self) -> None:
        self._asked: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._answers: dict[str, queue.Queue[Answer]] = {}

    def invoke(self, payload: Any) -> Answer:
        """Hand a payload over, and wait for the answer."""
        request = uuid.uuid4().hex
        self._answers[request] = queue.Queue()
        self._asked.put((request, json.dumps(payload).encode()))
        return self._answers[request].get(timeout=PATIENCE)

    def next(self) -> tuple[str, bytes]:
        """The next invocation."""
        return self._asked.get()

    def tell(self, request: str, kind: str, body: bytes) -> None:
        """What came of one; whoever could not even start tells it of all."""
        for name in [request] if request in self._answers else list(self._answers):
            self._answers[name].put(Answer(kind, json.loads(body)))


def _door(runtime: Runtime) -> type[BaseHTTPRequestHandler]:
    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            request, body = runtime.next()
            self.send_response(200)
            for name, value in {
                "Lambda-Runtime-Aws-Request-Id": request,
                "Lambda-Runtime-Deadline-Ms": "4102444800000",
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:123456789012:function:touchline",
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            *_, request, kind = self.path.split("/")
            runtime.tell(request, kind, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *given: object) -> None:
            """Say nothing."""

    return Door


@contextmanager
def offered() -> Iterator[tuple[Runtime, str]]:
    """The interface, and its address for AWS_LAMBDA_RUNTIME_API."""
    runtime = Runtime()
    with ThreadingHTTPServer(("127.0.0.1", 0), _door(runtime)) as server:
        server.daemon_threads, server.block_on_close = True, False
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield runtime, f"127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def running(folder: Path, environ: Mapping[str, str]) -> Iterator[Runtime]:
    """The runtime client with the handler of `<folder>/main.py`, in a process of its own, as the image starts it."""
    with offered() as (runtime, address):
        around = {
            **os.environ, **environ, "AWS_LAMBDA_RUNTIME_API": address,
            "LAMBDA_TASK_ROOT": str(folder), "AWS_REGION": "eu-west-1",
        }  # fmt: skip
        command = [sys.executable, "-m", "awslambdaric", "main.lambda_handler"]
        with subprocess.Popen(command, cwd=folder, env=around, stdout=subprocess.DEVNULL) as process:
            try:
                yield runtime
            finally:
                process.kill()
