"""The functions on Google Cloud as Terraform would make it: what is delivered to them, and what comes of it."""

import gc
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

import gcp_terraform
from gcp_cloud import Cloud
from gcp_season import cloud_of, played, ports, put
from gcp_terraform import ROOT, Made
from pubsub import Door, served
from touchline.adapters.pubsub_crashes import PubsubCrashes
from touchline.events import Message
from touchline.manifest import decode
from touchline.telemetry import RunRecord
from touchline.testing import CALM, Digest, difference
from touchline.testing.league import play

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # Terraform is slow where there is much to do
EVENTS = ROOT / "tests" / "events"
NOTES, REQUEST = "incoming/20250827t120000-0123456789ab-notes.txt", "requests/retrain/users/more.json"
DEAD = "pubsub://example-project/touchline-dead"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return gcp_terraform.tested(tmp_path_factory.getbasetemp()).made


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> tuple[Digest, ...]:
    """States of the local platform on a calm day."""
    return play(tmp_path_factory.mktemp("local"), 0, chances=CALM)[1]


@pytest.fixture
def cloud(made: Made, tmp_path: Path) -> Cloud:
    return cloud_of(made, tmp_path, Random(5))


@pytest.fixture(autouse=True)
def let_go() -> Iterator[None]:
    """Functions keep their connections as long as their process lives."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def door(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    with served(cloud.pubsub) as door:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", door.address)
        yield door


def test_a_season_ends_in_the_state_of_the_local_platform(cloud: Cloud, local: tuple[Digest, ...]) -> None:
    states = played(cloud)
    assert cloud.refused == [], "an account lacks a right"
    assert [line for pair in zip(local, states, strict=True) for line in difference(*pair)] == []
    assert cloud.pubsub.counted["dead"] == 0
    assert cloud.pubsub.counted["doubled"] > 0


def test_what_the_bucket_did_not_tell_is_found_by_sweep_and_reaches_its_function_alone(
    cloud: Cloud, door: Door
) -> None:
    cloud.lose = lambda key: key.startswith(("incoming/", "requests/retrain/"))
    put(cloud, NOTES, b"no matches in here")
    put(cloud, REQUEST, b"{}")
    cloud.pubsub.run()
    assert dict(cloud.pubsub.pushed) == {}
    cloud.tick("sweep-quarter-hourly")
    cloud.pubsub.run()
    assert {status for _, status in cloud.pubsub.pushed["touchline-scrape-again"]} == {204}
    assert {code for _, code in cloud.pubsub.pushed["train"]} == {0}
    assert outcomes(cloud, "scrape") >= {"parked"}
    assert outcomes(cloud, "train") == {"skipped"}
    assert cloud.refused == []


def outcomes(cloud: Cloud, function: str) -> set[str]:
    """What its runs ended with."""
    return {record.outcome for record in records(cloud, function)}


def records(cloud: Cloud, function: str) -> list[RunRecord]:
    store = ports(cloud).store
    return [decode(store.get(one.key), RunRecord) for one in store.list(f"runs/{function}/")]


@pytest.mark.parametrize(("key", "function", "attempts"), [(NOTES, "scrape", 5), (REQUEST, "train", 2)])
def test_a_function_that_dies_leaves_a_dead_letter_that_can_be_delivered_again(
    cloud: Cloud, door: Door, key: str, function: str, attempts: int
) -> None:
    cloud.crash = lambda name, body: name == function
    put(cloud, key, b"{}")
    cloud.pubsub.run()
    crashes = PubsubCrashes(DEAD)
    letters = crashes.letters()
    assert {(one.function, one.attempts) for one in letters} == {(function, attempts)}
    assert all(key in one.body for one in letters)
    assert outcomes(cloud, function) == set(), "nobody could record it"
    cloud.crash = lambda name, body: False
    crashes.redrive(letters[0].id)
    for more in letters[1:]:  # a delivery that was doubled is dead twice
        crashes.discard(more.id)
    cloud.pubsub.run()
    assert outcomes(cloud, function) == {"parked" if function == "scrape" else "skipped"}
    assert crashes.letters() == []


def test_a_schedule_starts_the_job_with_the_name_of_its_tick(cloud: Cloud) -> None:
    cloud.tick("train-weekly")
    (record,) = records(cloud, "train")
    assert (record.event_kind, record.key, record.event_id) == ("cron", "weekly", "execution-0")


def test_who_is_busy_is_asked_again_after_growing_pauses_until_he_is_free(cloud: Cloud) -> None:
    claims, asked = ports(cloud).claims, list[str]()
    claim = claims.take("scrape", "somebody else", 3600)

    def count(name: str, body: str) -> bool:
        asked.append(name)
        if len(asked) == 4:
            claims.release(claim)
        return False

    cloud.crash, cloud.pubsub.disorder = count, None
    put(cloud, NOTES, b"no matches in here")
    cloud.pubsub.run()
    moments, statuses = zip(*cloud.pubsub.pushed["touchline-scrape"], strict=True)
    assert statuses == (503, 503, 503, 204)
    assert moments == (0, 10, 30, 70)


@pytest.mark.parametrize("name", [file.stem for file in sorted(EVENTS.glob("pubsub_*.json"))])
def test_recorded_pushes_are_acknowledged_without_a_word(cloud: Cloud, name: str) -> None:
    recorded = json.loads((EVENTS / f"{name}.json").read_text())
    body = recorded["body"]
    told = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    message = Message(recorded["method"], recorded["path"], recorded["headers"], told)
    assert cloud.handled(recorded["headers"]["host"].partition("-")[0], message) == 204


def test_a_message_of_another_prefix_reaches_nobody(cloud: Cloud) -> None:
    cloud.created("raw/1/matches.parquet")
    cloud.created("scrapes/publishedness/1.json")
    cloud.pubsub.run()
    assert dict(cloud.pubsub.pushed) == {}
