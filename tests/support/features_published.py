"""Features and champions as the stages before would publish them, with few columns, for the stages after."""

from datetime import UTC, datetime, timedelta
from io import BytesIO

import numpy as np
import pandas as pd

from snapshots import publish_raw
from touchline.manifest import Manifest, Ref, encode, publish, read_publication, sha256, write_object
from touchline.ports import Forecast, ObjectStore

START = datetime(2025, 1, 1, 15, tzinfo=UTC)
NAMES = ("elo_difference", "pi_difference", "supremacy_fast")


def played(matches: int = 400, shift_last: int = 0) -> pd.DataFrame:
    """One match a day from START on; the features of the last `shift_last` come from another world."""
    rng = np.random.default_rng(11)
    goals = rng.poisson((1.5, 1.1), size=(matches, 2)).astype(float)
    features = rng.normal(size=(matches, len(NAMES)))
    features[matches - shift_last :] += 3.0
    outcome = np.select([goals[:, 0] > goals[:, 1], goals[:, 0] == goals[:, 1]], [0, 1], 2).astype("int8")
    kickoff = pd.DatetimeIndex([START + timedelta(days=day) for day in range(matches)]).as_unit("us")
    return pd.DataFrame(
        {
            "match_id": [f"m-{number:04d}" for number in range(matches)],
            "competition": "SIM1",
            "season": "2025",
            "kickoff": kickoff,
            "kickoff_known": True,
            "home_goals": goals[:, 0],
            "away_goals": goals[:, 1],
            "outcome": outcome,
            **{name: features[:, place] for place, name in enumerate(NAMES)},
        }
    )


def publish_features(
    store: ObjectStore, table: pd.DataFrame, seq: int = 1, snapshot: pd.DataFrame | None = None
) -> str:
    """Publish a table as the features of played matches, and the snapshot behind it if there is one; the key."""
    buffer = BytesIO()
    table.to_parquet(buffer, index=False)
    work = sha256(buffer.getvalue())[:20]
    ref = write_object(store, f"features/{work}/played.parquet", buffer.getvalue(), rows=len(table))
    inputs = () if snapshot is None else read_publication(store, publish_raw(store, snapshot, seq))[1].outputs.values()
    return _publish(store, "features", work, {"played": ref}, seq, tuple(inputs))


def publish_champion(store: ObjectStore, trained_from: datetime, trained_until: datetime, number: int = 1) -> str:
    """Publish a model of which there is nothing but the card."""
    card = encode(
        {"model_id": f"model-{number}", "trained_from": trained_from, "trained_until": trained_until, "scores": {}}
    )
    ref = write_object(store, f"models/model-{number}/card.json", card)
    return _publish(store, "serving", f"model-{number}", {"card.json": ref}, number)


def sealed_before(table: pd.DataFrame, home: float, draw: float, away: float, version: str = "1") -> list[Forecast]:
    """The same forecast of every match, made two days before kick-off; still to be sealed."""
    return [
        Forecast(
            match_id=match_id,
            model_version=version,
            promotion=1,
            seq=1,
            kickoff=kickoff.to_pydatetime(),
            home=home,
            draw=draw,
            away=away,
            features_hash="f",
            mode="simulated",
        )
        for match_id, kickoff in table[["match_id", "kickoff"]].itertuples(index=False)
    ]


def _publish(
    store: ObjectStore, stage: str, work: str, outputs: dict[str, Ref], seq: int, inputs: tuple[Ref, ...] = ()
) -> str:
    manifest = Manifest(stage=stage, id=work, inputs=inputs, outputs=outputs, parameters={}, versions={}, counts={})
    return publish(store, manifest, seq)[0]
