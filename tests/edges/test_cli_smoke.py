"""`touchline smoke`: what a file sets going is followed by its receipts, whoever works; what is missing is named."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import small_platform
from touchline import bootstrap
from touchline.cli.main import main
from touchline.platform.runner import Platform
from waiting import wait_until


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    found = small_platform.environment(tmp_path) | {"TOUCHLINE_LOG_LEVEL": "CRITICAL"}
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return found


@contextmanager
def working(environ: dict[str, str]) -> Iterator[None]:
    """Somebody who works as soon as a file is there."""
    store = bootstrap.ports(environ).store

    def work() -> None:
        wait_until(lambda: any(store.list("incoming/")), "a file came", 60)
        with Platform(environ, pause=lambda _: None) as platform:
            platform.drain()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    thread.join(60)
    assert not thread.is_alive()


def put(folder: Path, content: str) -> str:
    path = folder / "E0.csv"
    path.write_text(content)
    return str(path)


@contextmanager
def predict(answers: dict[str, tuple[int, object]]) -> Iterator[str]:
    """A service with fixed answers, for who has the key."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = (
                answers[self.path] if self.headers.get("x-api-key") == "tl_key" else (401, {"title": "no key"})
            )
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            """No line for each request."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


READY = {"/readyz": (200, {"status": "ready"}), "/predict/predictions": (200, {"matches": [{}, {}]})}


def test_a_file_is_followed_to_the_end(
    environ: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with working(environ), predict(READY) as url:
        asked = ["smoke", put(tmp_path, "fine"), "--every", "0.05", "--wait", "60", "--url", url, "--key", "tl_key"]
        assert main(asked) == 0
    shown = capsys.readouterr()
    assert [line.split()[:2] for line in shown.err.splitlines() if line] == [["export", "done"], ["validate", "done"]]
    assert "predict   ready: 2 matches forecast" in shown.out


def test_what_was_parked_is_told_with_its_reason(
    environ: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with working(environ):
        assert main(["smoke", put(tmp_path, "refuse"), "--every", "0.05", "--wait", "60"]) == 2
    assert "validate  parked" in capsys.readouterr().err


def test_what_fails_is_missing_with_the_error_of_its_last_attempt(
    environ: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with working(environ):
        assert main(["smoke", put(tmp_path, "break here"), "--every", "0.05", "--wait", "5"]) == 3
    shown = capsys.readouterr().out
    assert "missing: validate has not worked on raw/" in shown
    assert "its last attempt failed: break here" in shown


def test_where_nobody_listens_the_notifications_are_suspected(
    environ: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["smoke", put(tmp_path, "fine"), "--every", "0.05", "--wait", "1"]) == 3
    shown = capsys.readouterr().out
    assert "missing: export has not worked on incoming/" in shown
    assert "does the bucket tell of new objects" in shown


@pytest.mark.parametrize(
    ("answers", "key", "said"),
    [
        (READY, "", "answers 401 no key"),
        (READY | {"/readyz": (503, {"detail": "no model serves"})}, "tl_key", "answers 503 no model serves"),
    ],
)
def test_a_service_that_does_not_serve_is_missing(
    environ: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    answers: dict[str, tuple[int, object]],
    key: str,
    said: str,
) -> None:
    with predict(answers) as url:
        assert main(["smoke", "--url", url, "--key", key]) == 3
    assert said in capsys.readouterr().out
    assert main(["smoke", "--url", "http://127.0.0.1:9"]) == 3
    assert "does not answer" in capsys.readouterr().out
