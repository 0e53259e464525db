"""Tools for tests of a wiring: what state it ended in, and schedules that try to make it end in another.

`digest` and `difference` say what a state is and how two differ; `World` runs the functions of a wiring under a
scheduler that duplicates, reorders, delays, loses and interrupts deliveries; `league` has a small world to do it in.
"""

from touchline.testing.deliveries import CALM, Chances
from touchline.testing.digests import Digest, difference, digest
from touchline.testing.worlds import World

__all__ = ["CALM", "Chances", "Digest", "World", "difference", "digest"]
