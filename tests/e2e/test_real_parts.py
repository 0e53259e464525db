"""The whole chain on real parts, chosen by settings alone, ends in the state of the embedded one; on a bad day, too."""

import asyncio
import gc
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

import flaky
import real_parts
import seasons
from real_parts import Parts
from touchline import bootstrap, settings, wiring
from touchline.adapters.clock import VirtualClock
from touchline.platform.runner import Step
from touchline.testing.digests import Digest, difference
from touchline.testing.league import START, environment
from touchline.web.core import create_app
from waiting import wait_until

PATIENCE = 120.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # servers start slowly where there is much to do


def settings_of(folder: Path, **changes: str) -> dict[str, str]:
    return environment(folder) | {"TOUCHLINE_FUNCTIONS": str(real_parts.quick_functions(folder)), **changes}


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Digest:
    return seasons.local(settings_of(tmp_path_factory.mktemp("embedded")))


@pytest.fixture
def parts(servers: Parts) -> Parts:
    return real_parts.emptied(servers)


@pytest.fixture
def environ(parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Settings that name the real parts; the tools of AWS read theirs from the process."""
    named = parts.settings(tmp_path / "home")
    for name, value in named.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    found = settings_of(tmp_path, **named)
    del found["TOUCHLINE_REGISTRY"]
    yield found
    with warnings.catch_warnings():  # functions keep their connections as long as their process lives
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_real_parts_end_in_the_state_of_the_embedded_ones(embedded: Digest, environ: dict[str, str]) -> None:
    assert difference(embedded, seasons.local(environ)) == []
    container = bootstrap.ports(environ, clock=VirtualClock(START))
    app = create_app(container, settings.Predict(access="open"), wiring.root() / "predict")

    async def ask() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
            return [await client.get(path) for path in ("/", "/predict/predictions", "/predict/predictions")]

    page, first, second = asyncio.run(ask())
    assert [answer.status_code for answer in (page, first, second)] == [200, 200, 200]
    assert first.content == second.content
    assert first.json()["matches"][0]["home_team"] in page.text


class Outage:
    """Takes the database away as soon as train has its claim, and brings it back."""

    def __init__(self, parts: Parts, seconds: float) -> None:
        self._parts, self._seconds = parts, seconds
        self._over, self._thread = threading.Event(), threading.Thread(target=self._happen, daemon=True)
        self._played, self.failed = threading.Event(), 0

    def watch(self, step: Step) -> None:
        """Begin with the first training, and count what fails meanwhile."""
        if step.function == "train" and self._thread.ident is None:
            self._thread.start()
        self.failed += bool(step.busy or (step.record and step.record.status >= 500))

    def pause(self, seconds: float) -> None:
        """Rest as long as one should, but no longer than the outage lasts."""
        self._over.wait(seconds)

    def end(self) -> None:
        """Bring the database back, if that did not happen long ago."""
        self._played.set()
        if self._thread.ident is not None:
            self._thread.join(PATIENCE)
            assert not self._thread.is_alive()

    def _happen(self) -> None:
        try:
            self._await_claim()
            self._parts.postgresql.stop()
            self._played.wait(self._seconds)
            self._parts.postgresql.start()
        finally:
            self._over.set()

    def _await_claim(self) -> None:
        engine = sa.create_engine(self._parts.database)
        taken = sa.text("SELECT count(*) FROM claims WHERE name = 'train' AND until > clock_timestamp()")

        def claimed() -> bool:
            with engine.connect() as connection:
                return bool(connection.execute(taken).scalar_one())

        try:
            wait_until(claimed, "train has no claim", PATIENCE)
        finally:
            engine.dispose()


def test_a_bucket_that_fails_and_a_database_that_is_away_lose_nothing(
    embedded: Digest, parts: Parts, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    outage = Outage(parts, 20)
    with flaky.proxy(parts.endpoint, seed=7, share=0.1) as line:
        monkeypatch.setenv("AWS_ENDPOINT_URL", line.endpoint)
        try:
            found = seasons.local(environ | {"TOUCHLINE_LEASE_SECONDS": "4"}, watch=outage.watch, pause=outage.pause)
        finally:
            outage.end()
        assert line.calls["refused"] + line.calls["lost"] > 30
    assert outage.failed > 0
    assert difference(embedded, found) == []
