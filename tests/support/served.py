"""A small league on its way to the public: features, models with any card one likes, promoted and forecast."""

import shutil
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.domain.features import FEATURE_NAMES
from touchline.domain.simulation import simulate
from touchline.errors import Unavailable
from touchline.learning.bundle import bundle_files
from touchline.learning.card import Difference, Estimate, ModelCard, ModelScore
from touchline.learning.examples import Examples
from touchline.learning.fitting import FitOptions, fit
from touchline.manifest import Manifest, Ref, encode, publish, write_object
from touchline.ports import ObjectStore
from touchline.settings import ForecastSettings, Promote
from touchline.stages import feature, forecast, promote
from touchline.tables import write
from touchline.work import Event, Ports, Result

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


class ListedRegistry:
    """A registry that knows what it was told; it can be out of reach."""

    def __init__(self, *models: str) -> None:
        self._versions = {model: str(number) for number, model in enumerate(models, 1)}
        self.named: dict[str, str] = {}
        self.out_of_reach = False

    def versions(self) -> dict[str, str]:
        if self.out_of_reach:
            raise Unavailable("the registry does not answer")
        return dict(self._versions)

    def aliases(self) -> dict[str, str]:
        return dict(self.named)

    def set_alias(self, alias: str, version: str) -> None:
        self.named[alias] = version

    def models(self) -> dict[str, str]:
        """Alias -> model id."""
        model = {version: name for name, version in self._versions.items()}
        return {alias: model[version] for alias, version in self.named.items()}


def container(home: Path, moment: datetime = NOW) -> Container:
    """Embedded parts in a folder, at a moment of the league, with a registry that has to be told everything."""
    ports = bootstrap.ports({"TOUCHLINE_HOME": str(home)}, clock=VirtualClock(moment))
    ports.registry = ListedRegistry()
    return ports


def copied(filled: Container, home: Path) -> Container:
    """The same objects in another folder, with no database."""
    shutil.copytree(filled.home / "objects", home / "objects")
    return bootstrap.ports({"TOUCHLINE_HOME": str(home)}, clock=VirtualClock(NOW))


def event(key: str, generation: int = 0, kind: Literal["object", "cron"] = "object") -> Event:
    return Event(id=f"test-{key}-{generation}", kind=kind, source="test", time=NOW, key=key, generation=generation)


@cache
def tables() -> tuple[dict[str, Any], bytes]:
    made, state = feature.make(simulate(7, NOW, seasons=2))
    return made, state.to_bytes()


def publish_features(store: ObjectStore, seq: int = 1, *, more: dict[str, Any] | None = None, **replaced: Any) -> str:
    """Publish the features of the small league, tables replaced by name, and more of them; the publication's key."""
    made, state = tables()
    made = made | (more or {})
    work = f"f{seq}"
    outputs = {
        name: write(store, f"features/{work}/{name}.parquet", replaced.get(name, table)) for name, table in made.items()
    }
    outputs["state"] = write_object(store, f"features/{work}/state.npz", state)
    parameters = {"features": feature.features_hash(), "simulated": True}
    manifest = Manifest(
        stage="features", id=work, inputs=(Ref("raw/x", str(seq)),), outputs=outputs, parameters=parameters,
        versions={}, counts={},
    )  # fmt: skip
    return publish(store, manifest, seq)[0]


def estimate(value: float, spread: float = 0.02) -> Estimate:
    return Estimate(value, value - spread, value + spread)


def score(log_loss: float, n: int = 900, ece: float = 0.012) -> ModelScore:
    return ModelScore(n, estimate(log_loss / 5), estimate(log_loss), estimate(0.6), estimate(ece), estimate(0.5))


def difference(value: float, n: int = 900, spread: float = 0.002) -> Difference:
    return Difference(n, estimate(value / 5), estimate(value, spread))


USUAL = {"prior": difference(-0.07), "elo": difference(-0.01), "closing": difference(0.01)}


def card(model_id: str, **changes: Any) -> ModelCard:
    """A card that passes every gate where there is no champion, unless changed."""
    usual: dict[str, Any] = {
        "model_id": model_id,
        "family": "logistic",
        "params": {"C": 0.01},
        "features": len(FEATURE_NAMES),
        "features_sha256": "",
        "competitions": ("SIM1",),
        "matches": 2000,
        "trained_from": datetime(2023, 8, 1, tzinfo=UTC),
        "trained_until": datetime(2026, 3, 1, tzinfo=UTC),
        "test_matches": 900,
        "test_from": datetime(2025, 3, 1, tzinfo=UTC),
        "test_until": datetime(2026, 3, 1, tzinfo=UTC),
        "snapshot": "features/f1/manifest.json",
        "seq": 1,
        "simulated": True,
        "scores": {"ours": score(1.0), "prior": score(1.07), "elo": score(1.01), "closing": score(0.99)},
        "differences": USUAL,
        "champion": "",
        "slices": (),
        "calibration": "none",
        "calibration_losses": {},
        "fold_losses": {},
    }
    return ModelCard(**{**usual, **changes})


@cache
def small_model() -> dict[str, bytes]:
    """Files of a logistic model of the small league."""
    played = tables()[0]["played"]
    examples = Examples(
        played[list(FEATURE_NAMES)].to_numpy(np.float32),
        FEATURE_NAMES,
        played["outcome"].to_numpy(),
        played["kickoff"].dt.tz_localize(None).to_numpy(),
        played["competition"].to_numpy(object),
        played[["home_goals", "away_goals"]].to_numpy(np.float64),
        np.full((len(played), 2), np.nan),
    )
    fitted = fit(examples, FitOptions(trials=1, folds=2, families=("logistic", "goals"), threads=1))
    return bundle_files(fitted, card("any"))


def publish_model(
    store: ObjectStore, model_id: str, seq: int, *, files: dict[str, Any] | None = None, **changes: Any
) -> str:
    """Publish a model as train would; `files` replaces (or, with None, drops) files of its bundle. The key."""
    made = small_model()
    parity = msgspec.json.decode(made["card.json"])["parity"]
    contents: dict[str, bytes | None] = {**made, "card.json": encode(card(model_id, **{"parity": parity, **changes}))}
    contents |= files or {}
    outputs = {
        name.partition(".")[0]: write_object(store, f"models/{model_id}/{name}", data)
        for name, data in contents.items()
        if data is not None
    }
    manifest = Manifest(
        stage="models", id=model_id, inputs=(), outputs=outputs, parameters={}, versions={}, counts={}
    )  # fmt: skip
    return publish(store, manifest, seq)[0]


def against(champion: str, value: float = -0.01, n: int = 400) -> dict[str, Any]:
    """Changes of a card that was compared with a champion: clearly better on past matches, if they are enough."""
    return {"champion": champion, "differences": {**USUAL, "champion": difference(value, n)}}


def promoted(ports: Ports, key: str, generation: int = 0) -> Result:
    return promote.run(event(key, generation), ports, Promote())


def forecasted(ports: Ports, key: str, days: int = 14) -> Result:
    return forecast.run(event(key), ports, ForecastSettings(horizon_days=days))


def public(ports: Ports, model_id: str = "m1", seq: int = 1) -> str:
    """Features, a champion and its forecasts; key of the forecasts' publication."""
    features = publish_features(ports.store, seq)
    promoted(ports, publish_model(ports.store, model_id, seq))
    return forecasted(ports, features).publications[0]
