"""Wiring, manifests and the local platform say the same: who is woken, how often, how long, by how many, and when."""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import broker
from touchline import events, retrying, wiring
from touchline.bridge import notices
from touchline.cli.main import main
from touchline.deploy import budget, knative, knative_check, knative_traps, limits
from touchline.dialects import cloudevents
from touchline.events import Message
from touchline.platform import inbox, processes
from touchline.wiring import Function
from touchline.work import Event

ROOT = Path(__file__).parents[2]
WIRED = wiring.load(ROOT / "functions")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
RENDERED = [one for part in WIRED.parts.values() for one in knative.manifests(WIRED, part)]
FUNCTIONS = list(WIRED.functions.values())
PREFIXES = sorted({prefix for one in FUNCTIONS for prefix in (*one.prefixes, *one.all_writes)})
NAMES = [one.name for one in FUNCTIONS]


def of(kind: str, name: str = "", version: str = "knative.dev") -> list[knative.Manifest]:
    """Rendered manifests of a kind, those of one function if it is named."""
    mine = [one for one in RENDERED if one["kind"] == kind and version in one["apiVersion"]]
    return [one for one in mine if not name or one["metadata"]["labels"]["app.kubernetes.io/name"] == name]


def woken(attributes: dict[str, str]) -> list[str]:
    """Functions whose Triggers an event passes, each as often as it is delivered."""
    passed = [one for one in of("Trigger") if broker.matches(one["spec"]["filters"], attributes)]
    return sorted(one["spec"]["subscriber"]["ref"]["name"] for one in passed)


def created(key: str, bucket: str = WIRED.bucket) -> dict[str, str]:
    return {"type": notices.CREATED, "subject": key, "bucket": bucket, "id": "1", "source": "s3", "specversion": "1.0"}


@given(st.sampled_from(PREFIXES), st.text("abc019/_.-", max_size=20))
def test_an_object_wakes_the_same_functions_everywhere_and_each_once(prefix: str, rest: str) -> None:
    key = prefix + rest
    here = inbox.woken(WIRED, Event(id="e", kind="object", source="test", time=NOW, key=key))
    assert woken(created(key)) == sorted(here)
    assert woken(created(key, bucket="another")) == []
    assert woken(created(key) | {"type": "com.amazonaws.s3.ObjectRemoved:Delete"}) == []


@pytest.mark.parametrize("function", FUNCTIONS, ids=NAMES)
def test_a_tick_wakes_its_function_alone_at_the_time_of_the_wiring(function: Function) -> None:
    declared = [(one.cron, one.name) for one in function.triggers if one.cron]
    sources = [one["spec"] for one in of("PingSource", function.name) if "data" in one["spec"]]
    assert [(one["schedule"], json.loads(one["data"])["schedule"]) for one in sources] == declared
    for one in sources:
        marks = {"type": cloudevents.PING, "id": "1", "source": "/apis/ping", "specversion": "1.0"}
        attributes = marks | one["ceOverrides"]["extensions"]
        assert woken(attributes) == [function.name]
        headers = {f"ce-{name}": value for name, value in attributes.items()} | {"content-type": one["contentType"]}
        event = events.parse(Message("POST", "/", headers, one["data"].encode()), NOW)
        assert (event.kind, event.key) == ("cron", json.loads(one["data"])["schedule"])
        assert function.name in inbox.woken(WIRED, event)


@given(st.sampled_from([one for one in NAMES if not WIRED.function(one).http]), st.sampled_from(["object", "cron"]))
def test_what_is_sent_again_reaches_the_one_that_it_is_for(name: str, kind: str) -> None:
    function = WIRED.function(name)
    key = f"{function.prefixes[0]}x.json" if kind == "object" and function.prefixes else "weekly"
    event = Event(id="e", kind=kind, source="sweep", time=NOW, key=key)  # type: ignore[arg-type]
    entry = notices.for_function(cloudevents.to_http(event), name, NOW)
    told = {k: str(v) for k, v in msgspec.json.decode(entry.event).items() if k != "data"}
    assert woken(told) == [name]


def test_rows_of_a_message_wake_who_takes_in_files() -> None:
    event = Event(id="e", kind="http", source="test", time=NOW, data={"rows": []})
    for kind in (cloudevents.BATCH, cloudevents.KAFKA):
        assert woken({"type": kind, "id": "1", "source": "x"}) == inbox.woken(WIRED, event) == ["scrape"]


@pytest.mark.parametrize("function", FUNCTIONS, ids=NAMES)
def test_deliveries_are_as_many_as_far_apart_and_as_long_as_the_wiring_says(function: Function) -> None:
    seconds, retries = budget.delivery(function)
    for one in of("Trigger", function.name):
        told = one["spec"]["delivery"]
        assert told["retry"] + 1 == retries.attempts
        pause = knative_traps.seconds(told["backoffDelay"])
        here = [retrying.pause(retries, failed) for failed in range(1, retries.attempts)]
        assert (
            [min(pause * 2**n, retrying.LONGEST_PAUSE) for n in range(told["retry"])] == here == budget.pauses(retries)
        )
        assert knative_traps.seconds(told["timeout"]) == seconds
    if function.kind == "service" and not function.http:
        assert retries == function.retries
        assert seconds > function.timeout_s


@pytest.mark.parametrize("function", FUNCTIONS, ids=NAMES)
def test_instances_time_and_memory_are_those_of_the_wiring(function: Function, tmp_path: Path) -> None:
    if function.kind == "job":
        [sink] = of("JobSink", function.name)
        job = sink["spec"]["job"]["spec"]
        pod = job["template"]["spec"]
        assert (pod["activeDeadlineSeconds"], job["backoffLimit"] + 1) == (
            function.timeout_s,
            function.retries.attempts,
        )
        assert job["activeDeadlineSeconds"] > function.timeout_s * function.retries.attempts
    else:
        [service] = of("Service", function.name, "serving.knative.dev")
        template = service["spec"]["template"]
        pod, notes = template["spec"], template["metadata"]["annotations"]
        scaling = {name.rpartition("/")[2]: value for name, value in notes.items()}
        assert (int(scaling["min-scale"]), int(scaling["max-scale"])) == (function.scale.min, function.scale.max)
        assert pod["timeoutSeconds"] == pod["responseStartTimeoutSeconds"] == function.timeout_s
        assert pod["containerConcurrency"] == function.concurrency >= int(scaling["target"]) >= 1
        here = processes.plan(function, ROOT / "functions", tmp_path, 1, {})
        assert here.parallel <= function.scale.max * pod["containerConcurrency"]
    [container] = pod["containers"]
    assert container["resources"]["limits"]["memory"] == f"{function.memory_mib}Mi"
    given = [entry["name"] for entry in container["env"] if not entry["name"].startswith("AWS_")]
    assert given == list(function.secrets)


def test_what_is_kept_warm_stays_from_one_sign_of_life_to_the_next() -> None:
    [waker] = [one for one in of("PingSource", "predict") if "data" not in one["spec"]]
    [service] = of("Service", "predict", "serving.knative.dev")
    notes = service["spec"]["template"]["metadata"]["annotations"]
    assert waker["spec"]["schedule"] == WIRED.function("predict").warm == "*/5 10-22 * * *"
    assert notes["autoscaling.knative.dev/scale-to-zero-pod-retention-period"] == "360s"


def test_helpers_of_a_search_are_a_template_that_never_runs_by_itself() -> None:
    [crew] = [one for one in RENDERED if one["kind"] == "CronJob"]
    job = crew["spec"]["jobTemplate"]["spec"]
    assert crew["spec"]["suspend"] is True
    assert job["completions"] == job["parallelism"] == WIRED.function("train").workers
    assert {"name": "TOUCHLINE_CREW", "value": "join"} in job["template"]["spec"]["containers"][0]["env"]


def test_the_bridge_always_runs_and_takes_dead_letters_of_every_trigger() -> None:
    [deployment] = [one for one in RENDERED if one["kind"] == "Deployment"]
    assert (deployment["metadata"]["name"], deployment["spec"]["replicas"]) == ("bridge", 1)
    for one in of("Trigger"):
        sink, function = one["spec"]["delivery"]["deadLetterSink"], one["spec"]["subscriber"]["ref"]["name"]
        assert (sink["ref"]["name"], sink["uri"]) == ("bridge", f"/deadletters/{function}")


def test_the_files_are_those_that_would_be_rendered_and_stale_ones_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["render", "--check"]) == 0
    assert "no fault" in capsys.readouterr().out
    assert main(["render", "--out", str(tmp_path / "made")]) == 0
    made = tmp_path / "made"
    assert knative.differing(knative.render(WIRED), made) == []
    (made / "export.yaml").write_text("kind: Service\n")
    (made / "gone.yaml").write_text("kind: Service\n")
    (made / "sweep.yaml").unlink()
    capsys.readouterr()
    assert main(["render", "--check", "--out", str(made)]) == 2
    told = capsys.readouterr().err
    assert all(name in told for name in ("export.yaml", "gone.yaml", "sweep.yaml"))
    assert main(["render", "--out", str(made)]) == 0
    assert not (made / "gone.yaml").exists()
    assert knative.differing(knative.render(WIRED), made) == []


def test_a_manifest_that_is_no_yaml_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: [")
    with pytest.raises(ValueError, match=r"x\.yaml: cannot be read"):
        knative_check.read(tmp_path)


def test_all_platforms_can_run_the_wiring() -> None:
    assert limits.faults(WIRED) == []
