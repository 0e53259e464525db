"""Train: due or not, once each, honest on its card, and patient with a registry that does not answer."""

import logging
import shutil
from datetime import timedelta

import msgspec
import numpy as np
import pandas as pd
import pytest

import snapshots
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.adapters.metrics import RecordedMetrics
from touchline.domain.uses import columns
from touchline.errors import DataError, NotFound, Unavailable
from touchline.learning.card import ModelCard
from touchline.manifest import (
    Manifest,
    bundle_of,
    current,
    decode,
    encode,
    publication_key,
    publish,
    read_object,
    read_publication,
)
from touchline.settings import Feature, Train
from touchline.stages import feature, train
from touchline.stages.train_budget import Spent, refusal
from touchline.stages.train_due import Facts, decide
from touchline.work import Event

QUICK = Train(trials=1, folds=2, test_days=200, families=("logistic",))


@pytest.fixture(scope="module")
def empty_registry(tmp_path_factory):
    """A laid-out MLflow database, made once because that takes seconds."""
    home = tmp_path_factory.mktemp("mlflow")
    assert bootstrap.ports({"TOUCHLINE_HOME": str(home)}).registry.versions() == {}
    return home / "mlflow.db"


def place(home, **environment):
    """Ports in a folder; the registry is files, unless something else is wished."""
    environment = {"TOUCHLINE_REGISTRY": "folder", **environment}
    return bootstrap.ports({"TOUCHLINE_HOME": str(home), **environment}, clock=VirtualClock(snapshots.MOMENT))


@pytest.fixture
def ports(tmp_path):
    """A place of this test's own."""
    return place(tmp_path / "home")


def league():
    """Played matches only, so that the newest can be held back."""
    table = snapshots.league(seasons=3)
    return table[table["status"] == "finished"].reset_index(drop=True)


def publish_features(store, table, seq=1):
    """Features of a table, as the stages before would publish them."""
    _, raw = read_publication(store, snapshots.publish_raw(store, table, seq))
    validated = Manifest(
        stage="validated", id=f"{raw.id}", inputs=(), outputs=raw.outputs, parameters={"simulated": True}, versions={},
        counts={},
    )  # fmt: skip
    key, _ = publish(store, validated, seq)
    return feature.run(event(key), _Store(store), Feature()).publications[0]


class _Store:
    """As much of the ports as the feature stage uses."""

    def __init__(self, store):
        self.store, self.metrics = store, RecordedMetrics()


def event(key, kind="object"):
    return Event(id="e", kind=kind, source="test", time=snapshots.MOMENT, key=key)


def card_of(store, key):
    _, manifest = read_publication(store, key)
    return decode(read_object(store, manifest.outputs["card.json"]), ModelCard)


class TestDue:
    @pytest.mark.parametrize(
        ("facts", "due", "reason"),
        [
            (Facts(100, None, "", True, False), True, "no model yet"),
            (Facts(130, 100, "ab12", True, False), True, "30 new matches since model ab12"),
            (Facts(112, 100, "ab12", True, False), False, "12 new matches since model ab12 (needs 30)"),
            (Facts(100, 100, "ab12", False, False), False, "0 new matches since model ab12 (needs 30)"),
            (Facts(112, 100, "ab12", True, True), True, "asked for, and the data changed since model ab12"),
            (Facts(100, 100, "ab12", False, True), False, "asked for, but nothing changed since model ab12"),
        ],
    )
    def test_the_policy(self, facts, due, reason):
        answer = decide(facts, needed=30)
        assert answer.due is due
        assert answer.reason.endswith(reason)

    @pytest.mark.parametrize(
        ("new", "days", "due"), [(12, 6.0, True), (0, 6.0, False), (12, 5.9, False)]
    )  # fmt: skip
    def test_a_tick_asks_for_a_model_that_has_missed_a_week(self, new, days, due):
        facts = Facts(100 + new, 100, "ab12", True, False)
        assert decide(facts, 30, 6.0, days).due is due
        assert not decide(facts, 30, None, days).due

    @pytest.mark.parametrize(
        ("ago", "asked", "told"),
        [
            ((0.5,), (), "cool-down: 0.5 days of matches since the newest model, 1 must pass"),
            ((0.5,), ("requests/retrain/drift/000000000001.json",), "cool-down"),
            ((0.5,), ("requests/retrain/users/now.json",), ""),
            ((1.0, 8.0), (), ""),
            ((2.0, 9.0, 20.0), (), "budget: 3 models within 30 days of matches, 3 allowed"),
            ((2.0, 9.0, 30.0), (), ""),
            ((), (), ""),
        ],
    )
    def test_machines_ask_for_so_much_and_no_more(self, ago, asked, told):
        now = snapshots.MOMENT
        spent = Spent(now, tuple(now - timedelta(days=days) for days in ago))
        found = refusal(spent, 1.0, 3, asked)
        assert found.startswith(told)
        assert bool(found) is bool(told)

    def test_a_training_that_must_wait_says_why(self, ports):
        table = league()
        train.run(event(publish_features(ports.store, table.head(-40))), ports, QUICK)
        asked = event(publish_features(ports.store, table, seq=2))
        patient = msgspec.structs.replace(QUICK, cool_down_days=100)
        result = train.run(asked, ports, patient)
        assert result.outcome == "skipped"
        assert "40 new matches since model" in result.reason
        assert "but cool-down: " in result.reason
        ports.store.create("requests/retrain/users/now.json", b"{}")
        found = train.wanted(ports.store, patient)
        assert isinstance(found, train.Wanted)

    def test_nothing_to_learn_from_yet(self, ports):
        result = train.run(event("weekly", "cron"), ports, QUICK)
        assert (result.outcome, result.reason) == ("skipped", "nothing published by features yet")

    def test_a_few_new_matches_are_not_enough_many_are(self, ports):
        table = league()
        train.run(event(publish_features(ports.store, table.head(-40))), ports, QUICK)
        few = train.run(event(publish_features(ports.store, table.head(-28), seq=2)), ports, QUICK)
        assert few.outcome == "skipped"
        assert "12 new matches since model" in few.reason
        many = train.run(event(publish_features(ports.store, table, seq=3)), ports, QUICK)
        assert many.outcome == "done"
        assert len(ports.registry.versions()) == 2

    def test_a_request_makes_it_due_where_anything_changed(self, ports):
        table = league()
        train.run(event(publish_features(ports.store, table.head(-10))), ports, QUICK)
        ask = event("requests/retrain/000000000001.json")
        ports.store.create(ask.key, b"{}")
        assert "nothing changed" in decide(_facts(ports), 30).reason
        assert train.run(ask, ports, QUICK).outcome == "unchanged"
        publish_features(ports.store, table, seq=2)
        done = train.run(ask, ports, QUICK)
        assert (done.outcome, done.publications) == ("done", (publication_key("models", 2),))
        publish_features(ports.store, table.head(-5), seq=3)
        answered = train.run(ask, ports, QUICK)
        assert answered.outcome == "skipped"
        assert "needs 30" in answered.reason

    def test_a_request_that_comes_while_a_training_runs_is_answered_by_the_next(self, ports):
        class Asking(logging.Handler):
            def emit(self, record):
                ports.store.create("requests/retrain/by-hand.json", b"please")

        logger, asking = logging.getLogger("touchline.train"), Asking()
        logger.addHandler(asking)
        logger.setLevel(logging.INFO)
        try:
            train.run(event(publish_features(ports.store, league().head(-10))), ports, QUICK)
        finally:
            logger.removeHandler(asking)
            logger.setLevel(logging.NOTSET)
        asked = train.run(event(publish_features(ports.store, league().head(-5), seq=2)), ports, QUICK)
        assert asked.outcome == "done"
        answered = train.run(event(publish_features(ports.store, league(), seq=3)), ports, QUICK)
        assert (answered.outcome, "needs 30" in answered.reason) == ("skipped", True)

    def test_older_features_lead_to_a_training_on_the_newest(self, ports):
        old = publish_features(ports.store, league().head(-10))
        new = publish_features(ports.store, league(), seq=2)
        told = [train.run(event(key), ports, QUICK) for key in (old, new)]
        assert [result.outcome for result in told] == ["done", "unchanged"]
        assert {result.publications for result in told} == {(publication_key("models", 2),)}


class TestModel:
    @pytest.fixture(scope="class")
    @classmethod
    def ports(cls, tmp_path_factory, empty_registry):
        """One place with MLflow for all tests of the class, which only look at it."""
        home = tmp_path_factory.mktemp("trained")
        shutil.copy(empty_registry, home / "mlflow.db")
        return place(home, TOUCHLINE_REGISTRY="mlflow")

    @pytest.fixture(scope="class")
    @classmethod
    def trained(cls, ports):
        key = publish_features(ports.store, league())
        return train.run(event(key), ports, QUICK).publications[0]

    def test_the_bundle_is_whole_and_serves(self, ports, trained):
        _, manifest = read_publication(ports.store, trained)
        assert set(manifest.outputs) == {"model.onnx", "pool.json", "calibration.json", "features.json", "card.json"}
        model = ports.model(*bundle_of(manifest))
        assert model.model_id == manifest.id
        assert model.features == columns()
        p = model.predict(np.zeros((2, len(columns()))))
        np.testing.assert_allclose(p.sum(axis=1), 1)

    def test_the_manifest_says_what_was_learnt_from(self, ports, trained):
        _, manifest = read_publication(ports.store, trained)
        features, made = current(ports.store, "features")
        assert manifest.inputs[0].key == features.manifest
        assert manifest.counts["finished"] == made.counts["played"]
        assert manifest.counts["learnt"] + manifest.counts["tested"] <= made.counts["played"]
        assert manifest.parameters["families"] == ["logistic"]

    def test_the_model_is_registered_as_smoke(self, ports, trained):
        _, manifest = read_publication(ports.store, trained)
        version = ports.registry.versions()[manifest.id]
        assert ports.registry.aliases() == {"smoke": version}

    def test_the_registered_model_says_what_the_bundle_says(self, ports, trained, monkeypatch):
        import mlflow

        _, manifest = read_publication(ports.store, trained)
        x = np.random.default_rng(0).normal(size=(50, len(columns()))).astype(np.float32)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{ports.home / 'mlflow.db'}")
        registered = mlflow.pyfunc.load_model("models:/touchline@smoke")
        said = registered.predict(pd.DataFrame(x, columns=list(columns()))).to_numpy()
        np.testing.assert_allclose(ports.model(*bundle_of(manifest)).predict(x), said, atol=1e-5)

    def test_the_card_is_honest_about_time(self, ports, trained):
        card = card_of(ports.store, trained)
        assert card.trained_from < card.trained_until < card.test_from <= card.test_until
        assert card.test_until - card.test_from <= timedelta(days=QUICK.test_days)
        assert card.simulated
        assert card.competitions == ("SIM1",)
        assert card.champion == ""

    def test_the_card_compares_on_the_same_matches(self, ports, trained):
        card = card_of(ports.store, trained)
        assert set(card.scores) == {"ours", "prior", "elo", "bookmaker", "closing"}
        assert {score.n for score in card.scores.values()} == {card.test_matches}
        assert set(card.differences) == {"prior", "elo", "bookmaker", "closing"}
        assert card.parity <= 1e-5
        assert [one.competition for one in card.slices] == ["SIM1"]
        assert list(card.fold_losses) == ["logistic"]

    def test_doing_it_again_changes_nothing(self, ports, trained):
        before = snapshots.everything(ports.store)
        again = train.run(event(publication_key("features", 1)), ports, QUICK)
        assert (again.outcome, again.publications) == ("unchanged", (trained,))
        assert snapshots.everything(ports.store) == before
        assert len(ports.registry.versions()) == 1

    def test_another_place_trains_the_same_model(self, ports, trained, tmp_path):
        other = place(tmp_path / "other")
        key = publish_features(other.store, league())
        train.run(event(key), other, msgspec.structs.replace(QUICK, threads=1))
        _, here = read_publication(ports.store, trained)
        _, there = read_publication(other.store, trained)
        assert here == there

    def test_test_matches_reach_neither_model_nor_calibration(self, ports, trained, tmp_path):
        """Their outcomes are exchanged in the features: the model file stays the same, the scores do not."""
        card = card_of(ports.store, trained)
        other = place(tmp_path / "other")
        turned = league()
        tested = turned["kickoff"] >= card.test_from
        sides = ["home_goals", "away_goals"]
        turned.loc[tested, sides] = turned.loc[tested, sides[::-1]].to_numpy()
        key = train.run(event(publish_features(other.store, turned)), other, QUICK).publications[0]
        (_, here), (_, there) = read_publication(ports.store, trained), read_publication(other.store, key)
        for name in ("model.onnx", "calibration.json"):
            assert here.outputs[name].sha256 == there.outputs[name].sha256
        assert card_of(other.store, key).scores["ours"] != card.scores["ours"]


class TestChampion:
    def test_a_champion_is_met_on_matches_newer_than_his_training(self, ports):
        table = league()
        late = msgspec.structs.replace(QUICK, test_days=10)
        first = train.run(event(publish_features(ports.store, table.head(-60))), ports, late).publications[0]
        serve(ports.store, first)
        until = card_of(ports.store, first).trained_until
        second = train.run(event(publish_features(ports.store, table, seq=2)), ports, QUICK).publications[0]
        card = card_of(ports.store, second)
        assert card.champion == card_of(ports.store, first).model_id
        newer = table[(table["kickoff"] > until) & (table["kickoff"] >= card.test_from)]
        assert 0 < card.differences["champion"].n == len(newer) < card.test_matches

    def test_a_champion_of_other_features_is_named_but_not_compared(self, ports):
        table = league()
        first = train.run(event(publish_features(ports.store, table.head(-60))), ports, QUICK).publications[0]
        _, manifest = read_publication(ports.store, first)
        files = {name: read_object(ports.store, ref) for name, ref in manifest.outputs.items()}
        names = ("something_else", *columns()[1:])
        files["features.json"] = encode({"names": names, "dtype": "float32", "sha256": ""})
        refs = {name: train.write_object(ports.store, f"models/other/{name}", data) for name, data in files.items()}
        publish(ports.store, msgspec.structs.replace(manifest, stage="serving", id="other", outputs=refs), 1)
        card = card_of(
            ports.store, train.run(event(publish_features(ports.store, table, seq=2)), ports, QUICK).publications[0]
        )
        assert card.champion == manifest.id
        assert "champion" not in card.differences


class TestTrouble:
    def test_a_registry_that_does_not_answer_costs_no_second_training(self, ports, caplog):
        key = publish_features(ports.store, league())
        deaf = bootstrap.ports(
            {"TOUCHLINE_HOME": str(ports.home), "MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}, clock=ports.clock
        )
        with pytest.raises(Unavailable):
            train.run(event(key), deaf, QUICK)
        waiting = snapshots.everything(ports.store, "models/")
        assert not [name for name in waiting if "published" in name]
        assert [name for name in waiting if name.endswith("model.onnx")]
        with caplog.at_level("INFO", "touchline.train"):
            result = train.run(event(key), ports, QUICK)
        assert result.outcome == "done"
        assert "trained by an earlier attempt" in caplog.text
        assert "trial" not in caplog.text
        now = snapshots.everything(ports.store, "models/")
        assert {name: now[name] for name in waiting} == waiting
        assert len(ports.registry.versions()) == 1

    def test_a_crash_before_publishing_is_made_good(self, ports):
        key = publish_features(ports.store, league())
        first = train.run(event(key), ports, QUICK)
        folder = ports.home / "objects"
        for lost in ("models/published", "models/latest.json"):
            path = folder / lost
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        again = train.run(event(key), ports, QUICK)
        assert (again.outcome, again.publications) == ("done", first.publications)
        assert again.summary == first.summary

    def test_too_few_matches_are_refused_for_good(self, ports):
        key = publish_features(ports.store, league().head(50))
        with pytest.raises(DataError, match="too few to learn from"):
            train.run(event(key), ports, QUICK)

    def test_a_missing_table_is_named(self, ports):
        key = publish_features(ports.store, league())
        _, manifest = read_publication(ports.store, key)
        (ports.home / "objects" / manifest.outputs["played"].key).unlink()
        with pytest.raises(NotFound, match=r"played\.parquet"):
            train.run(event(key), ports, QUICK)

    def test_a_short_history_is_tested_on_its_newest_quarter(self, ports):
        generous = msgspec.structs.replace(QUICK, test_days=100_000)
        card = card_of(
            ports.store, train.run(event(publish_features(ports.store, league())), ports, generous).publications[0]
        )
        assert card.matches > card.test_matches > 0


def serve(store, key):
    """Let a published model serve, as promote would."""
    _, manifest = read_publication(store, key)
    publish(store, msgspec.structs.replace(manifest, stage="serving"), 1)


def _facts(ports):
    from touchline.stages.train_due import facts, requests

    return facts(ports.store, current(ports.store, "features")[1], requests(ports.store), QUICK.uses)
