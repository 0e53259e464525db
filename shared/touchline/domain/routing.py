"""Which of two models answers: a route names a challenger beside the champion, and a hash decides, the same everywhere.

Nobody remembers who was sent where. Client and match are hashed to a point of [0, 1), and the challenger has the points
below its share: so each instance comes to the same answer, and whoever is in a small share is in every larger one.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final, Literal

import msgspec

Arm = Literal["champion", "challenger"]
RouteMode = Literal["shadow", "canary", "ab", "competitions"]
CHALLENGER: Final = "challenger/"
"""What the names of a challenger's files begin with, among the outputs of a serving manifest."""
MAX_CANARY: Final = 0.5
"""Largest share of a canary; who wants more compares (`ab`) or promotes."""


class Route(msgspec.Struct, frozen=True):
    """How forecasts are divided between the champion and a challenger.

    Both models forecast and are settled in every mode. They differ in who is answered by the challenger: nobody
    (`shadow`), a small share that is taken back when the service gets worse (`canary`), a share for comparing (`ab`),
    everybody who asks for some competitions, whose published forecasts are the challenger's too (`competitions`).
    """

    mode: RouteMode
    share: float = 0.0
    """Of pairs of client and match, in [0, 1]: 0 in shadow, in (0, 0.5] of a canary, in (0, 1) of a comparison."""
    salt: str = ""
    """Another salt is another draw; the same one keeps who was in the challenger's share when the share grows."""
    competitions: tuple[str, ...] = ()
    """Codes of the competitions that it is limited to; empty for all."""

    def covers(self, competition: str) -> bool:
        """Whether matches of a competition are routed at all."""
        return not self.competitions or competition in self.competitions


def arm_of(route: Route, client: str, match_id: str, competition: str = "") -> Arm:
    """Who answers a client that asks for a match.

    Args:
        route: the route that stands.
        client: what the client is known by: the id of its key, or its address.
        match_id: the match.
        competition: code of its competition; a route that is limited to some sends unknown ones to the champion.

    >>> half = Route("ab", 0.5, "spring")
    >>> [arm_of(half, "ada", match) for match in ("m1", "m2", "m3")]
    ['challenger', 'champion', 'champion']
    >>> arm_of(Route("shadow"), "ada", "m1"), arm_of(Route("ab", 0.5, "spring", ("E0",)), "ada", "m1", "D1")
    ('champion', 'champion')
    """
    if route.mode == "shadow" or not route.covers(competition):
        return "champion"
    if route.mode == "competitions":
        return "challenger"
    return "challenger" if point(route.salt, client, match_id) < route.share else "champion"


def point(salt: str, client: str, match_id: str) -> float:
    """Where a client and a match fall in [0, 1): evenly spread, and independent for each salt.

    >>> 0 <= point("", "ada", "m1") < 1
    True
    """
    told = msgspec.json.encode((salt, client, match_id))  # quoted: no two triples look the same
    return (int.from_bytes(blake2b(told, digest_size=8).digest(), "big") >> 11) / 2**53


def fault_of(route: Route) -> str:
    """What is wrong with a route, empty if nothing is.

    >>> fault_of(Route("canary", 0.7)), fault_of(Route("shadow"))
    ('a canary has a share above 0, at most 0.5, not 0.7', '')
    >>> fault_of(Route("competitions"))
    'a route by competitions names some'
    """
    if route.mode == "competitions" and not route.competitions:
        return "a route by competitions names some"
    if route.mode == "competitions":
        return f"competitions are given as a whole, without a share ({route.share})" if route.share else ""
    if route.mode == "shadow":
        return f"a shadow answers nobody, so it has no share ({route.share})" if route.share else ""
    if route.mode == "canary":
        good = 0 < route.share <= MAX_CANARY
        return "" if good else f"a canary has a share above 0, at most {MAX_CANARY}, not {route.share}"
    return "" if 0 < route.share < 1 else f"a comparison has a share between 0 and 1, not {route.share}"


def route_of(parameters: Mapping[str, Any]) -> Route | None:
    """The route that the parameters of a serving manifest name, None if the champion answers alone.

    Raises:
        msgspec.ValidationError: what stands there is no route.

    >>> route_of({"model_id": "m1"}) is None, route_of({"route": {"mode": "canary", "share": 0.1}})
    (True, Route(mode='canary', share=0.1, salt='', competitions=()))
    """
    told = parameters.get("route")
    return None if told is None else msgspec.convert(told, Route)


def after_promotion(route: Route | None, challenger: str, champion: str) -> str:
    """Why a route ends when a model becomes champion, empty if it is kept (or there is none).

    A shadow is kept, since it answers nobody and goes on gathering evidence, unless the challenger itself serves now;
    so is who forecasts competitions, until somebody decides otherwise. A canary and a comparison were agreed on
    against the champion of that day, so they end with it.

    >>> after_promotion(Route("shadow"), "m2", "m3"), after_promotion(Route("shadow"), "m2", "m2")
    ('', 'the route to m2 ends: it serves now')
    >>> after_promotion(Route("ab", 0.5), "m2", "m3")
    'the route to m2 ends: it was compared with another champion'
    """
    if route is None:
        return ""
    if challenger == champion:
        return f"the route to {challenger} ends: it serves now"
    return (
        ""
        if route.mode in ("shadow", "competitions")
        else f"the route to {challenger} ends: it was compared with another champion"
    )
