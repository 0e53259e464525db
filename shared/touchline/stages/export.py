"""Export: the database as of one sequence number, as a snapshot named by its content; and who played, where known.

Equal tables have the same bytes and the same name, by whatever way they came to be: a correction that is taken back is
published again under its own `seq`, and points at the old snapshot. So the manifest of a snapshot names no inputs; what
depends on the way (which payload last changed a match) is a sidecar of the publication.
"""

from typing import Any, Final

import pandas as pd

from touchline import tables
from touchline.domain.vocabulary import MATCH_COLUMNS
from touchline.manifest import (
    Manifest,
    Ref,
    content_id,
    publish,
    read_publication,
    sha256,
    write_object,
)
from touchline.settings import Export
from touchline.work import Event, Ports, Result

STAGE: Final = "raw"
VERSION: Final = "1"


def run(event: Event, ports: Ports, settings: Export) -> Result:
    """Publish the tidy table as of the scrape that woke us, though there be newer ones: a gate may refuse those.

    Raises:
        NotFound: the database does not know this `seq`.
    """
    scraped, manifest = read_publication(ports.store, event.key)
    table = ports.matches.snapshot(scraped.seq)
    appearances = ports.matches.appearances(scraped.seq)
    parameters = {"simulated": bool(manifest.parameters.get("simulated", False))}
    key, created = _publish(ports, scraped.seq, table, appearances, parameters)
    return Result(
        outcome="done" if created else "unchanged",
        publications=(key,),
        summary={"seq": scraped.seq, "matches": len(table)},
    )


def _publish(
    ports: Ports, seq: int, table: pd.DataFrame, appearances: pd.DataFrame, parameters: dict[str, Any]
) -> tuple[str, bool]:
    made = {"matches": table[[*MATCH_COLUMNS, "available_time"]]}
    if len(appearances):  # most sources know nothing of players
        made["appearances"] = appearances
    packed = {what: tables.to_parquet(frame) for what, frame in made.items()}
    versions = {STAGE: VERSION}
    name = content_id(STAGE, tuple(Ref("", sha256(data)) for data, _ in packed.values()), parameters, versions)
    outputs = {
        what: write_object(ports.store, f"{STAGE}/{name}/{what}.parquet", data, rows=len(made[what]), schema=schema)
        for what, (data, schema) in packed.items()
    }
    payloads = table[["match_id", "payload"]].sort_values("match_id")
    lineage = tables.write(ports.store, f"{STAGE}/lineage/{seq:012d}.parquet", payloads)
    manifest = Manifest(
        stage=STAGE,
        id=name,
        inputs=(),
        outputs=outputs,
        parameters=parameters,
        versions=versions,
        counts=_counts(table),
    )
    return publish(ports.store, manifest, seq, sidecars={"lineage": lineage})


def _counts(table: pd.DataFrame) -> dict[str, int]:
    return {"matches": len(table)} | {str(status): int(n) for status, n in table["status"].value_counts().items()}
