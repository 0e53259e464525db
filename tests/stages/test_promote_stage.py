"""Promote: one decision a piece of work, written down first; everything that shows it follows and can be repaired."""

from typing import Any

import msgspec
import pytest

import served
from served import USUAL, ListedRegistry, against, difference, event, promoted, publish_model
from touchline.bootstrap import Container
from touchline.errors import ConfigurationError, DataError, NotFound, Unavailable
from touchline.manifest import bundle_of, current, encode, read_publication, sha256
from touchline.settings import Promote
from touchline.stages import promote
from touchline.work import Result

BAD = {"differences": {**USUAL, "prior": difference(0.13)}}
SERVING = "serving/published/"
SHOWN = (f"{SERVING}000000000002.json", "serving/latest.json", "ledger/promotions/000000000002.json")


@pytest.fixture
def registry(ports: Container) -> ListedRegistry:
    ports.registry = ListedRegistry("m1", "m2", "m3")
    return ports.registry


def asked(ports: Container, name: str, **request: Any) -> str:
    key = f"requests/promotion/test/{name}.json"
    assert ports.store.create(key, encode(request))
    return key


def serving(ports: Container) -> str:
    return str(current(ports.store, "serving")[1].parameters["model_id"])


def keys(ports: Container, prefix: str) -> list[str]:
    return [info.key for info in ports.store.list(prefix)]


def two_champions(ports: Container) -> None:
    promoted(ports, publish_model(ports.store, "m1", 1))
    promoted(ports, publish_model(ports.store, "m2", 2, **against("m1")))


def test_the_first_good_model_serves(ports: Container, registry: ListedRegistry) -> None:
    result = promoted(ports, publish_model(ports.store, "m1", 7))
    assert (result.outcome, result.publications) == ("done", (f"{SERVING}000000000001.json",))
    publication, manifest = read_publication(ports.store, result.publications[0])
    assert publication.seq == 1
    assert manifest.parameters == {"model_id": "m1", "model_version": "m1", "promotion": 1, "simulated": True}
    bundle, digests = bundle_of(manifest)
    assert bundle == "models/m1"
    assert digests == {name: sha256(ports.store.get(f"models/m1/{name}")) for name in digests}
    assert len(digests) == 5
    assert registry.models() == {"champion": "m1"}
    told = msgspec.json.decode(ports.store.get("ledger/promotions/000000000001.json"))
    assert told["champion"] == "m1"
    assert told["inputs"]["evidence"]["log_loss"] == 1.0


def test_the_same_work_twice_is_one_decision(ports: Container, registry: ListedRegistry) -> None:
    key = publish_model(ports.store, "m1", 1)
    promoted(ports, key)
    left = {info.key: info.etag for info in ports.store.list("")}
    assert promoted(ports, key).outcome == "unchanged"
    assert len(ports.promotions.history()) == 1
    assert {info.key: info.etag for info in ports.store.list("")} == left


def test_a_replay_about_the_champion_changes_nothing(ports: Container, registry: ListedRegistry) -> None:
    key = publish_model(ports.store, "m1", 1)
    promoted(ports, key)
    result = promoted(ports, key, generation=1)
    assert (result.outcome, result.reason) == ("unchanged", "m1 is the champion already")
    assert len(ports.promotions.history()) == 1


def test_a_better_model_takes_the_place_of_the_champion(ports: Container, registry: ListedRegistry) -> None:
    two_champions(ports)
    assert serving(ports) == "m2"
    assert registry.models() == {"champion": "m2", "previous": "m1"}
    assert [(row.previous, row.champion) for row in ports.promotions.history()] == [("", "m1"), ("m1", "m2")]


def test_a_challenger_waits_for_enough_matches(ports: Container, registry: ListedRegistry) -> None:
    promoted(ports, publish_model(ports.store, "m1", 1))
    result = promoted(ports, publish_model(ports.store, "m2", 2, **against("m1", -0.05, n=12)))
    assert result.reason == "keep collecting: 12 of 100 matches newer than the champion"
    assert result.publications == (f"{SERVING}000000000002.json",), "it forecasts beside the champion from now on"
    assert serving(ports) == "m1"
    assert registry.models() == {"champion": "m1", "candidate": "m2"}


def test_a_challenger_that_had_no_match_in_common_waits(ports: Container, registry: ListedRegistry) -> None:
    promoted(ports, publish_model(ports.store, "m1", 1))
    result = promoted(ports, publish_model(ports.store, "m2", 2, champion="m1"))
    assert "0 of 100" in result.reason


def test_a_model_without_skill_stays_at_smoke(ports: Container, registry: ListedRegistry) -> None:
    result = promoted(ports, publish_model(ports.store, "m1", 1, **BAD))
    assert (result.outcome, result.summary["stage"]) == ("done", "smoke")
    assert registry.models() == {"smoke": "m1"}
    assert keys(ports, "serving/") == keys(ports, "quarantine/") == []


def test_prices_before_the_match_stand_for_missing_closing_prices(ports: Container, registry: ListedRegistry) -> None:
    without = {name: each for name, each in USUAL.items() if name != "closing"}
    result = promoted(
        ports, publish_model(ports.store, "m1", 1, differences={**without, "bookmaker": difference(-0.05)})
    )
    assert "suspected leak" in result.reason
    assert serving_nothing(ports)


def test_a_model_that_is_too_good_is_blocked_as_a_leak(ports: Container, registry: ListedRegistry) -> None:
    blocked = promoted(ports, publish_model(ports.store, "m1", 1, differences={**USUAL, "closing": difference(-0.02)}))
    assert (blocked.summary["stage"], blocked.summary["champion"]) == ("smoke", "")
    assert "better by more than 0.005 is too good to be true; suspected leak" in blocked.reason
    assert serving_nothing(ports)


def test_a_model_that_was_lucky_against_closing_prices_serves(ports: Container, registry: ListedRegistry) -> None:
    lucky = difference(-0.02, spread=0.03)
    assert promoted(ports, publish_model(ports.store, "m1", 1, differences={**USUAL, "closing": lucky})).summary[
        "champion"
    ]


def serving_nothing(ports: Container) -> bool:
    return keys(ports, "serving/") == []


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"calibration.json": None}, "calibration.json is missing"),
        ({"card.json": None}, "card.json is missing"),
        ({"model.onnx": b"no model"}, "does not load or answer"),
        ({"card.json": b"{}"}, "not a valid ModelCard"),
        ({"card.json": encode(served.card("m1", scores={}))}, "no scores of the model"),
    ],
)
def test_a_broken_bundle_is_quarantined(
    ports: Container, registry: ListedRegistry, files: dict[str, Any], reason: str
) -> None:
    result = promoted(ports, publish_model(ports.store, "m1", 1, files=files))
    assert result.outcome == "parked"
    assert reason in result.reason
    kept = msgspec.json.decode(ports.store.get("quarantine/promote/m1/reason.json"))
    assert reason in kept["reasons"][0]
    assert registry.models() == {}
    assert serving_nothing(ports)


def test_a_bundle_whose_bytes_changed_is_quarantined(ports: Container, registry: ListedRegistry) -> None:
    key = publish_model(ports.store, "m1", 1)
    etag = ports.store.stat("models/m1/calibration.json").etag
    assert ports.store.swap("models/m1/calibration.json", b"{}", etag)
    result = promoted(ports, key)
    assert result.outcome == "parked"
    assert "models/m1/calibration.json: hash is" in result.reason


def test_rollback_returns_to_the_champion_before(ports: Container, registry: ListedRegistry) -> None:
    two_champions(ports)
    result = promoted(ports, asked(ports, "back", action="rollback", reason="odd draws", requested_by="ada"))
    assert result.publications == (f"{SERVING}000000000003.json",)
    assert result.reason == "rollback from m2, asked for by ada: odd draws"
    assert serving(ports) == registry.models()["champion"] == "m1"


def test_rollback_goes_further_back_each_time_then_refuses(ports: Container, registry: ListedRegistry) -> None:
    two_champions(ports)
    promoted(ports, publish_model(ports.store, "m3", 3, **against("m2")))
    told = [promoted(ports, asked(ports, f"back{n}", action="rollback")) for n in range(3)]
    assert [result.summary.get("champion") for result in told] == ["m2", "m1", None]
    assert (told[2].outcome, told[2].reason) == ("skipped", "nothing to roll back to: no champion before m1 is left")
    assert serving(ports) == "m1"


@pytest.mark.parametrize("told", ["", "hash"])
def test_a_rollback_that_is_replayed_rolls_back_once(ports: Container, registry: ListedRegistry, told: str) -> None:
    two_champions(ports)
    promoted(ports, publish_model(ports.store, "m3", 3, **against("m2")))
    key = asked(ports, "back", action="rollback")
    assert promoted(ports, key).outcome == "done"
    digest = sha256(ports.store.get(key)) if told else ""
    again = msgspec.structs.replace(event(key, generation=1), sha256=digest)
    assert promote.run(again, ports, Promote()).outcome == "unchanged"
    assert serving(ports) == "m2"
    assert len(ports.promotions.history()) == 4


def test_rollback_before_any_champion_is_refused_politely(ports: Container, registry: ListedRegistry) -> None:
    result = promoted(ports, asked(ports, "back", action="rollback"))
    assert (result.outcome, result.reason) == ("skipped", "nothing to roll back to: there is no champion")


def test_a_model_that_was_rolled_back_can_be_asked_for_again(ports: Container, registry: ListedRegistry) -> None:
    two_champions(ports)
    promoted(ports, asked(ports, "back", action="rollback"))
    result = promoted(ports, asked(ports, "again", action="promote", model_id="m2", requested_by="ada"))
    assert result.reason.startswith("asked for by ada; log-loss at most -0.0074 against the champion")
    assert serving(ports) == "m2"


def test_a_request_does_not_lift_a_model_over_the_gates(ports: Container, registry: ListedRegistry) -> None:
    promoted(ports, publish_model(ports.store, "m1", 1, **BAD))
    result = promoted(ports, asked(ports, "please", action="promote", model_id="m1"))
    assert result.summary["stage"] == "smoke"
    assert '"force": true' in result.reason
    assert serving_nothing(ports)


def test_force_lifts_it_and_says_so(ports: Container, registry: ListedRegistry) -> None:
    publish_model(ports.store, "m1", 1, **BAD)
    key = asked(ports, "force", action="promote", model_id="m1", reason="a test", requested_by="ada", force=True)
    result = promoted(ports, key)
    assert result.reason.startswith("forced, asked for by ada (a test), although: log-loss +0.1300 against priors")
    assert serving(ports) == "m1"
    assert ports.promotions.history()[-1].inputs["request"]["force"] is True


def test_force_does_not_make_a_broken_bundle_serve(ports: Container, registry: ListedRegistry) -> None:
    publish_model(ports.store, "m1", 1, files={"model.onnx": b"no model"})
    result = promoted(ports, asked(ports, "force", action="promote", model_id="m1", force=True))
    assert result.outcome == "parked"
    assert serving_nothing(ports)


@pytest.mark.parametrize(
    ("request_", "error", "told"),
    [
        ({"action": "promote"}, DataError, "needs a model_id"),
        ({"action": "promote", "model_id": "nobody"}, NotFound, "models/nobody/manifest.json"),
        ({"action": "dance"}, DataError, "dance"),
        ({"action": "rollback", "forse": True}, DataError, "forse"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    ports: Container, registry: ListedRegistry, request_: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        promoted(ports, asked(ports, "odd", **request_))
    assert ports.promotions.history() == []


def test_an_older_model_does_not_follow_a_newer_champion(ports: Container, registry: ListedRegistry) -> None:
    older = publish_model(ports.store, "m1", 1)
    newer = publish_model(ports.store, "m2", 2)
    promoted(ports, newer)
    result = promoted(ports, older)
    assert (result.outcome, result.reason) == ("skipped", f"superseded by {newer}")
    assert serving(ports) == "m2"


def test_an_older_model_serves_where_the_newer_one_is_refused(ports: Container, registry: ListedRegistry) -> None:
    older = publish_model(ports.store, "m1", 1)
    assert promoted(ports, publish_model(ports.store, "m2", 2, **BAD)).summary["stage"] == "smoke"
    promoted(ports, older)
    assert serving(ports) == "m1"


def test_what_serves_does_not_wait_for_the_registry(ports: Container, registry: ListedRegistry) -> None:
    registry.out_of_reach = True
    key = publish_model(ports.store, "m1", 1)
    with pytest.raises(Unavailable):
        promoted(ports, key)
    assert serving(ports) == "m1"
    registry.out_of_reach = False
    assert promoted(ports, key).summary["promotion"] == 1
    assert registry.models() == {"champion": "m1"}
    assert len(ports.promotions.history()) == 1


def test_any_run_repairs_the_projections_of_earlier_ones(ports: Container, registry: ListedRegistry) -> None:
    registry.out_of_reach = True
    with pytest.raises(Unavailable):
        promoted(ports, publish_model(ports.store, "m1", 1))
    registry.out_of_reach = False
    promoted(ports, publish_model(ports.store, "m2", 2, **BAD))
    assert registry.models() == {"champion": "m1", "smoke": "m2"}


def test_a_decision_without_its_publication_is_published_by_the_next_delivery(
    ports: Container, registry: ListedRegistry
) -> None:
    key = publish_model(ports.store, "m1", 1)
    promoted(ports, key)
    row = ports.promotions.history()[0]
    ports.store = type(ports.store)(ports.home / "elsewhere")  # as if the process had died after the decision
    publish_model(ports.store, "m1", 1)
    assert promoted(ports, key).publications == (f"{SERVING}000000000001.json",)
    assert ports.promotions.history() == [row]


def test_a_model_unknown_to_the_registry_serves_without_an_alias(ports: Container, registry: ListedRegistry) -> None:
    promoted(ports, publish_model(ports.store, "unlisted", 1))
    assert serving(ports) == "unlisted"
    assert registry.models() == {}


def test_a_card_without_comparisons_stays_at_smoke(ports: Container, registry: ListedRegistry) -> None:
    result = promoted(ports, publish_model(ports.store, "m1", 1, differences={}))
    assert result.reason == "the card has no comparison with priors; the card has no comparison with Elo"


def test_another_policy_decides_otherwise(ports: Container, registry: ListedRegistry, tmp_path: Any) -> None:
    shipped = promote.read_policy(Promote())
    strict = msgspec.to_builtins(shipped)
    strict["candidate"]["min_matches"] = 5000
    path = tmp_path / "policy.yaml"
    path.write_bytes(msgspec.json.encode(strict))  # JSON is YAML
    key = publish_model(ports.store, "m1", 1)
    result = promote.run(event(key), ports, Promote(policy=str(path)))
    assert result.reason == "judged on 900 held-out matches, at least 5000 needed"


@pytest.mark.parametrize("content", ["version: 1", "a: [", "version: 1\nsurprise: 2"])
def test_a_policy_that_is_none_is_a_fault_of_configuration(tmp_path: Any, content: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match="not a promotion policy"):
        promote.read_policy(Promote(policy=str(path)))


def test_a_policy_that_is_not_there_is_named(tmp_path: Any) -> None:
    with pytest.raises(ConfigurationError, match="TOUCHLINE_PROMOTE_POLICY"):
        promote.read_policy(Promote(policy=str(tmp_path / "none.yaml")))


def repaired(ports: Container) -> Result:
    return promote.run(event("repair", kind="cron"), ports, Promote())


def test_a_tick_decides_nothing_and_mends_what_shows_the_decisions(ports: Container, registry: ListedRegistry) -> None:
    two_champions(ports)
    assert repaired(ports).outcome == "unchanged"
    decided, shown = ports.promotions.history(), {key: ports.store.get(key) for key in SHOWN}
    for key in SHOWN:
        (ports.home / "objects" / key).unlink()
    registry.named["champion"] = "1"
    result = repaired(ports)
    assert (result.outcome, result.publications) == ("done", (SHOWN[0],))
    assert "alias champion" in result.reason
    assert ports.promotions.history() == decided
    assert registry.models()["champion"] == "m2"
    assert serving(ports) == "m2"
    assert {key: msgspec.json.decode(ports.store.get(key)) for key in SHOWN} == {
        key: msgspec.json.decode(data) for key, data in shown.items()
    }
    assert repaired(ports).outcome == "unchanged"


def test_a_pointer_that_is_behind_is_moved(ports: Container, registry: ListedRegistry) -> None:
    two_champions(ports)
    old, info = ports.store.get(f"{SERVING}000000000001.json"), ports.store.stat(SHOWN[1])
    assert info is not None
    assert ports.store.swap(SHOWN[1], old, info.etag)
    assert repaired(ports).reason == f"mended: {SHOWN[1]}"
    assert ports.store.get(SHOWN[1]) == ports.store.get(f"{SERVING}000000000002.json")


def test_a_tick_before_the_first_decision_has_nothing_to_mend(ports: Container, registry: ListedRegistry) -> None:
    assert repaired(ports).outcome == "unchanged"
    assert keys(ports, "") == []


def test_a_repair_without_the_registry_mends_the_rest_and_comes_again(
    ports: Container, registry: ListedRegistry
) -> None:
    two_champions(ports)
    (ports.home / "objects" / SHOWN[0]).unlink()
    registry.out_of_reach = True
    with pytest.raises(Unavailable):
        repaired(ports)
    assert keys(ports, SHOWN[0]) == [SHOWN[0]]


def test_who_asked_in_which_trace_is_no_part_of_a_decision(ports: Container, registry: ListedRegistry) -> None:
    publish_model(ports.store, "m1", 1)
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    promoted(ports, asked(ports, "a", action="promote", model_id="m1", traceparent=trace))
    (row,) = ports.promotions.history()
    assert row.inputs["request"]["model_id"] == "m1"
    assert trace not in encode(row).decode()
