"""Redrive for admins: asked for over HTTP, emitted once by sweep as new work, done by the platform."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import small_platform
from asgi_client import Client
from asking import problem
from keyring import Keyring
from queued import FUNCTIONS, client
from touchline import bootstrap, tracing
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.errors import Unavailable
from touchline.manifest import decode, encode
from touchline.platform import letters
from touchline.platform.runner import Platform
from touchline.settings import Sweep
from touchline.stages import sweep
from touchline.stages.sweep_redrive import Redrive, Redriven, done_key, redrive, request_key
from touchline.work import Event, Result

SWEEP = """
  sweep:
    about: emits again
    triggers: [{prefix: requests/redrive/, external: true}, {cron: "*/15 * * * *", name: quarter-hourly}]
    reads: [requests/redrive/]
    writes: [chain/]
    needs: [object_store, network, events]
"""


class Sink:
    """Takes events, or is away."""

    def __init__(self) -> None:
        self.away = False
        self.taken: list[tuple[str, Event]] = []

    def emit(self, function: str, event: Event) -> None:
        if self.away:
            raise Unavailable("the sink is away")
        self.taken.append((function, event))


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The two tiny functions, and the real sweep."""
    made = small_platform.environment(tmp_path)
    folder = Path(made["TOUCHLINE_FUNCTIONS"])
    (folder / "wiring.yaml").write_text(small_platform.WIRING + SWEEP)
    (folder / "sweep").mkdir()
    (folder / "sweep" / "main.py").write_text((FUNCTIONS / "sweep" / "main.py").read_text())
    return made


@pytest.fixture
def ports(environ: dict[str, str], clock: VirtualClock) -> Container:
    return bootstrap.ports(environ, clock=clock)


@pytest.fixture
def platform(environ: dict[str, str], clock: VirtualClock) -> Iterator[Platform]:
    with Platform(environ, clock=clock, pause=lambda _: None) as found:
        yield found


@pytest.fixture
def failed(platform: Platform, ports: Container) -> dict[str, str]:
    """Content of an object -> id of its letter: one delivery was given up, one refused, one message not understood."""
    for name, order in {"a": "wait", "b": "refuse"}.items():
        ports.store.create(f"incoming/{name}", order.encode())
    platform.drain()
    known = letters.letters(ports.store, platform.queue)
    return {"wait" if one.kind == "dead" else "refuse": one.id for one in known}


def mend(ports: Container, key: str) -> None:
    info = ports.store.stat(key)
    assert info is not None
    assert ports.store.swap(key, b"fine", info.etag)


def admin_of(ports: Container) -> tuple[Client, dict[str, str]]:
    return client(ports, access="keys"), {"x-api-key": Keyring(ports.store).add("admin")}


def swept(ports: Container) -> Result:
    tick = Event(id="sweep", kind="cron", source="test", time=ports.clock.now(), key="quarter-hourly")
    return sweep.run(tick, ports, Sweep())


@pytest.mark.parametrize(("kind", "order"), [("dead", "wait"), ("parked", "refuse")])
def test_a_letter_is_delivered_again_as_the_command_line_does_it(
    platform: Platform, ports: Container, failed: dict[str, str], kind: str, order: str
) -> None:
    site, admin = admin_of(ports)
    listed = site.get("/monitoring/deadletters", headers=admin).json()["letters"]
    assert {one["id"]: one["state"] for one in listed} == dict.fromkeys(failed.values(), "open")
    (letter,) = (one for one in listed if one["id"] == failed[order])
    assert (letter["kind"], letter["function"], letter["key"]) == (
        kind,
        "validate",
        f"raw/{'a' if kind == 'dead' else 'b'}",
    )
    mend(ports, letter["key"])
    answer = site.post(f"/monitoring/deadletters/{letter['id']}/redrive", headers=admin)
    assert (answer.status_code, answer.json()["state"]) == (202, "asked")
    wish = decode(ports.store.get(request_key("predict", letter["id"])), Redrive)
    assert "k1" in wish.asked_by
    records = platform.drain()  # the platform itself sees the object that was mended, and harmlessly delivers it first
    assert [(one.function, one.outcome, one.generation) for one in records[-2:]] == [
        ("sweep", "done", 0), ("validate", "done", 1),
    ]  # fmt: skip
    assert records[-2].parent == wish.traceparent
    states = {one["id"]: one["state"] for one in site.get("/monitoring/deadletters", headers=admin).json()["letters"]}
    assert states[letter["id"]] == "redriven"
    known = {one.id: one.state for one in letters.letters(ports.store, platform.queue)}
    assert known[letter["id"]] == "redriven"
    assert list(states.values()).count("open") == list(known.values()).count("open") == 1


def test_asked_twice_is_once(platform: Platform, ports: Container, failed: dict[str, str]) -> None:
    site, admin = admin_of(ports)
    place = f"/monitoring/deadletters/{failed['refuse']}/redrive"
    for _ in range(2):
        assert site.post(place, headers=admin).status_code == 202
    platform.drain()
    again = site.post(place, headers=admin)
    assert (again.status_code, again.json()["state"]) == (202, "redriven")
    assert platform.drain() == []


def test_what_fails_again_is_a_letter_of_its_own(platform: Platform, ports: Container, failed: dict[str, str]) -> None:
    site, admin = admin_of(ports)
    site.post(f"/monitoring/deadletters/{failed['wait']}/redrive", headers=admin)
    platform.drain()
    found = [
        one for one in site.get("/monitoring/deadletters", headers=admin).json()["letters"] if one["kind"] == "dead"
    ]
    assert [one["state"] for one in found] == ["open", "redriven"]
    site.post(f"/monitoring/deadletters/{found[0]['id']}/redrive", headers=admin)
    mend(ports, "raw/a")
    assert platform.drain()[-1].generation == 2


def test_a_generation_that_failed_already_is_passed_over(
    platform: Platform, ports: Container, failed: dict[str, str]
) -> None:
    (letter,) = letters.find(letters.letters(ports.store, platform.queue), [failed["wait"]])
    letters.redrive(ports.store, platform.queue, [letter], ports.clock.now())
    platform.drain()  # fails again, as generation 1
    ports.emitter = sink = Sink()
    wish = Redrive(letter=letter.id, asked_by="me", asked=ports.clock.now())
    ports.store.create(request_key("predict", letter.id), encode(wish))
    redrive(ports)
    assert [event.generation for _, event in sink.taken] == [2]


def test_admins_alone_may_ask(ports: Container, failed: dict[str, str]) -> None:
    site, keys = client(ports, access="keys"), Keyring(ports.store)
    place = f"/monitoring/deadletters/{failed['wait']}/redrive"
    problem(site.post(place), 401)
    problem(site.post(place, headers={"x-api-key": keys.add("read", "predict")}), 403)
    problem(client(ports).post(place), 401)
    assert not list(ports.store.list("requests/redrive/"))


@pytest.mark.parametrize("letter", ["0" * 32, "x", "validate"])
def test_an_unknown_letter_is_not_found(ports: Container, failed: dict[str, str], letter: str) -> None:
    site, admin = admin_of(ports)
    problem(site.post(f"/monitoring/deadletters/{letter}/redrive", headers=admin), 404)


def test_what_could_not_be_emitted_comes_again(ports: Container, failed: dict[str, str]) -> None:
    ports.emitter = sink = Sink()
    sink.away = True
    wish = Redrive(letter=failed["wait"], asked_by="me", asked=ports.clock.now())
    ports.store.create(request_key("predict", wish.letter), encode(wish))
    with pytest.raises(Unavailable):
        swept(ports)
    sink.away = False
    assert swept(ports).summary["redriven"] == 1
    assert "redriven" not in swept(ports).summary
    ((function, event),) = [(name, one) for name, one in sink.taken if one.generation]
    assert (function, event.key, event.generation) == ("validate", "raw/a", 1)


def decided(ports: Container, letter: str, body: bytes = b"") -> Redriven:
    """What sweep says to a wish."""
    wish = Redrive(letter=letter, asked_by="me", asked=ports.clock.now())
    ports.store.create(request_key("predict", letter), body or encode(wish))
    ports.emitter = sink = Sink()
    assert redrive(ports) == ()
    assert sink.taken == []
    return decode(ports.store.get(done_key(letter)), Redriven)


def test_what_cannot_be_delivered_again_is_told(ports: Container, failed: dict[str, str]) -> None:
    assert decided(ports, "0" * 32).reason == "no such letter"
    assert decided(ports, "1" * 32, b"?").reason == "the request cannot be read"
    other = Redrive(letter=failed["wait"], asked_by="me", asked=ports.clock.now())
    assert decided(ports, "2" * 32, encode(other)).reason == "the request cannot be read"
    nonsense = {"function": "validate", "work": "3" * 32, "what": "no event", "message": {}}
    ports.store.create(f"quarantine/validate/{'3' * 32}/reason.json", encode(nonsense))
    assert "nothing to deliver again" in decided(ports, "3" * 32).reason
    (ports.home / "objects" / "raw" / "b").unlink()
    assert "there no more" in decided(ports, failed["refuse"]).reason
    site, admin = admin_of(ports)
    told = {one["id"]: one for one in site.get("/monitoring/deadletters", headers=admin).json()["letters"]}
    assert told[failed["refuse"]]["state"] == told["3" * 32]["state"] == "refused"
    assert "there no more" in told[failed["refuse"]]["decision"]


def test_reasons_that_a_stage_keeps_are_no_letters(ports: Container, failed: dict[str, str]) -> None:
    ports.store.create(f"quarantine/validate/{'4' * 32}/reason.json", encode({"what": "a gate said no"}))
    ports.store.create(f"quarantine/validate/{'5' * 32}/reason.json", b"no json")
    ports.store.create(f"deadletter/validate/{'6' * 32}.json", b"{}")
    site, admin = admin_of(ports)
    found = {one["id"]: one for one in site.get("/monitoring/deadletters?limit=200", headers=admin).json()["letters"]}
    assert set(found) == {*failed.values(), "6" * 32}
    assert found["6" * 32]["what"] == "no reason was kept"
    assert len(site.get("/monitoring/deadletters?limit=1", headers=admin).json()["letters"]) == 1
    problem(site.get("/monitoring/deadletters?limit=0", headers=admin), 422)
    problem(site.post(f"/monitoring/deadletters/{'4' * 32}/redrive", headers=admin), 404)


def test_a_tick_that_was_given_up_is_new_work_too(ports: Container) -> None:
    event: dict[str, Any] = {
        "specversion": "1.0", "id": "tick-1", "source": "x", "type": "dev.touchline.cron.tick", "subject": "daily",
    }  # fmt: skip
    ports.store.create(f"deadletter/validate/{'7' * 32}.json", encode({"event": event, "error": {"what": "broke"}}))
    ports.emitter = sink = Sink()
    wish = Redrive(letter="7" * 32, asked_by="me", asked=ports.clock.now(), traceparent=tracing.child())
    ports.store.create(request_key("predict", wish.letter), encode(wish))
    assert len(redrive(ports)) == 1
    ((function, made),) = sink.taken
    assert made.traceparent == wish.traceparent
    assert (function, made.kind, made.key, made.generation) == ("validate", "cron", "daily", 1)


def test_runs_are_listed_by_their_names(ports: Container, failed: dict[str, str], clock: VirtualClock) -> None:
    site, admin = admin_of(ports)
    ports.store.create(f"runs/validate/{clock.now():%Y%m%d}/notes.txt", b"no record")
    runs = site.get("/monitoring/runs?limit=200", headers=admin).json()["runs"]
    assert len(runs) == len(list(ports.store.list("runs/"))) - 1
    assert {run["status"] for run in runs} == {204, 503}
    assert [run["started"] for run in runs] == sorted((run["started"] for run in runs), reverse=True)
    assert all(ports.store.stat(run["record"]) for run in runs)
    assert len(site.get("/monitoring/runs?limit=2", headers=admin).json()["runs"]) == 2


def test_the_queue_knows_what_sweep_emitted(ports: Container, failed: dict[str, str], platform: Platform) -> None:
    wish = Redrive(letter=failed["wait"], asked_by="me", asked=ports.clock.now())
    ports.store.create(request_key("predict", wish.letter), encode(wish))
    swept(ports)
    newest = platform.queue.receipt("validate", "raw/a")
    assert newest is not None
    assert (newest.status, newest.event.generation) == ("waiting", 1)
