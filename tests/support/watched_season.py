"""A small season as a running platform: everything that boards and rules ask for is told, by real processes.

The season is played by the real stages. What so small a league comes to in no reasonable time is planted as the stages
would publish it: a trial that needs more matches, a return with its interval, a look at the sources, a dead letter.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec

import bridge
import prometheus
import up_process
import watching
from serving import free_port
from touchline import bootstrap
from touchline.bootstrap import Container
from touchline.domain.source_health import Health, SourceHealth, Trouble
from touchline.domain.trials import Trials, TrialState
from touchline.domain.views import POINTER, Returns, ReturnsTable, ViewsPointer
from touchline.manifest import Manifest, advance, decode, encode, write_object
from touchline.testing import league
from touchline.watch.record import GRACE
from waiting import wait_until

PATHS = ("/predict/predictions", "/leaderboard", "/nowhere")
"""What is asked of predict beside forecasts of matches."""


class Watched:
    """The servers, and whom to ask.

    Args:
        watch: scrapes them.
        predict: address of predict.
        ports: of the home.
        bell: the bridge.
    """

    def __init__(self, watch: prometheus.Prometheus, predict: str, ports: Container, bell: bridge.Bridge) -> None:
        self.watch, self.ports, self._bell, self._used = watch, ports, bell, 0
        self._client = httpx.Client(base_url=predict, timeout=30, trust_env=False)

    def close(self) -> None:
        """Ask nobody any more."""
        self._client.close()

    def use(self) -> None:
        """Ask for forecasts, twice each and each time of one match more, and for what is not there; tell the bridge."""
        self._used += 1
        matches = [row.match_id for row in self.ports.ledger.forecasts()][-self._used :]
        for path in (*PATHS, *(f"/predict/{match}" for match in matches * 2)):
            self._client.get(path)
        headers = {"authorization": f"Bearer {bridge.BUCKET_TOKEN}"}
        told = bridge.notification("incoming/more.csv", "1")
        httpx.post(f"{self._bell.url}/notify", content=told, headers=headers, trust_env=False, timeout=30)


def plant(ports: Container) -> None:
    """What takes more matches, or real sources: as the stages publish it."""
    day = ports.clock.now()
    found: dict[str, tuple[Trouble, ...]] = {"football-data": (), "fbref": ("blocked",), "clubelo": ("stale",)}
    newest = day - timedelta(hours=5)
    sources = tuple(SourceHealth(source=name, troubles=seen, newest=newest) for name, seen in found.items())
    health = Health(day=date(day.year, day.month, day.day), looked=day, sources=sources, volumes=())
    ports.store.create(f"scrapes/health/{day:%Y-%m-%d}.json", encode(health))
    pointer = decode(ports.store.get(POINTER), ViewsPointer, POINTER)
    manifest = decode(ports.store.get(pointer.manifest), Manifest, pointer.manifest)
    trial = TrialState(model_version="m2", against="m1", role="challenger", n=40, verdict="collect", needed=160)
    usual: dict[str, Any] = {"matches": 90, "n": 60, "staked": 60.0, "returned": 57.0, "roi": -0.05, "few": False}
    returned = tuple(Returns(region=name, low=-0.2, high=0.1, **usual) for name in ("", "England"))
    views = {
        "trials": Trials(seq=pointer.seq, mode=ports.clock.mode, trials=(trial,)),
        "returns": ReturnsTable(seq=pointer.seq, mode=ports.clock.mode, returns=returned),
    }
    outputs = {title: write_object(ports.store, f"views/planted/{title}.json", encode(v)) for title, v in views.items()}
    made = msgspec.structs.replace(manifest, id="planted", outputs={**manifest.outputs, **outputs})
    ref = write_object(ports.store, "views/planted/manifest.json", encode(made))
    told = ViewsPointer(seq=pointer.seq, manifest=ref.key, sha256=ref.sha256)
    assert advance(ports.store, POINTER, encode(told), ViewsPointer, lambda now: now == told)


@contextmanager
def running(folder: Path) -> Iterator[Watched]:
    """The platform of a season that was played in this folder runs; Prometheus has scraped it before and after it was
    used.

    Raises:
        Missing: there is no Prometheus.
    """
    now = league.phases()[-1].now + GRACE
    environ = {**league.environment(folder), "TOUCHLINE_NOW": now.isoformat(), "TOUCHLINE_LOG_LEVEL": "ERROR"}
    ports = bootstrap.ports(environ)
    plant(ports)
    away = {**environ, "TOUCHLINE_BROKER": f"http://127.0.0.1:{free_port()}/"}
    with (
        up_process.running(environ, "--only", "predict,promote,sweep") as up,
        bridge.running(away, folder / "bridge.log") as bell,
    ):
        up.told("ready", "predict")
        predict = up.status()["functions"]["predict"]["url"]
        jobs = {
            "touchline": [f"{up.inbox}metrics"], "predict": [f"{predict}/metrics"], "bridge": [f"{bell.url}/metrics"],
        }  # fmt: skip
        with prometheus.server(jobs, rules=watching.RULES, interval="1s") as watch:
            made = Watched(watch, predict, ports, bell)
            made.use()
            watch.scraped()
            before = watch.value("sum(touchline_runs_total)") or 0
            assert up.post(b'{"schedule": "quarter-hourly"}', ce_function="sweep").status_code == 202
            ports.store.create("requests/promotion/users/again.json", encode({"action": "route", "mode": "off"}))
            wait_until(lambda: (watch.value("sum(touchline_runs_total)") or 0) >= before + 2, "both have run", 40)
            made.use()
            wait_until(lambda: watch.query("touchline_bridge_posts_total"), "the bridge has posted", 40)
            made.use()
            watch.scraped_anew()
            with closing(made):
                yield made
