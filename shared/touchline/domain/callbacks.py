"""Where a callback may go, and how it is signed: rules that keep a client from sending us into our own network."""

import hashlib
import hmac
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit

SIGNATURE: Final = "x-touchline-signature"
LONGEST: Final = 2000
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_PORTS: Final = {"https": 443, "http": 80}
_CLOSED: Final = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/32", "2002::/16")))
"""Global by their numbers: metadata of one cloud, and networks that lead to IPv4 addresses that cannot be seen."""
_OPEN: Final = ip_network("2000::/3")
"""The part of IPv6 in which public addresses lie; those that stand for IPv4 ones lie elsewhere."""


class Target(NamedTuple):
    """An address, taken apart."""

    scheme: Literal["https", "http"]
    host: str
    port: int
    path: str
    """With the query."""


def target_of(url: str) -> Target:
    """An address that a callback could go to: https, or http to this machine.

    Raises:
        ValueError: it is no such address; says why.

    >>> target_of("https://example.org/told?run=7")
    Target(scheme='https', host='example.org', port=443, path='/told?run=7')
    """
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise ValueError(f"an address has at most {LONGEST} printable ASCII characters, no blanks and no backslashes")
    parts = urlsplit(url)
    host, scheme = parts.hostname or "", parts.scheme
    if scheme not in ("https", "http") or (scheme == "http" and host not in _LOOPBACK):
        raise ValueError("only https:// addresses are called")
    if not host or "@" in parts.netloc or parts.fragment:
        raise ValueError("an address has a host, and neither user name, password nor fragment")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target("https" if scheme == "https" else "http", host, parts.port or _PORTS[scheme], path)


def refused(address: str, *, loopback: bool) -> str:
    """Why no callback goes to an IP address, empty if one may: only what is reachable by everybody is called.

    >>> refused("93.184.215.14", loopback=False)
    ''
    >>> refused("169.254.169.254", loopback=False), refused("127.0.0.1", loopback=True)
    ('169.254.169.254 is no public address', '')
    """
    found = ip_address(address)
    if found.is_loopback and loopback:
        return ""
    return "" if _public(found) else f"{address} is no public address"


def _public(address: IPv4Address | IPv6Address) -> bool:
    outside = address.is_multicast or address.is_reserved or any(address in network for network in _CLOSED)
    return address.is_global and not outside and (address.version == 4 or address in _OPEN)


def signature(secret: str, moment: int, body: bytes) -> str:
    """Value of the signature header: HMAC-SHA256 over moment (seconds since 1970), a dot, and the body.

    Who receives it makes the same of the secret, the moment in the header and the bytes of the body, compares in
    constant time, and refuses moments that are too long ago.

    >>> signature("secret", 1700000000, b"{}")
    't=1700000000,v1=b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163'
    """
    digest = hmac.new(secret.encode(), b"%d." % moment + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"
