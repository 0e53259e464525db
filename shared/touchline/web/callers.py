"""Who asks: the key that a request presents, and the address that it comes from."""

from collections.abc import Iterable
from typing import Final

HEADER: Final = b"x-api-key"
_FORWARDED: Final = b"x-forwarded-for"
AMBIGUOUS: Final = "two keys"
"""Stands for several keys in one request; no key has this text."""

_LONGEST: Final = 64
Headers = Iterable[tuple[bytes, bytes]]


def presented(headers: Headers) -> str:
    """The key of a request, empty without one; several are as good as a wrong one, since nobody knows which counts."""
    found = [value for name, value in headers if name == HEADER]
    if len(found) > 1:
        return AMBIGUOUS
    return found[0].decode("latin-1") if found else ""


def client(peer: str, headers: Headers, proxies: int) -> str:
    """Address of the caller, or the network of it where one caller has many (IPv6, 64 bits).

    Args:
        peer: who opened the connection.
        headers: of the request.
        proxies: how many proxies of ours add to X-Forwarded-For; what stands before their entries is hearsay.
    """
    told = b",".join(value for name, value in headers if name == _FORWARDED).split(b",") if proxies else []
    address = told[-proxies].strip().decode("latin-1") if 0 < proxies <= len(told) else ""
    return _network(address or peer)


def _network(address: str) -> str:
    """An address without its port; of one that others can choose at will, the part that they cannot."""
    if ":" not in address:
        return address[:_LONGEST]
    from ipaddress import IPv6Address

    bare = address[1:].partition("]")[0] if address.startswith("[") else address
    host, _, port = bare.partition(":")
    if ":" not in port:
        return host[:_LONGEST]
    try:
        parsed = IPv6Address(bare.partition("%")[0])
    except ValueError:
        return bare[:_LONGEST]
    return str(parsed.ipv4_mapped or parsed.packed[:8].hex())
