"""Which form of an answer a client prefers, by the quality values of its Accept headers (RFC 9110, 12.5)."""

from collections.abc import Iterator, Sequence


def media(accept: str, offers: Sequence[str]) -> str | None:
    """The offer that a client likes best, the first of those that it likes equally; None if it takes none of them.

    The most exact range that fits an offer counts.

    >>> media("text/csv;q=0.5, application/json;q=0.4", ["application/json", "text/csv"])
    'text/csv'
    >>> media("text/*, */*;q=0.1", ["application/json", "text/csv"]), media("", ["application/json"])
    ('text/csv', 'application/json')
    >>> media("application/json;q=0", ["application/json"]), media("image/png", ["text/csv"])
    (None, None)
    """
    ranges = dict(_weighed(accept)) or {"*/*": 1.0}
    weights = [_weight(ranges, offer) for offer in offers]
    best = max(weights)
    return offers[weights.index(best)] if best > 0 else None


def gzip_wanted(accept_encoding: str) -> bool:
    """Whether a client takes gzip; what it does not name, it need not understand.

    >>> gzip_wanted("br, gzip;q=0.8"), gzip_wanted("gzip;q=0"), gzip_wanted(""), gzip_wanted("*")
    (True, False, False, True)
    """
    codings = dict(_weighed(accept_encoding))
    return codings.get("gzip", codings.get("*", 0.0)) > 0


def _weight(ranges: dict[str, float], offer: str) -> float:
    kind = offer.partition("/")[0]
    return next((ranges[each] for each in (offer, f"{kind}/*", "*/*") if each in ranges), 0.0)


def _weighed(header: str) -> Iterator[tuple[str, float]]:
    for part in header.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if name:
            yield name, _quality(parameters)


def _quality(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                return 1.0
            return weight if 0 <= weight <= 1 else 1.0
    return 1.0
