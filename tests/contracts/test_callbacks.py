"""Callbacks over real connections: where they go, where they never go, and what their answers mean."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from serving import free_port
from touchline import bootstrap
from touchline.adapters.http_callbacks import HttpCallbacks
from touchline.errors import ConfigurationError, PermanentError, Unavailable

BODY = b'{"status":"success"}'


class Listener:
    """What was called, and what is answered."""

    def __init__(self) -> None:
        self.status = 204
        self.headers: dict[str, str] = {}
        self.drip = 0.0
        self.calls: list[tuple[str, dict[str, str], bytes]] = []
        self.port = 0
        self.closing = threading.Event()


@contextmanager
def listening(context: ssl.SSLContext | None = None) -> Iterator[Listener]:
    """A server on this machine that notes what it is told."""
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            listener.calls.append((self.path, dict(self.headers), body))
            if listener.drip:
                self._drip(b"HTTP/1.1 204 No Content\r\n\r\n")
                return
            self.send_response_only(listener.status)
            for name, value in listener.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def _drip(self, data: bytes) -> None:
            with suppress(ConnectionError):  # who called may have hung up
                for byte in data:
                    self.wfile.write(bytes([byte]))
                    listener.closing.wait(listener.drip)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # who hangs up is no error of the test
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        listener.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield listener
        finally:
            listener.closing.set()
            server.shutdown()
            thread.join()


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as found:
        yield found


@pytest.fixture
def callbacks() -> HttpCallbacks:
    return HttpCallbacks(loopback=True, seconds=2)


class Names:
    """A resolver that says what it is told to, each time something else."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        self.answers, self.asked = list(answers), 0

    def __call__(self, host: str, port: int, **more: object) -> list[Any]:
        self.asked += 1
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]


def test_the_body_and_its_headers_arrive(listener: Listener, callbacks: HttpCallbacks) -> None:
    callbacks.call(f"http://localhost:{listener.port}/told?run=7", BODY, {"x-touchline-task": "t1"})
    ((path, headers, body),) = listener.calls
    assert (path, body, headers["x-touchline-task"]) == ("/told?run=7", BODY, "t1")
    assert headers["Host"] == f"localhost:{listener.port}"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((status, PermanentError) for status in (301, 302, 307, 400, 404, 410)),
        *((status, Unavailable) for status in (408, 429, 500, 503)),
    ],
)
def test_what_an_answer_means(
    listener: Listener, callbacks: HttpCallbacks, status: int, error: type[Exception]
) -> None:
    listener.status, listener.headers = status, {"location": f"http://127.0.0.1:{listener.port}/elsewhere"}
    with pytest.raises(error, match=f"the answer is {status}"):
        callbacks.call(f"http://127.0.0.1:{listener.port}/", BODY, {})
    assert [path for path, _, _ in listener.calls] == ["/"], "no redirect is followed"


def test_this_machine_is_called_only_where_a_setting_allows_it(listener: Listener) -> None:
    for host in ("localhost", "127.0.0.1"):
        with pytest.raises(PermanentError, match="is no public address"):
            HttpCallbacks().call(f"http://{host}:{listener.port}/", BODY, {})
    assert listener.calls == []


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254",
     "[fd00:ec2::254]", "10.1.2.3", "0.0.0.0", "100.100.100.200", "192.0.0.192"],
)  # fmt: skip
def test_no_way_of_writing_a_private_address_is_called(host: str) -> None:
    with pytest.raises(PermanentError, match="is no public address"):
        HttpCallbacks().call(f"https://{host}/latest/meta-data", BODY, {})


def test_a_host_with_one_private_address_among_its_public_ones_is_not_called() -> None:
    names = Names(("93.184.215.14", "10.0.0.7"))
    with pytest.raises(PermanentError, match=r"10\.0\.0\.7 is no public address"):
        HttpCallbacks(resolve=names).call("https://example.org/", BODY, {})


def test_a_name_is_resolved_once_so_that_it_cannot_change_between_check_and_call(listener: Listener) -> None:
    names = Names(("127.0.0.1",), ("10.0.0.7",))
    HttpCallbacks(loopback=True, resolve=names).call(f"http://localhost:{listener.port}/", BODY, {})
    assert names.asked == len(listener.calls) == 1


def test_http_goes_to_this_machine_only_whatever_its_name_leads_to() -> None:
    names = Names(("93.184.215.14",))
    with pytest.raises(PermanentError, match="is called by https only"):
        HttpCallbacks(loopback=True, resolve=names).call("http://localhost/", BODY, {})


def test_an_address_that_is_none_is_refused(callbacks: HttpCallbacks) -> None:
    with pytest.raises(PermanentError, match="no address for a callback"):
        callbacks.call("gopher://example.org/", BODY, {})


def test_nobody_there_is_worth_another_attempt(callbacks: HttpCallbacks) -> None:
    with pytest.raises(Unavailable, match="no answer: ConnectionRefusedError"):
        callbacks.call(f"http://127.0.0.1:{free_port()}/", BODY, {})


def test_a_host_that_is_not_found_is_worth_another_attempt() -> None:
    def fails(*given: object, **named: object) -> list[Any]:
        raise socket.gaierror("no such host")

    with pytest.raises(Unavailable, match="is not found"):
        HttpCallbacks(resolve=fails).call("https://example.org/", BODY, {})


def test_an_answer_that_trickles_is_cut_off(listener: Listener) -> None:
    listener.drip = 0.05
    begun = time.monotonic()
    with pytest.raises(Unavailable, match="no answer"):
        HttpCallbacks(loopback=True, seconds=0.3).call(f"http://127.0.0.1:{listener.port}/", BODY, {})
    assert 0.2 < time.monotonic() - begun < 1.5


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificate and key of `told.test` and no other name."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "told.test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("told.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path_factory.mktemp("certificate") / "both.pem"
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )  # fmt: skip
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + text)
    return path


def test_https_asks_for_the_certificate_of_the_name_not_of_the_address(certificate: Path) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    trust = ssl.create_default_context(cafile=str(certificate))
    with listening(server) as listener:
        here = HttpCallbacks(loopback=True, resolve=Names(("127.0.0.1",)), trust=trust)
        here.call(f"https://told.test:{listener.port}/", BODY, {})
        assert listener.calls[0][2] == BODY
        with pytest.raises(Unavailable, match="SSLCertVerificationError"):
            here.call(f"https://other.test:{listener.port}/", BODY, {})
        with pytest.raises(Unavailable, match="SSLCertVerificationError"):
            HttpCallbacks(loopback=True, resolve=Names(("127.0.0.1",))).call(
                f"https://told.test:{listener.port}/", BODY, {}
            )
        assert len(listener.calls) == 1


def test_who_has_no_network_makes_no_calls(tmp_path: Path, listener: Listener) -> None:
    environ = {"TOUCHLINE_HOME": str(tmp_path), "TOUCHLINE_ANSWER_CALLBACK_LOOPBACK": "true"}
    bootstrap.ports(environ).callbacks.call(f"http://127.0.0.1:{listener.port}/", BODY, {})
    assert len(listener.calls) == 1
    with pytest.raises(ConfigurationError, match="network"):
        _ = bootstrap.ports(environ, needs=frozenset({"object_store"})).callbacks
