"""What the online service is measured on: one model of about 400 trees, leagues of a made-up world, 500 fixtures.

Everything comes from seeds and the clock: the stages make features and forecasts as they do anywhere, in a home below a
folder. The same trees are kept in XGBoost's own format for the rivals.
"""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from xgboost import XGBClassifier

from touchline import bootstrap
from touchline.domain.calibration import Isotonic
from touchline.domain.competitions import COMPETITIONS
from touchline.domain.feature_list import FEATURE_NAMES
from touchline.domain.keys import KEYS_POINTER, MOST_PER_MINUTE, RANDOM_BYTES, ActiveKeys, Key, digest_of, key_text
from touchline.domain.simulation import simulate
from touchline.learning.boosted import Xgboost
from touchline.learning.bundle import MODEL, bundle_files
from touchline.learning.card import Estimate, ModelCard, ModelScore
from touchline.learning.examples import Examples
from touchline.learning.fitting import Fitted, Member
from touchline.learning.goal_model import GoalModel
from touchline.learning.linear import Linear
from touchline.learning.prepared import Prepared, bins
from touchline.learning.trees import trees
from touchline.manifest import Manifest, current, encode, publish, read_object, sha256, write_object
from touchline.settings import Feature, ForecastSettings
from touchline.stages import feature, forecast
from touchline.tables import read, write
from touchline.work import Event, Ports

FIXTURES, COLUMNS, STEPS = 500, 60, 134
LEAGUES = [code for code, one in COMPETITIONS.items() if not one.calendar_year and code != "SIM1"][:25]
NAMES = FEATURE_NAMES[:COLUMNS]
TREES = {"n_estimators": STEPS, "max_depth": 5, "learning_rate": 0.03, "min_child_weight": 20.0}


class World(NamedTuple):
    """A home with a champion and forecasts, and what the rivals need."""

    folder: Path
    environ: dict[str, str]
    """Of a process that is to serve it."""
    matches: list[str]
    row: list[float]
    """Features of the first match."""
    expected: tuple[float, float, float]
    """What every server must say of it."""
    pairs: list[tuple[str, str, str, str]]
    """Home, away, competition and day of the fixtures."""
    key: str
    """Opens the API."""


def made(folder: Path) -> World:
    """Make it, in a folder that is empty."""
    environ = {"TOUCHLINE_HOME": str(folder / "home"), "TOUCHLINE_LOG_LEVEL": "WARNING"}
    ports = bootstrap.ports(environ)
    played, upcoming = _features(ports)
    fitted = _fitted(folder, played)
    files = bundle_files(fitted, _card(played))
    (folder / MODEL).write_bytes(files[MODEL])
    promote(ports, files, 1)
    foretell(ports)
    told = _published(ports)
    match = told["matches"][0]
    row = upcoming.set_index("match_id").loc[match["match_id"], list(NAMES)].to_numpy(np.float64)
    expected = match["home"], match["draw"], match["away"]
    pairs = [(one["home_team"], one["away_team"], one["competition"], one["kickoff"][:10]) for one in told["matches"]]
    return World(
        folder, environ, [one["match_id"] for one in told["matches"]], row.tolist(), expected, pairs, _keyed(ports)
    )  # fmt: skip


def _keyed(ports: Ports) -> str:
    """Publish a key that may ask as often as any may."""
    text = key_text(os.urandom(RANDOM_BYTES))
    key = Key(
        id="bench", name="bench", digest=digest_of(text), scopes=("read", "predict"), per_minute=MOST_PER_MINUTE,
        created=datetime.now(UTC),
    )  # fmt: skip
    ports.store.create(KEYS_POINTER, encode(ActiveKeys(version=1, keys=(key,))))
    return text


def promote(ports: Ports, files: Mapping[str, bytes], number: int, name: str = "") -> str:
    """Let a model serve, under the number of a promotion, as `promote` publishes it; its version."""
    version = name or f"bench-{number}"
    card = msgspec.json.decode(files["card.json"]) | {"model_id": version}
    contents = {**files, "card.json": encode(card)}
    outputs = {
        name.partition(".")[0]: write_object(ports.store, f"models/{version}/{name}", data)
        for name, data in contents.items()
    }
    parameters = {"model_id": version, "model_version": version, "promotion": number, "simulated": True}
    publish(ports.store, _manifest("serving", f"{version}-{number}", outputs, parameters), number)
    return version


def serving(ports: Ports) -> dict[str, bytes]:
    """Files of the model that serves."""
    refs = current(ports.store, "serving")[1].outputs.values()
    return {ref.key.rpartition("/")[2]: read_object(ports.store, ref) for ref in refs}


def foretell(ports: Ports) -> None:
    """What the stage forecast does after a promotion or new features."""
    event = Event(id=os.urandom(8).hex(), kind="cron", source="bench", time=datetime.now(UTC), key="twice-daily")
    forecast.run(event, ports, ForecastSettings(horizon_days=60))


def many(folder: Path, world: World, fixtures: int) -> Ports:
    """A home of its own in which so many fixtures wait for their first forecast."""
    source = bootstrap.ports(world.environ)
    ports = bootstrap.ports({**world.environ, "TOUCHLINE_HOME": str(folder)})
    _, manifest = current(source.store, "features")
    refs, outputs = manifest.outputs, {}
    copies = -(-fixtures // FIXTURES)
    for name, ref in refs.items():
        if name in ("upcoming", "benchmarks"):
            table = read(source.store, ref)
            table = pd.concat([_named(table, number) for number in range(copies)], ignore_index=True)
            outputs[name] = write(ports.store, ref.key, table[:fixtures] if name == "upcoming" else table)
        else:
            outputs[name] = write_object(ports.store, ref.key, read_object(source.store, ref))
    for ref in manifest.inputs:
        write_object(ports.store, ref.key, read_object(source.store, ref))
    publish(ports.store, msgspec.structs.replace(manifest, outputs=outputs), 1)
    promote(ports, serving(source), 1)
    return ports


def _named(table: pd.DataFrame, number: int) -> pd.DataFrame:
    return table.assign(match_id=table["match_id"] + (f"-{number}" if number else ""))


def _features(ports: Ports) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Features of all leagues by the stage, the coming fixtures cut to those that are wanted; both tables."""
    now = datetime.now(UTC)
    table = pd.concat([_league(code, seed, now) for seed, code in enumerate(LEAGUES)], ignore_index=True)
    coming = table[(table["status"] == "scheduled") & (table["kickoff"] > now)].sort_values("kickoff")[:FIXTURES]
    kept = table[table["status"].eq("finished") | table["match_id"].isin(coming["match_id"])]
    body = BytesIO()
    kept.to_parquet(body, index=False)
    ref = write_object(ports.store, "raw/bench/matches.parquet", body.getvalue(), rows=len(kept))
    key, _ = publish(ports.store, _manifest("validated", "bench", {"matches": ref}, {"simulated": True}), 1)
    event = Event(id="bench", kind="object", source="bench", time=now, key=key)
    feature.run(event, ports, Feature())
    outputs = current(ports.store, "features")[1].outputs
    return read(ports.store, outputs["played"]), read(ports.store, outputs["upcoming"])


def _league(code: str, seed: int, now: datetime) -> pd.DataFrame:
    """The simulated league under another code; its clubs have names of their own."""
    table = simulate(seed, now, seasons=2)
    for column in ("home_team", "away_team"):
        table[column] = table[column] + f" {code}"
    ids = table["match_id"].str.replace("sim1", code.lower(), n=1)
    return table.assign(competition=code, match_id=ids)


def _fitted(folder: Path, played: pd.DataFrame) -> Fitted:
    """Trees on bins of the features themselves, so that they can be told to XGBoost alone; and a model of goals."""
    examples = Examples(
        played[list(NAMES)].to_numpy(np.float32), NAMES, played["outcome"].to_numpy(),
        played["kickoff"].dt.tz_localize(None).to_numpy(), played["competition"].to_numpy(object),
        played[["home_goals", "away_goals"]].to_numpy(np.float64), np.full((len(played), 2), np.nan),
    )  # fmt: skip
    prepared = Prepared(examples, np.ones(len(played)))
    grown = Xgboost(TREES, 7)
    grown.linear = Linear(prepared.scale, np.zeros((COLUMNS, 3)), np.zeros(3))
    grown.bins = bins(examples.x, np.arange(COLUMNS))
    grown.model.fit(grown.bins.apply(examples.x), examples.outcome, base_margin=np.zeros((len(played), 3)))
    goals = GoalModel(0.005).fit(prepared)
    members = (Member("xgboost", TREES, 1.0, grown), Member("goals", {"C": 0.005}, 0.0, goals))
    (folder / "model.json").write_text(_own_format(grown))
    return Fitted(members, NAMES, _calibration(folder, examples), {}, {}, examples.x[:300])


def _calibration(folder: Path, examples: Examples) -> Isotonic:
    """Curves of scikit-learn on the same trees; what they were learnt from is kept for the rivals."""
    some = slice(None, None, 5)
    model = XGBClassifier(n_jobs=1)
    model.load_model(folder / "model.json")
    learnt = CalibratedClassifierCV(FrozenEstimator(model), method="isotonic")
    learnt.fit(examples.x[some], examples.outcome[some])
    curves = [(one.X_thresholds_, one.y_thresholds_) for one in learnt.calibrated_classifiers_[0].calibrators]
    knots = [[part.astype(float).tolist() for part in curve] for curve in curves]
    (folder / "knots.json").write_text(json.dumps(knots))
    np.savez(folder / "calibration.npz", x=examples.x[some], outcome=examples.outcome[some], names=np.array(NAMES))
    promised, came = zip(*(map(tuple, curve) for curve in knots), strict=True)
    return Isotonic(promised, came)


def _own_format(estimator: Xgboost) -> str:
    """The trees in XGBoost's format with features in place of bins: it goes left below a value, ours up to it."""
    told: dict[str, Any] = json.loads(estimator.model.get_booster().save_raw("json"))
    learner = told["learner"]
    learner["learner_model_param"]["base_score"] = "[5E-1,5E-1,5E-1]"
    for grown, plain in zip(learner["gradient_booster"]["model"]["trees"], trees(estimator), strict=True):
        above = np.nextafter(plain.threshold, np.float32(np.inf))
        conditions = np.where(plain.leaf, np.array(grown["split_conditions"]), above)
        grown["split_conditions"] = [float(value) for value in conditions]
    return json.dumps(told)


def _card(played: pd.DataFrame) -> ModelCard:
    one = Estimate(1.0, 0.98, 1.02)
    first, last = played["kickoff"].min().to_pydatetime(), played["kickoff"].max().to_pydatetime()
    return ModelCard(
        model_id="bench", family="xgboost", params=TREES, features=COLUMNS, features_sha256="",
        competitions=tuple(LEAGUES), matches=len(played), trained_from=first, trained_until=last, test_matches=900,
        test_from=first, test_until=last, snapshot="", seq=1, simulated=True,
        scores={"ours": ModelScore(900, one, one, one, one, one)}, differences={}, champion="", slices=(),
        calibration="isotonic", calibration_losses={}, fold_losses={},
    )  # fmt: skip


def _manifest(stage: str, name: str, outputs: dict[str, Any], parameters: dict[str, Any]) -> Manifest:
    work = f"{name}-{sha256(encode(parameters))[:8]}"
    return Manifest(
        stage=stage, id=work, inputs=(), outputs=outputs, parameters=parameters, versions={}, counts={}
    )  # fmt: skip


def _published(ports: Ports) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.json.decode(
        read_object(ports.store, current(ports.store, "predictions")[1].outputs["forecasts"])
    )
    return told
