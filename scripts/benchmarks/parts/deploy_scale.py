"""How many requests one instance of predict may work on at once: Little's law over a mix of what people ask.

As many requests are in an instance as arrive in the time that each stays in it. What one processor answers in a second,
times the time in which an answer should be there, is how many may be in it before answers come late.
"""

import tempfile
from pathlib import Path
from typing import Any

from figures import Figure
from predict_servers import Kind, asked, get, measured, ours, post, running
from predict_world import World, made

from touchline import wiring
from touchline.deploy import scale

SECONDS = 6.0


def mix(world: World) -> Kind:
    """Of ten requests six ask for a forecast, one for the list of all, one for a pairing, two for pages."""
    import json
    import sys

    server = ours(world, Path(sys.executable))
    home, away, code, day = world.pairs[0]
    question = json.dumps({"home_team": home, "away_team": away, "competition": code, "date": day})
    others = (
        get("/predict/predictions", world.key), post("/predict/match", question, world.key), get("/"),
        get(f"/match/{world.matches[0]}"),
    )  # fmt: skip
    asked_for: list[str] = []
    for number in range(0, len(world.matches) - 6, 6):
        asked_for += [get(f"/predict/{match}", world.key) for match in world.matches[number : number + 6]]
        asked_for += others
    return server._replace(requests=tuple(asked_for), environ={**server.environ, "TOUCHLINE_PREDICT_ACCESS": "open"})


def figure() -> Figure:
    """What an instance answers, and the target that follows, beside the one of the wiring."""
    with tempfile.TemporaryDirectory(prefix="touchline-bench-") as folder:
        world = made(Path(folder))
        kind = mix(world)
        with running(kind, world.expected) as served:
            asked(served.port, kind.requests, count=400, seconds=60)
            told: dict[str, Any] = measured(served, kind.requests, SECONDS)
    declared = wiring.load(wiring.root()).function("predict")
    rate = told["per_processor_second"]
    follows = scale.in_work(rate, declared.pace.goal_ms)
    return Figure(
        figure="predict: requests that one instance works on at once, by Little's law",
        measured=told | {"follows": follows, "declared": scale.target(declared)},
        goal=f"what is declared is not more than twice what follows from {declared.pace.goal_ms} ms",
        reached=scale.target(declared) <= 2 * follows,
    )  # fmt: skip
