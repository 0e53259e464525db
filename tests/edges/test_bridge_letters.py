"""Dead letters that the broker brings are kept as those of the local platform, and what functions did is told."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bridge import told
from bridge_house import House
from touchline import bootstrap, events
from touchline.adapters.clock import VirtualClock
from touchline.adapters.queue_file import QueueFile
from touchline.errors import Unavailable
from touchline.events import Message
from touchline.manifest import encode, sha256
from touchline.platform.letters import letters
from touchline.stages import sweep_letters
from touchline.telemetry import Fault, RunRecord
from touchline.work import Event

KEY = "raw/published/000000000012.json"
BODY = b'{"seq": 12}'
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BUCKETS = Message(
    "POST", "/", {
        "ce-specversion": "1.0", "ce-id": "b/raw@ab.1", "ce-type": "com.amazonaws.s3.ObjectCreated:Put",
        "ce-source": "touchline", "ce-subject": KEY, "ce-bucket": "touchline",
    },
)  # fmt: skip
AGAIN = Event(id="train/weekly@1", kind="cron", source="touchline/sweep", time=NOW, key="weekly", generation=3)
EXPORT = "http://validate.touchline.svc.cluster.local/"
SINK = "http://job-sink.knative-eventing.svc.cluster.local/touchline/train"
WORK = Event(id="x", kind="object", source="x", time=NOW, key=KEY, sha256=sha256(BODY)).work("validate")


@pytest.fixture
def house(ports: bootstrap.Container) -> Iterator[House]:
    ports.store.create(KEY, BODY)
    yield House(ports)
    ports.engine.dispose()


def died(dest: str, code: str = "503", **more: str) -> dict[str, str]:
    return {"ce_knativeerrordest": dest, "ce_knativeerrorcode": code, "ce_knativeerrordata": "bm90aGluZw==", **more}


def test_a_dead_letter_is_kept_where_everybody_looks_for_it(house: House) -> None:
    assert house.send("/deadletters", BUCKETS, **died(EXPORT)).status_code == 204
    assert house.send("/deadletters", BUCKETS, **died(EXPORT)).status_code == 204
    (info,) = house.ports.store.list("deadletter/")
    assert info.key == f"deadletter/validate/{WORK}.json"
    letter = json.loads(house.ports.store.get(info.key))
    event = events.from_json(encode(letter["event"]), NOW)
    assert (event.key, event.sha256, event.work("validate")) == (KEY, sha256(BODY), WORK)
    assert letter["error"]["what"] == "status 503"
    assert house.kept() == []


def test_those_who_read_letters_read_it(house: House) -> None:
    house.send("/deadletters", BUCKETS, **died(EXPORT, "-1"))
    found = sweep_letters.find(house.ports.store, ["export", "validate"], WORK)
    assert found is not None
    assert (found.function, found.key, found.what, found.where) == ("validate", KEY, "no answer", "validate")
    queue = QueueFile(house.ports.home / "platform.db")
    (letter,) = letters(house.ports.store, queue)
    queue.close()
    assert (letter.id, letter.kind, letter.state) == (WORK, "dead", "open")


def test_the_last_run_says_what_was_wrong(house: House) -> None:
    for minute, status, what in ((0, 503, "first"), (5, 503, "the database does not answer")):
        began = NOW + timedelta(minutes=minute - 10)
        record = RunRecord(
            run_id=f"{began:%H%M%S}-{WORK[:12]}-0000000{minute}-{status}", function="validate", work=WORK, event_id="x",
            event_kind="object", key=KEY, generation=0, traceparent="", started=began, ended=began, duration_s=0.0,
            peak_memory_mib=1.0, cold=False, status=status, outcome="failed",
            error=Fault(kind="Unavailable", what=what),
        )  # fmt: skip
        house.ports.store.create(record.object_key, encode(record))
    house.send("/deadletters", BUCKETS, **died(EXPORT))
    letter = json.loads(house.ports.store.get(f"deadletter/validate/{WORK}.json"))
    assert letter["error"]["what"] == "the database does not answer"
    assert letter["run"].endswith(f"085500-{WORK[:12]}-00000005-503.json")


def test_a_job_is_found_by_its_sink_and_a_repeated_event_by_its_own_word(house: House) -> None:
    message = events.to_http(AGAIN)
    assert house.send("/deadletters", message, **died(SINK)).status_code == 204
    assert house.send("/deadletters", message, ce_function="drift", **died("http://10.0.0.7/")).status_code == 204
    kept = sorted(info.key for info in house.ports.store.list("deadletter/"))
    assert kept == sorted(f"deadletter/{name}/{AGAIN.work(name)}.json" for name in ("drift", "train"))


def test_a_letter_that_names_nobody_is_of_the_function_by_whose_way_it_comes(house: House) -> None:
    assert house.send("/deadletters/validate", BUCKETS).status_code == 204
    (info,) = house.ports.store.list("deadletter/")
    assert info.key == f"deadletter/validate/{WORK}.json"
    assert json.loads(house.ports.store.get(info.key))["error"]["what"] == "no answer"
    assert house.kept() == []


def numbers(house: House) -> dict[str, float]:
    return told(house.client.get("/metrics").text)


@pytest.mark.parametrize("dest", ["", "http://nobody.touchline.svc/", "http://[", "x" * 5000])
def test_what_is_for_nobody_is_kept_for_people_and_never_comes_again(house: House, dest: str) -> None:
    assert house.send("/deadletters", BUCKETS, **died(dest)).status_code == 204
    (row,) = house.kept()
    assert row["state"] == "unread"
    assert list(house.ports.store.list("deadletter/")) == []


def test_what_functions_did_is_told_without_waking_them(house: House, clock: VirtualClock) -> None:
    house.send("/deadletters", BUCKETS, **died(EXPORT))
    names = {"20260224/053000": "204-weekly", "20260302/080000": "204", "20260302/083000": "503"}
    for began, ended in names.items():
        house.ports.store.create(f"runs/train/{began}-{'a' * 12}-00c0ffee-{ended}.json", b"{}")
    first = numbers(house)
    last = datetime(2026, 3, 2, 8, 0, tzinfo=UTC).timestamp()
    assert first['touchline_last_success_timestamp_seconds{function="train"}'] == last
    assert first['touchline_runs_today{function="train",outcome="succeeded"}'] == 1
    assert first['touchline_runs_today{function="train",outcome="failed"}'] == 1
    assert first['touchline_dead_letters{function="validate"}'] == 1
    clock.move(clock.now() + timedelta(days=1))
    later = numbers(house)
    assert later['touchline_last_success_timestamp_seconds{function="train"}'] == last
    assert later['touchline_runs_today{function="train",outcome="succeeded"}'] == 0


class Away:
    """A store that does not answer."""

    def __getattr__(self, name: str) -> object:
        raise Unavailable("the bucket does not answer")


def test_a_letter_that_cannot_be_kept_is_brought_again(tmp_path: Path, clock: VirtualClock) -> None:
    around = {"store": lambda _: Away()}
    home = {"TOUCHLINE_HOME": str(tmp_path / "home")}
    ports = bootstrap.ports(home, clock=clock, around=lambda name, part: around.get(name, lambda made: made)(part))
    house = House(ports)
    assert house.send("/deadletters", BUCKETS, **died(EXPORT)).status_code == 503
    assert 'touchline_bridge_faults_total{part="store"}' in house.client.get("/metrics").text
    ports.engine.dispose()
