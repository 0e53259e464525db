"""Connections end with those who use them."""

import gc
import weakref

import sqlalchemy as sa

from touchline import bootstrap


def test_who_lets_go_of_the_ports_leaves_no_connection_open(address: str, engine: sa.Engine) -> None:
    ports = bootstrap.ports({"TOUCHLINE_DATABASE": address})
    assert ports.matches.head() == 0
    pool, gone = ports.engine.pool, weakref.ref(ports)
    assert pool.checkedin() == 1
    del ports
    gc.collect()
    assert gone() is None
    assert pool.checkedin() == 0
