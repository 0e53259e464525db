"""Who asks: the key that a request presents, and the address that it comes from."""

from collections.abc import Iterable
from typing import Final

HEADER: Final = b"x-api-key"
_FORWARDED: Final = b"x-forwarded-for"
AMBIGUOUS: Final = "two keys"
"""Stands for several keys in one request; no key has this text."""

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
    address = peer
    if proxies:
        told = b",".join(value for name, value in headers if name == _FORWARDED).split(b",")
        if len(told) >= proxies:
            address = told[-proxies].strip().decode("latin-1")
    return _network(address) if ":" in address else address[:_LONGEST]


_LONGEST: Final = 64


def _network(address: str) -> str:
    from ipaddress import IPv6Address

    try:
        parsed = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address[:_LONGEST]
    return str(parsed.ipv4_mapped or parsed.packed[:8].hex())
