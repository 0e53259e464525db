"""The broker of the tests has the rules of Knative's, and by them the rendered Triggers mean what the wiring says."""

from collections import Counter
from collections.abc import Iterator, Mapping

import httpx
import pytest

from broker import Broker, Deliver, Reply, manifests, matches
from cluster import RENDERED
from touchline import wiring
from touchline.dialects.cloudevents import AGAIN, PING, binary
from touchline.events import Message

WIRED = wiring.load(RENDERED.parents[1] / "functions")
ORDINARY = {"specversion": "1.0", "id": "1", "source": "touchline", "bucket": "touchline"}
CREATED = "com.amazonaws.s3.ObjectCreated:Put"
TRIGGER = {
    "kind": "Trigger",
    "metadata": {"name": "one"},
    "spec": {
        "filters": [{"prefix": {"type": "a"}}],
        "subscriber": {"ref": {"kind": "Service", "name": "one"}},
        "delivery": {
            "retry": 2, "backoffDelay": "PT0.2S", "backoffPolicy": "exponential", "timeout": "PT1M",
            "deadLetterSink": {"ref": {"kind": "Service", "name": "bridge"}, "uri": "/deadletters"},
        },
    },
}  # fmt: skip


def woken(attributes: Mapping[str, str]) -> list[str]:
    """Subscribers of an event, by the rendered manifests; each as often as it is asked."""
    docs = [doc for doc in manifests(RENDERED) if doc["kind"] == "Trigger"]
    return sorted(
        doc["spec"]["subscriber"]["ref"]["name"] for doc in docs if matches(doc["spec"]["filters"], attributes)
    )


@pytest.mark.parametrize("prefix", sorted({one for made in WIRED.functions.values() for one in made.prefixes}))
def test_an_object_wakes_whom_the_wiring_says_each_once(prefix: str) -> None:
    found = woken(ORDINARY | {"type": CREATED, "subject": f"{prefix}000000000001.json"})
    assert found == sorted(name for name, made in WIRED.functions.items() if prefix in made.prefixes)


@pytest.mark.parametrize("function", [name for name, made in WIRED.functions.items() if not made.http])
def test_what_is_for_one_function_wakes_that_one_once(function: str) -> None:
    for kind in AGAIN.values():
        subject = next(iter(WIRED.functions[function].prefixes), "x")
        assert woken(ORDINARY | {"type": kind, "subject": subject, "function": function}) == [function]
    if any(trigger.cron for trigger in WIRED.functions[function].triggers):
        assert woken(ORDINARY | {"type": PING, "function": function}) == [function]


@pytest.mark.parametrize(
    "strange", [{"bucket": "other"}, {"subject": "runs/x"}, {"type": "com.amazonaws.s3.ObjectRemoved:Delete"}]
)
def test_what_is_none_of_ours_wakes_nobody(strange: dict[str, str]) -> None:
    assert woken(ORDINARY | {"type": CREATED, "subject": "raw/published/1.json"} | strange) == []


# Delivery


class Subscriber:
    """Answers as it is told, the last answer for ever; letters are always taken."""

    def __init__(self, *replies: Reply, letters: int = 204) -> None:
        self.replies, self.letters = list(replies), letters
        self.asked: Counter[str] = Counter()
        self.last: dict[str, str] = {}
        self.pauses: list[float] = []

    def reach(self, dest: str) -> Deliver:
        def deliver(message: Message, _: float) -> Reply:
            self.asked[dest] += 1
            self.last = dict(message.headers)
            if dest.endswith("/deadletters"):
                return Reply(self.letters)
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

        return deliver


SERVICE, LETTERS = "http://one.touchline.svc.cluster.local/", "http://bridge.touchline.svc.cluster.local/deadletters"


def delivered(subscriber: Subscriber) -> int | None:
    broker = Broker([TRIGGER], subscriber.reach, subscriber.pauses.append)
    return broker.take(binary({"specversion": "1.0", "id": "1", "source": "s", "type": "a"}, {}))


@pytest.mark.parametrize("status", [200, 202, 204, 300, 400, 401, 404, 408, 409, 410, 422, 425, 429, 500, 503, None])
def test_each_answer_is_tried_again_or_not(status: int | None) -> None:
    subscriber = Subscriber(Reply(status))
    assert delivered(subscriber) == 202
    again = status is None or status >= 500 or status in (404, 408, 409, 429)
    good = status is not None and status < 300
    assert subscriber.asked == Counter({SERVICE: 3 if again else 1} | ({} if good else {LETTERS: 1}))
    assert good or subscriber.last.get("ce-knativeerrorcode") == (None if status is None else str(status))


def test_a_success_with_other_content_than_an_event_counts_as_a_failure() -> None:
    subscriber = Subscriber(Reply(200, {}, b'{"ok": true}'))
    assert delivered(subscriber) == 202
    assert (subscriber.asked[SERVICE], subscriber.last["ce-knativeerrorcode"]) == (3, "502")
    assert subscriber.pauses == [0.2, 0.4]


def test_what_nobody_takes_is_left_to_the_sender() -> None:
    subscriber = Subscriber(Reply(503), letters=503)
    assert delivered(subscriber) == 500


@pytest.fixture
def broker() -> Iterator[Broker]:
    made = Broker([TRIGGER], Subscriber(Reply(204)).reach)
    made.start()
    yield made
    made.stop()


def test_the_ingress_wants_a_whole_event(broker: Broker) -> None:
    good = binary({"specversion": "1.0", "id": "1", "source": "s", "type": "a"}, {})
    answers = [
        httpx.post(broker.ingress, headers=headers, trust_env=False).status_code
        for headers in (dict(good.headers), {**good.headers, "ce-type": "b"}, {"content-type": "application/json"})
    ]
    assert answers == [202, 202, 400]
    assert [one.trigger for one in broker.log] == ["one"]
