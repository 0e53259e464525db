"""Calls addresses that clients gave us: once resolved, checked, and called at the address that was checked."""

import http.client
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from ipaddress import ip_address
from threading import Timer
from typing import Any, Final

from touchline.domain.callbacks import Target, refused, target_of
from touchline.errors import PermanentError, Unavailable

AGAIN: Final = frozenset({408, 425, 429, *range(500, 600)})
"""Answers that may be others later."""
Resolve = Callable[..., list[Any]]


class HttpCallbacks:
    """A `Callbacks` over HTTPS, without proxies, redirects, cookies or credentials.

    Args:
        loopback: whether this machine may be called, by http too.
        seconds: patience for a connection, and for the whole of an answer.
        resolve: as `socket.getaddrinfo`.
        trust: whose certificates are good; by default those that the machine trusts.
    """

    def __init__(
        self,
        *,
        loopback: bool = False,
        seconds: float = 5.0,
        resolve: Resolve = socket.getaddrinfo,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._loopback, self._seconds, self._resolve, self._trust = loopback, seconds, resolve, trust

    def call(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """POST a body.

        Raises:
            PermanentError: nothing may be sent there, or it is refused.
            Unavailable: nobody takes it now.
        """
        try:
            target = target_of(url)
        except ValueError as error:
            raise PermanentError(f"no address for a callback: {error}", where=url) from None
        addresses = self._addresses(target)
        try:
            status = self._post(target, addresses[0], body, headers)
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"no answer: {type(error).__name__}", where=url) from error
        if status in AGAIN:
            raise Unavailable(f"the answer is {status}", where=url)
        if not 200 <= status < 300:
            raise PermanentError(f"the answer is {status}", where=url, hint="redirects are not followed")

    def _addresses(self, target: Target) -> list[str]:
        """Where a host is; each of its addresses must be one that may be called."""
        try:
            found = self._resolve(target.host, target.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise Unavailable(f"the host {target.host} is not found", where=target.host) from error
        addresses = [str(entry[4][0]) for entry in found]
        for address in addresses:
            fault = refused(address, loopback=self._loopback)
            if not fault and target.scheme == "http" and not ip_address(address).is_loopback:
                fault = f"{address} is called by https only"
            if fault:
                raise PermanentError(f"no callback goes there: {fault}", where=target.host)
        return addresses

    def _post(self, target: Target, address: str, body: bytes, headers: Mapping[str, str]) -> int:
        with closing(self._connected(target, address)) as connection, _within(self._seconds, connection):
            connection.request("POST", target.path, body, dict(headers))
            return connection.getresponse().status

    def _connected(self, target: Target, address: str) -> http.client.HTTPConnection:
        """A connection to the address that was checked; the certificate is that of the host."""
        plain = socket.create_connection((address, target.port), self._seconds)
        if target.scheme == "http":
            connection = http.client.HTTPConnection(target.host, target.port)
            connection.sock = plain
            return connection
        context = self._trust or ssl.create_default_context()
        try:
            secured = context.wrap_socket(plain, server_hostname=target.host)
        except OSError:
            plain.close()
            raise
        connection = http.client.HTTPSConnection(target.host, target.port, context=context)
        connection.sock = secured
        return connection


@contextmanager
def _within(seconds: float, connection: http.client.HTTPConnection) -> Iterator[None]:
    """Cut a connection off that takes longer: each byte of an answer could use up the patience for one."""
    timer = Timer(seconds, _cut, (connection.sock,))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def _cut(connected: socket.socket) -> None:
    try:
        connected.shutdown(socket.SHUT_RDWR)
    except OSError:  # it is closed already
        return
