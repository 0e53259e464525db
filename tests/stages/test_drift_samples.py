"""What is compared: the champion's own training data, which stays the same until another model is promoted."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest

import served
from snapshots import everything
from touchline import tables
from touchline.bootstrap import Container
from touchline.domain import drift
from touchline.domain.features import FEATURE_NAMES
from touchline.manifest import current, publish, read_publication
from touchline.stages.drift_samples import REFERENCES, SAID, Samples, samples


@pytest.fixture
def world(public_home: Path, tmp_path: Path) -> Container:
    """A small league with a champion of a real bundle."""
    return served.copied(served.container(public_home), tmp_path / "copy")


def compared(ports: Container, newest: int = 60) -> Samples:
    _, features = current(ports.store, "features")
    source = features.outputs["played"]
    return samples(ports, source, tables.read(ports.store, source), newest)


def serve(ports: Container, model_id: str, **changes: Any) -> None:
    """Put a model with the small model's files and a changed card straight where the champion stands."""
    key = served.publish_model(ports.store, model_id, 7, **changes)
    _, manifest = read_publication(ports.store, key)
    number = current(ports.store, "serving")[0].seq + 1
    publish(ports.store, msgspec.structs.replace(manifest, stage="serving", parameters={}), number)


def moved(table: pd.DataFrame, by: float) -> pd.DataFrame:
    """All features shifted by so many of their standard deviations, as if the world had changed overnight."""
    names = list(FEATURE_NAMES)
    return table.assign(**{name: table[name] + by * table[name].std() for name in names})


def drifted(found: Samples) -> list[str]:
    told = drift.compare(found.reference.to_numpy(), found.current.to_numpy(), list(found.current), found.inflation)
    return [one.name for one in told if one.drifted]


def test_the_champion_is_asked_of_both_sides(world: Container) -> None:
    found = compared(world)
    assert found.said == list(SAID)
    assert found.features == list(FEATURE_NAMES)
    for side in (found.reference, found.current):
        assert side[found.said[:3]].sum(axis=1).to_numpy() == pytest.approx(1)
        assert side["forecast_entropy"].between(0, np.log(3) + 1e-9).all()
    assert found.champion is not None
    assert found.against == "the training period of m1"


def test_the_reference_changes_with_a_promotion_only(world: Container) -> None:
    """Not with new features, not with more matches; only when another model serves."""
    first = compared(world)
    kept = everything(world.store, REFERENCES)
    played = served.tables()[0]["played"]
    served.publish_features(world.store, 2, played=moved(played, 0.5))
    second = compared(world)
    pd.testing.assert_frame_equal(first.reference, second.reference)
    assert (first.matches, first.inflation) == (second.matches, second.inflation)
    assert everything(world.store, REFERENCES) == kept
    assert not first.current.equals(second.current)

    serve(world, "m2", trained_until=datetime(2025, 1, 1, tzinfo=UTC))
    third = compared(world)
    assert third.against == "the training period of m2"
    assert not first.reference.equals(third.reference)


def test_shifted_features_are_seen_in_features_and_forecasts(world: Container) -> None:
    assert drifted(compared(world)) == []
    played = served.tables()[0]["played"]
    served.publish_features(world.store, 2, played=moved(played, 3.0))
    found = drifted(compared(world))
    assert len([name for name in found if name not in SAID]) > 20


def test_without_the_features_that_it_learnt_from_the_current_ones_stand_in(world: Container) -> None:
    serve(world, "m3", snapshot="features/gone/manifest.json", competitions=())
    found = compared(world)
    assert found.against == "the training period of m3"
    learnt = served.tables()[0]["played"]["kickoff"] <= served.card("m3").trained_until
    assert found.matches == learnt.sum() < len(learnt)


def test_a_model_that_cannot_be_loaded_leaves_the_features(world: Container, caplog: Any) -> None:
    serve(world, "m4", files={"model.onnx": b"no model"})
    found = compared(world)
    assert (found.said, len(found.features)) == ([], len(FEATURE_NAMES))
    assert "is not compared" in caplog.text
