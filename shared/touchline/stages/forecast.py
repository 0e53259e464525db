"""Forecast: what the champion says of the coming fixtures, sealed in the ledger before kick-off, then published.

What is published depends on the features, the champion, and which fixtures lie within the horizon; the moments of
sealing stand in the ledger alone.
"""

from datetime import datetime, timedelta

import pandas as pd

from touchline import tables
from touchline.domain.availability import deadline
from touchline.domain.forecasts import ForecastSet
from touchline.errors import NotFound
from touchline.manifest import (
    Manifest,
    Publication,
    bundle_of,
    current,
    decode,
    publication_key,
    read_object,
    read_publication,
    superseded,
)
from touchline.ports import Forecast, ObjectStore
from touchline.settings import ForecastSettings
from touchline.stages.forecast_context import PRICE
from touchline.stages.forecast_ledger import export_batches
from touchline.stages.forecast_publish import STAGE, Basis, publish_forecasts
from touchline.stages.forecast_seal import Author, asked_of, rates_of, seal
from touchline.stages.forecast_shadow import seal_challenger
from touchline.stages.forecast_told import Rates, told_of
from touchline.work import Event, Ports, Result


def run(event: Event, ports: Ports, settings: ForecastSettings) -> Result:
    """Publish the forecasts of the current features by the current champion, unless that was done.

    Time alone brings fixtures into the horizon: those are sealed too, and published as a further revision.

    Raises:
        DataError: the champion was trained on other features, or gives no probabilities.
    """
    if event.kind == "object" and (newer := superseded(ports.store, event.key)):
        return Result(outcome="skipped", reason=f"superseded by {newer}")
    try:
        (features, featured), (serving, served) = current(ports.store, "features"), current(ports.store, "serving")
    except NotFound as missing:
        return Result(outcome="skipped", reason=f"nothing to forecast from: {missing.what}")
    upcoming = _upcoming(ports.store, featured)
    due, reason = within_horizon(upcoming, ports.clock.now(), settings.horizon_days)
    sealed, rates = _seal(ports, due, served, features, serving.seq)
    challenged = seal_challenger(ports, due, served, features)
    export_batches(ports)
    told = told_of(ports, due, sealed, rates, settings, served, reason, challenged)
    revision, published = _published(ports.store, features.seq, serving.seq)
    if published is not None and {match.match_id for match in told.matches} <= published:
        return Result(
            outcome="unchanged", publications=(publication_key(STAGE, features.seq, serving.seq, revision - 1),)
        )
    known = ports.ledger.forecasts(upcoming["match_id"])
    key, created = publish_forecasts(ports, told, Basis(features, featured, serving, upcoming, known), revision)
    return Result(
        outcome="done" if created else "unchanged",
        publications=(key,),
        reason=told.reason,
        summary={
            "seq": features.seq,
            "promotion": serving.seq,
            "forecasts": len(sealed),
            "late": len(due) - len(sealed),
        },
    )


def _upcoming(store: ObjectStore, featured: Manifest) -> pd.DataFrame:
    """Coming matches with their features, prices (PRICE) and whether a bookmaker has named any (`priced`)."""
    table = tables.read(store, featured.outputs["upcoming"])
    prices = tables.read(store, featured.outputs["benchmarks"]).set_index("match_id")
    told = prices.reindex(columns=["bookmaker_home", *PRICE]).reindex(table["match_id"])
    priced = told.pop("bookmaker_home").notna().to_numpy(bool)
    return pd.concat([table, told.reset_index(drop=True).assign(priced=priced)], axis=1)


def within_horizon(upcoming: pd.DataFrame, now: datetime, days: int) -> tuple[pd.DataFrame, str]:
    """Fixtures that can still be sealed and kick off within so many days, by kick-off and match; and why there is none.

    They have a column more: the `deadline` of sealing.
    """
    upcoming = upcoming.assign(deadline=deadline(upcoming))
    kickoff, open_ = upcoming["kickoff"], upcoming["deadline"] > now
    due = upcoming[open_ & (kickoff <= now + timedelta(days=days))]
    if len(due):
        return due.sort_values(["kickoff", "match_id"], ignore_index=True), ""
    if upcoming.empty:
        return due, "no coming fixture is known"
    ahead = kickoff[open_]
    other = f"the next is on {ahead.min().date()}" if len(ahead) else f"the last known was on {kickoff.max().date()}"
    return due, f"no fixture in the next {days} days ({other})"


def _published(store: ObjectStore, seq: int, promotion: int) -> tuple[int, set[str] | None]:
    """The next revision, and the matches of the newest one, None if nothing was published of these inputs."""
    stem = publication_key(STAGE, seq, promotion).removesuffix(".json")
    keys = [info.key for info in store.list(stem)]
    if not keys:
        return 0, None
    publication, manifest = read_publication(store, max(keys))
    ref = manifest.outputs["forecasts"]
    matches = decode(read_object(store, ref), ForecastSet, ref.key).matches
    return publication.revision + 1, {match.match_id for match in matches}


def _seal(
    ports: Ports, due: pd.DataFrame, served: Manifest, features: Publication, promotion: int
) -> tuple[list[Forecast], Rates]:
    if due.empty:
        return [], {}
    author = Author(ports.model(*bundle_of(served)), str(served.parameters["model_version"]), promotion)
    values = asked_of(author, due, features.manifest)
    return seal(ports, due, author, features.seq, values), rates_of(author, due, values)
