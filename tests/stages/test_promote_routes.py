"""Routes: a challenger beside the champion, as what serves names it; decided once, taken back, ended by a promotion."""

from typing import Any

import msgspec
import pytest

from served import USUAL, ListedRegistry, against, difference, event, promoted, publish_model
from touchline.bootstrap import Container
from touchline.domain.routing import Route, route_of
from touchline.errors import CorruptObject, DataError, NotFound
from touchline.manifest import Manifest, bundle_of, current, encode, read_publication
from touchline.settings import Promote
from touchline.stages import promote
from touchline.work import Result

WEAK = {"differences": {**USUAL, "prior": difference(0.13)}}
CANARY = {"action": "route", "mode": "canary", "share": 0.1, "model_id": "m2"}


@pytest.fixture
def ports(ports: Container) -> Container:
    """A champion m1, a candidate m2, a model m3 that came no further than smoke."""
    ports.registry = ListedRegistry("m1", "m2", "m3", "m4")
    promoted(ports, publish_model(ports.store, "m1", 1))
    promoted(ports, publish_model(ports.store, "m2", 2, **against("m1", -0.05, n=12)))
    promoted(ports, publish_model(ports.store, "m3", 3, **WEAK))
    return ports


def ask(ports: Container, name: str, **request: Any) -> Result:
    key = f"requests/promotion/test/{name}.json"
    assert ports.store.create(key, encode(request))
    return promoted(ports, key)


def serving(ports: Container) -> Manifest:
    return current(ports.store, "serving")[1]


def challenged(ports: Container) -> tuple[str, str]:
    """Mode of the route and the challenger, empty where there is none."""
    told = serving(ports).parameters
    route = route_of(told)
    return (route.mode, told["challenger"]["model_id"]) if route else ("", "")


def test_a_candidate_becomes_the_challenger(ports: Container) -> None:
    result = ask(ports, "route", **CANARY, reason="looks good", requested_by="ada")
    assert (result.outcome, result.publications) == ("done", ("serving/published/000000000004.json",))
    assert result.reason == "canary of 10% by m2, asked for by ada: looks good"
    manifest = serving(ports)
    assert manifest.parameters["model_id"] == "m1"
    assert manifest.parameters["challenger"] == {"model_id": "m2", "model_version": "m2"}
    assert route_of(manifest.parameters) == Route("canary", 0.1, "m2")
    assert bundle_of(manifest)[0] == "models/m1"
    bundle, digests = bundle_of(manifest, challenger=True)
    assert (bundle, sorted(digests)) == ("models/m2", sorted(bundle_of(manifest)[1]))
    assert [ref.key for ref in manifest.inputs] == ["models/m1/manifest.json", "models/m2/manifest.json"]
    assert ports.registry.models()["champion"] == "m1"


def test_without_a_route_what_serves_is_written_as_ever(ports: Container) -> None:
    manifest = serving(ports)
    assert set(manifest.parameters) == {"model_id", "model_version", "promotion", "simulated", "shadows"}
    with pytest.raises(CorruptObject, match="0 folders"):
        bundle_of(manifest, challenger=True)


def test_the_same_request_twice_is_one_decision(ports: Container) -> None:
    ask(ports, "route", **CANARY)
    left = {info.key: info.etag for info in ports.store.list("")}
    again = promote.run(event("requests/promotion/test/route.json", generation=1), ports, Promote())
    assert again.outcome == "unchanged"
    assert {info.key: info.etag for info in ports.store.list("")} == left


def test_a_route_without_its_publication_is_published_by_the_repair(ports: Container) -> None:
    elsewhere = type(ports.store)(ports.home / "elsewhere")
    ask(ports, "route", **CANARY)
    ports.store = elsewhere  # as if the process had died after the decision
    for number, model in enumerate(("m1", "m2", "m3"), 1):
        publish_model(elsewhere, model, number)
    with pytest.raises(CorruptObject):  # another card of m2 is not what was decided about
        promote.run(event("repair", kind="cron"), ports, Promote())
    again = type(ports.store)(ports.home / "again")
    publish_model(again, "m1", 1)
    publish_model(again, "m2", 2, **against("m1", -0.05, n=12))
    ports.store = again
    assert "serving/published/000000000004.json" in promote.run(event("repair", kind="cron"), ports, Promote()).reason
    assert challenged(ports) == ("canary", "m2")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"model_id": "m1"}, "it is the champion"),
        ({"model_id": "m3"}, "it came as far as smoke: log-loss +0.1300 against priors"),
        ({"model_id": "m4"}, "no promotion gate has seen it"),
    ],
)
def test_who_did_not_come_as_far_as_candidates_is_refused(ports: Container, asked: dict[str, str], told: str) -> None:
    publish_model(ports.store, "m4", 4)
    result = ask(ports, "route", **{**CANARY, **asked})
    assert result.outcome == "skipped"
    assert result.reason.startswith(f"no route to {asked['model_id']}: {told}")
    row = ports.promotions.history()[-1]
    assert (row.stage, row.champion) == ("refused", "m1")
    assert challenged(ports) == ("", "")


def test_a_challenger_whose_bundle_broke_is_refused(ports: Container) -> None:
    info = ports.store.stat("models/m2/model.onnx")
    assert info is not None
    assert ports.store.swap("models/m2/model.onnx", b"no model", info.etag)
    assert "models/m2/model.onnx: hash is" in ask(ports, "route", **CANARY).reason
    assert challenged(ports) == ("", "")


def test_before_any_champion_nobody_is_challenged(ports: Container, tmp_path_factory: pytest.TempPathFactory) -> None:
    from touchline import bootstrap

    environ = {"TOUCHLINE_HOME": str(tmp_path_factory.mktemp("home"))}
    empty = bootstrap.ports(environ)
    empty.registry = ListedRegistry("m1")
    publish_model(empty.store, "m1", 1)
    assert ask(empty, "route", **{**CANARY, "model_id": "m1"}).reason.endswith("there is no champion to challenge")
    assert ask(empty, "off", action="route", mode="off").reason == "there is no route"


@pytest.mark.parametrize(
    ("asked", "error", "told"),
    [
        ({"mode": "canary", "share": 0.9}, DataError, "a canary has a share"),
        ({"mode": "shadow", "share": 0.1}, DataError, "answers nobody"),
        ({"mode": "ab", "share": 1.0}, DataError, "between 0 and 1"),
        ({"mode": ""}, DataError, "needs a mode"),
        ({"mode": "sideways"}, DataError, "sideways"),
        ({"model_id": ""}, DataError, "needs a model_id"),
        ({"model_id": "nobody"}, NotFound, "models/nobody/manifest.json"),
        ({"model_id": "previous"}, NotFound, "no model is the previous"),
    ],
)
def test_a_route_that_makes_no_sense_is_refused(
    ports: Container, asked: dict[str, Any], error: type[Exception], told: str
) -> None:
    before = ports.promotions.history()
    with pytest.raises(error, match=told):
        ask(ports, "odd", **{**CANARY, **asked})
    assert ports.promotions.history() == before


def test_a_share_that_grows_keeps_its_draw(ports: Container) -> None:
    ask(ports, "first", **CANARY)
    ask(ports, "second", **{**CANARY, "share": 0.3, "competitions": ["E1", "E0", "E1"]})
    route = route_of(serving(ports).parameters)
    assert route == Route("canary", 0.3, "m2", ("E0", "E1"))
    assert (
        "that route stands already"
        in ask(ports, "third", **{**CANARY, "share": 0.3, "competitions": ["E0", "E1"]}).reason
    )


def test_models_can_be_named_by_their_place(ports: Container) -> None:
    ask(ports, "candidate", **{**CANARY, "model_id": "candidate"})
    assert challenged(ports) == ("canary", "m2")
    promoted(ports, publish_model(ports.store, "m4", 4, **against("m1")))
    ask(ports, "previous", **{**CANARY, "mode": "ab", "model_id": "previous"})
    assert challenged(ports) == ("ab", "m1")


def test_a_route_is_taken_back(ports: Container) -> None:
    ask(ports, "route", **CANARY)
    result = ask(ports, "off", action="route", mode="off")
    assert (result.outcome, result.reason) == ("done", "the route to m2 ends, asked for by somebody")
    assert challenged(ports) == ("", "")
    assert serving(ports).parameters["promotion"] == 5
    assert ask(ports, "again", action="route", mode="off").outcome == "unchanged"


def test_a_late_request_does_not_undo_a_later_one(ports: Container) -> None:
    late = "requests/promotion/test/late.json"
    assert ports.store.create(late, encode(CANARY))
    ask(ports, "off", **{**CANARY, "share": 0.2})
    result = promoted(ports, late)
    assert (result.outcome, result.reason) == ("skipped", "superseded by requests/promotion/test/off.json")
    assert route_of(serving(ports).parameters) == Route("canary", 0.2, "m2")


def test_what_requests_say_decides_which_is_later(ports: Container) -> None:
    """Stores may tell both the same second, or have got the later one first."""
    ask(ports, "a-later", **{**CANARY, "share": 0.2, "asked_at": "2026-03-02T09:00:00.200Z"})
    result = ask(ports, "b-earlier", **CANARY, asked_at="2026-03-02T09:00:00.100Z")
    assert (result.outcome, result.reason) == ("skipped", "superseded by requests/promotion/test/a-later.json")
    assert ask(ports, "0-last", action="route", mode="off", asked_at="2026-03-02T09:00:00.300Z").outcome == "done"
    with pytest.raises(DataError, match="asked_at"):
        ask(ports, "nowhere", **CANARY, asked_at="2026-03-02T09:00:00")


@pytest.mark.parametrize("mode", ["canary", "ab"])
def test_a_new_champion_ends_what_was_compared_with_the_old_one(ports: Container, mode: str) -> None:
    ask(ports, "route", **{**CANARY, "mode": mode})
    result = promoted(ports, publish_model(ports.store, "m4", 4, **against("m1")))
    assert result.reason.endswith("the route to m2 ends: it was compared with another champion")
    assert challenged(ports) == ("", "")


def test_a_shadow_goes_on_under_a_new_champion_and_a_rollback(ports: Container) -> None:
    ask(ports, "route", **{**CANARY, "mode": "shadow", "share": 0.0})
    promoted(ports, publish_model(ports.store, "m4", 4, **against("m1")))
    assert (serving(ports).parameters["model_id"], challenged(ports)) == ("m4", ("shadow", "m2"))
    ask(ports, "back", action="rollback")
    assert (serving(ports).parameters["model_id"], challenged(ports)) == ("m1", ("shadow", "m2"))
    assert bundle_of(serving(ports), challenger=True)[0] == "models/m2"


def test_a_challenger_that_becomes_champion_challenges_nobody(ports: Container) -> None:
    ask(ports, "route", **{**CANARY, "mode": "shadow", "share": 0.0})
    result = ask(ports, "up", action="promote", model_id="m2", force=True)
    assert result.reason.endswith("the route to m2 ends: it serves now")
    assert (serving(ports).parameters["model_id"], challenged(ports)) == ("m2", ("", ""))


def test_a_decision_about_a_model_leaves_the_route(ports: Container) -> None:
    ask(ports, "route", **CANARY)
    promoted(ports, publish_model(ports.store, "m4", 4, **WEAK))
    assert challenged(ports) == ("canary", "m2")


def test_every_publication_stays_what_it_was(ports: Container) -> None:
    ask(ports, "route", **CANARY)
    first = read_publication(ports.store, "serving/published/000000000004.json")
    ask(ports, "off", action="route", mode="off")
    assert read_publication(ports.store, "serving/published/000000000004.json") == first
    told = msgspec.json.decode(ports.store.get("ledger/promotions/000000000004.json"))
    assert told["inputs"]["route"]["mode"] == "canary"
