"""An installation on an emulator of AWS, made by Terraform: a season in it ends in the state of the local platform."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import aws_installation
import framework
import lambda_runtime
import seasons
from aws_installation import NAME, SECRET, WIDE, Installation
from aws_platform import AwsPlatform
from touchline import wiring
from touchline.cli.main import main
from touchline.testing.digests import difference
from touchline.testing.remembered import remembering
from touchline.work import Event

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
STAGES = {"scrape", "export", "validate", "feature", "train", "promote", "forecast", "drift"}
Told = Callable[..., list[Any]]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with aws_installation.installed(tmp_path_factory.mktemp("aws")) as made:
        yield made


def test_a_second_plan_finds_nothing_to_do(installed: Installation) -> None:
    installed.terraform.run("plan", "-detailed-exitcode", WIDE)


def test_a_season_ends_in_the_state_of_the_local_platform(installed: Installation, tmp_path: Path) -> None:
    with remembering():
        found = aws_installation.season(installed)
        expected = seasons.local(seasons.settings_of(tmp_path / "local"))
    assert {call.function for call in installed.platform.calls} >= STAGES
    assert [call for call in installed.platform.calls if call.end != "done"] == []
    assert difference(expected, found) == []


def test_objects_that_wake_nobody_wake_nobody(installed: Installation) -> None:
    before = len(installed.platform.calls)
    installed.ports.store.create("evidence/somewhere/page.html", b"<p>")
    installed.ports.store.create("raw/unpublished.json", b"{}")
    installed.platform.settle()
    assert len(installed.platform.calls) == before


@pytest.mark.parametrize("schedule", ["sweep-quarter-hourly", "train-weekly", "drift-daily"])
def test_schedules_are_ticks_to_services_and_jobs(installed: Installation, schedule: str) -> None:
    installed.platform.calls.clear()
    installed.platform.tick(schedule, installed.clock.now())
    installed.platform.settle()
    function = schedule.partition("-")[0]
    assert [call.end for call in installed.platform.calls if call.function == function] == ["done"]


def test_work_is_sent_again_to_services_and_jobs(installed: Installation) -> None:
    published = [info.key for info in installed.ports.store.list("features/published/")][-1]
    installed.platform.calls.clear()
    for number, function in enumerate(("train", "forecast"), 1):
        event = Event(
            id=f"again-{number}", kind="object", source="touchline/sweep", time=installed.clock.now(), key=published,
            generation=1, traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        )  # fmt: skip
        installed.ports.emitter.emit(function, event)
    installed.platform.settle()
    assert {(call.function, call.end) for call in installed.platform.calls} >= {("train", "done"), ("forecast", "done")}
    runs = [json.loads(installed.ports.store.get(info.key)) for info in installed.ports.store.list("runs/train/")]
    (again,) = [run for run in runs if run["event_id"] == "again-1"]
    assert (again["key"], again["generation"], again["parent"][3:35]) == (published, 1, event.traceparent[3:35])


@pytest.fixture
def told(installed: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Told:
    """Runs a command in the environment that Terraform tells; the lines of JSON that it prints."""
    for name, value in installed.environ.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> list[Any]:
        capsys.readouterr()
        assert main([*arguments, "--json"]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


def test_poison_is_parked_with_its_reason_and_blocks_nothing(installed: Installation, told: Told) -> None:
    installed.platform.calls.clear()
    installed.ports.store.create("raw/published/999999999999.json", b"no publication at all")
    installed.platform.settle()
    assert [(call.function, call.end) for call in installed.platform.calls] == [("validate", "done")]
    (letters,) = told("deadletters", "list", "--function", "validate")
    (parked,) = [one for one in letters if one["key"] == "raw/published/999999999999.json"]
    assert (parked["kind"], parked["error"]["kind"]) == ("parked", "DataError")


def test_what_crashes_a_function_ends_in_its_dead_letters_and_can_go_back(
    installed: Installation, told: Told, tmp_path: Path
) -> None:
    broken = Path(shutil.copytree(wiring.root(), tmp_path / "functions"))
    (broken / "answer" / "main.py").write_text("def lambda_handler(payload, context):\n    raise MemoryError\n")
    crashing = AwsPlatform(installed.client, NAME, broken, installed.clock)
    installed.ports.store.create("requests/predict/crash.json", b"{}")
    crashing.settle()
    attempts = installed.ports.wiring.function("answer").retries.attempts
    assert [(call.function, call.end) for call in crashing.calls] == [("answer", "crashed")] * attempts
    ((letter,),) = told("deadletters", "list", "--function", "answer")
    assert (letter["kind"], letter["key"], letter["attempts"]) == ("crashed", "requests/predict/crash.json", attempts)
    (shown,) = told("deadletters", "show", letter["id"][:12])
    assert "its log" in shown["error"]["what"]
    assert told("deadletters", "redrive", letter["id"][:12]) == [letter["id"]]
    installed.platform.calls.clear()
    installed.platform.settle()
    assert [(call.function, call.end) for call in installed.platform.calls] == [("answer", "done")]
    (left,) = told("deadletters", "list", "--function", "answer")
    assert [one["kind"] for one in left if one["kind"] == "crashed"] == []


def test_no_secret_is_in_the_state_or_in_a_function(installed: Installation) -> None:
    assert SECRET not in (installed.terraform.folder / "terraform.tfstate").read_text()
    functions = installed.client("lambda").list_functions()["Functions"]
    assert SECRET not in json.dumps(functions, default=str)
    name = f"/{NAME}/TOUCHLINE_ANSWER_CALLBACK_SECRET"
    assert installed.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == SECRET


def test_predict_answers_as_lambda_and_behind_the_functions_framework(installed: Installation, tmp_path: Path) -> None:
    configured = installed.client("lambda").get_function_configuration(FunctionName=f"{NAME}-predict")
    around = {
        "TOUCHLINE_PREDICT_ACCESS": "open", "TOUCHLINE_NOW": installed.clock.now().isoformat(),
        **configured["Environment"]["Variables"],
    }  # fmt: skip
    source = Path(around["TOUCHLINE_FUNCTIONS"]) / "predict"
    warm = installed.client("scheduler").get_schedule(Name=f"{NAME}-predict-warm")["Target"]["Input"]
    asked = json.loads(warm) | {"rawPath": "/predict/predictions"}
    asked["requestContext"]["http"]["path"] = asked["rawPath"]
    with lambda_runtime.running(source, around) as runtime:
        awake, first = runtime.invoke(json.loads(warm)), runtime.invoke(asked)
    assert (awake.content["statusCode"], first.content["statusCode"]) == (200, 200)
    assert json.loads(first.content["body"])["matches"]
    with framework.serving(source / "main.py", around, tmp_path) as served:
        second = served.ask("GET", "/predict/predictions")
    assert (second.status, second.body.decode()) == (200, first.content["body"])
