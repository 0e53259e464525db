"""A wire to PostgreSQL that breaks while something is said: a typed error, nothing half, and the pool opens another."""

import contextlib
import logging
import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from scraped import NOW
from touchline.adapters import database
from touchline.adapters.schema import claims
from touchline.errors import Unavailable

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: drop what is on its way and say so
pytestmark = pytest.mark.parametrize("address", ["postgresql"], indirect=True)


class Wire:
    """Carries bytes between a client and the server, and resets the client's connection once it says a given word."""

    def __init__(self, server: str) -> None:
        self._server, self._word = server, b""
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def reset_at(self, word: bytes) -> None:
        """Break the connection that says this next; one only."""
        self._word = word

    @property
    def broke(self) -> bool:
        """Whether that happened."""
        return not self._word

    def close(self) -> None:
        """Take no more connections."""
        self._listening.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                threading.Thread(target=self._there, args=(client, server), daemon=True).start()
                threading.Thread(target=self._back, args=(server, client), daemon=True).start()

    def _there(self, client: socket.socket, server: socket.socket) -> None:
        _carry(client, server, self._is_last)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        client.close()
        _hang_up(server)

    @staticmethod
    def _back(server: socket.socket, client: socket.socket) -> None:
        with server:
            _carry(server, client)
            _hang_up(client)

    def _is_last(self, said: bytes) -> bool:
        if not self._word or self._word not in said:
            return False
        self._word = b""
        return True


def _carry(source: socket.socket, target: socket.socket, is_last: Callable[[bytes], bool] = lambda said: False) -> None:
    with contextlib.suppress(OSError):
        while (said := source.recv(65_536)) and not is_last(said):
            target.sendall(said)


def _hang_up(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def wire(address: str) -> Iterator[Wire]:
    """A wire to the server of the test's database."""
    wire = Wire(str(sa.make_url(address).query["unix_sock"]))
    yield wire
    wire.close()


@pytest.fixture
def engine(address: str, wire: Wire) -> Iterator[sa.Engine]:
    """The test's database by that wire."""
    url = sa.make_url(address).set(host="127.0.0.1", port=wire.port, query={})
    engine = database.connect(url.render_as_string(hide_password=False))
    yield engine
    engine.dispose()


def _write(engine: sa.Engine, name: str) -> None:
    with database.writing(engine, "test", fenced=False) as connection:
        connection.execute(sa.insert(claims).values(name=name, token=1, holder="", until=NOW))


def _seen(engine: sa.Engine) -> list[str]:
    with database.reading(engine) as connection:
        return list(connection.scalars(sa.select(claims.c.name)))


@pytest.mark.parametrize("word", [b"begin transaction", b"pg_advisory_xact_lock", b"INSERT INTO claims", b"COMMIT"])
def test_a_wire_that_breaks_while_a_transaction_is_said_leaves_nothing_and_no_noise(
    engine: sa.Engine, wire: Wire, word: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    wire.reset_at(word)
    with caplog.at_level(logging.WARNING), pytest.raises(Unavailable, match="does not answer: network error"):
        _write(engine, "a")
    assert caplog.messages == []
    _write(engine, "b")
    assert _seen(engine) == ["b"]


def test_a_wire_that_breaks_while_a_connection_is_made_is_told(address: str, wire: Wire) -> None:
    wire.reset_at(b"user")
    with pytest.raises(Unavailable, match="does not answer: network error"):
        database.connect(f"postgresql://touchline@127.0.0.1:{wire.port}/{sa.make_url(address).database}")


def test_a_wire_that_breaks_while_the_pool_asks_is_not_noticed(engine: sa.Engine, wire: Wire) -> None:
    wire.reset_at(b"SELECT 1")
    _write(engine, "a")
    assert wire.broke
    assert _seen(engine) == ["a"]
