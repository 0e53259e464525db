"""Export: snapshots are named by what is in them, and say apart how they came to be."""

import io
from datetime import timedelta

import pandas as pd
import pyarrow.parquet as pq
import pytest

from scraped import NOW, finished, match, payload, prices, run, simulated, stored, teams_of
from touchline import bootstrap
from touchline.bootstrap import Container
from touchline.domain.vocabulary import MATCH_COLUMNS
from touchline.errors import DataError, NotFound
from touchline.manifest import Manifest, content_id, current, encode, publish, read_object, read_publication
from touchline.settings import Export
from touchline.stages import export
from touchline.work import Event, Result


def scrape(ports: Container, number: int, rows: pd.DataFrame, *, invented: bool = False) -> str:
    """Store rows and publish their sequence number, as the scrape stage does."""
    changes = ports.matches.record(run(number), rows.assign(payload=payload(number)), teams_of(rows))
    parameters, versions = {"simulated": invented, "run": number}, {"scrapes": "1"}
    manifest = Manifest(
        stage="scrapes", id=content_id("scrapes", (), parameters, versions), inputs=(), outputs={},
        parameters=parameters, versions=versions, counts={},
    )  # fmt: skip
    return publish(ports.store, manifest, changes.seq)[0]


def wake(ports: Container, key: str) -> Result:
    return export.run(Event(id="1", kind="object", source="test", time=NOW, key=key), ports, Export())


def manifest_of(ports: Container, result: Result) -> Manifest:
    return read_publication(ports.store, result.publications[0])[1]


def test_the_snapshot_is_the_table(ports: Container) -> None:
    rows = simulated()
    result = wake(ports, scrape(ports, 1, rows))
    assert (result.outcome, result.publications) == ("done", ("raw/published/000000000001.json",))
    assert result.summary == {"seq": 1, "matches": len(rows)}
    matches = manifest_of(ports, result).outputs["matches"]
    found = pd.read_parquet(io.BytesIO(read_object(ports.store, matches)))
    pd.testing.assert_frame_equal(found, stored(rows).drop(columns="payload"))
    assert matches.rows == len(rows)


def test_lineage_stands_beside_the_snapshot(ports: Container) -> None:
    scrape(ports, 1, pd.concat([match(), match("e0-2025-26-bath-york")]))
    result = wake(ports, scrape(ports, 2, match(**prices("b365", 2.0, 3.0, 4.0))))
    publication, manifest = read_publication(ports.store, result.publications[0])
    lineage = publication.sidecars["lineage"]
    assert lineage.key == "raw/lineage/000000000002.parquet"
    found = pd.read_parquet(io.BytesIO(read_object(ports.store, lineage)))
    assert found.to_numpy().tolist() == [["e0-2025-26-bath-york", payload(1)], ["e0-2025-26-leeds-hull", payload(2)]]
    schema = pq.read_schema(io.BytesIO(read_object(ports.store, manifest.outputs["matches"])))
    assert schema.names == [*MATCH_COLUMNS, "available_time"]


def test_the_manifest_counts_and_hashes(ports: Container) -> None:
    rows = pd.concat([match(), match("e0-2025-26-bath-york", **finished(1, 0))])
    manifest = manifest_of(ports, wake(ports, scrape(ports, 1, rows)))
    assert manifest.counts == {"matches": 2, "scheduled": 1, "finished": 1}
    assert (manifest.inputs, manifest.versions, manifest.parameters) == ((), {"raw": "1"}, {"simulated": False})
    assert len(manifest.outputs["matches"].schema) == 64
    assert manifest.outputs["matches"].key == f"raw/{manifest.id}/matches.parquet"


def test_the_same_event_again_changes_nothing(ports: Container) -> None:
    key = scrape(ports, 1, match())
    wake(ports, key)
    before = {info.key: info.etag for info in ports.store.list("raw/")}
    assert wake(ports, key).outcome == "unchanged"
    assert {info.key: info.etag for info in ports.store.list("raw/")} == before


def test_a_correction_that_is_taken_back_is_the_same_snapshot_published_again(ports: Container) -> None:
    results = [
        wake(ports, scrape(ports, number, match(**finished(*score))))
        for number, score in enumerate(((2, 1), (2, 2), (2, 1)), start=1)
    ]
    first, second, third = (manifest_of(ports, result) for result in results)
    assert first == third != second
    assert [result.outcome for result in results] == ["done"] * 3
    assert results[2].publications == ("raw/published/000000000003.json",)


def test_the_way_does_not_show_in_the_snapshot(ports: Container, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = bootstrap.ports({"TOUCHLINE_HOME": str(tmp_path_factory.mktemp("other"))}, clock=ports.clock)
    one, two = match(), match("e0-2025-26-bath-york", **finished(1, 0))
    scrape(ports, 1, one)
    short = wake(other, scrape(other, 1, pd.concat([two, one])))
    long = wake(ports, scrape(ports, 2, two))
    assert manifest_of(ports, long) == manifest_of(other, short)


def test_simulated_sources_are_marked(ports: Container) -> None:
    rows = match()
    invented = manifest_of(ports, wake(ports, scrape(ports, 1, rows, invented=True)))
    assert invented.parameters == {"simulated": True}


def test_an_older_scrape_is_exported_too_and_the_newest_stays_current(ports: Container) -> None:
    old = scrape(ports, 1, match())
    newest = wake(ports, scrape(ports, 2, match(status="postponed")))
    result = wake(ports, old)
    assert (result.outcome, result.publications) == ("done", ("raw/published/000000000001.json",))
    assert current(ports.store, "raw")[1] == manifest_of(ports, newest)


def test_rows_that_came_later_are_not_in_an_earlier_snapshot(ports: Container) -> None:
    key = scrape(ports, 1, match())
    later = match(kickoff=NOW + timedelta(days=2))
    ports.matches.record(run(2), later.assign(payload=payload(2)), {})  # stored, but not published yet
    manifest = manifest_of(ports, wake(ports, key))
    table = pd.read_parquet(io.BytesIO(read_object(ports.store, manifest.outputs["matches"])))
    assert table["kickoff"].tolist() == [NOW + timedelta(days=1)]


def test_a_number_that_the_database_does_not_know_is_not_found(ports: Container) -> None:
    key = scrape(ports, 1, match())
    ahead = key.replace("01.json", "09.json")
    ports.store.create(ahead, ports.store.get(key).replace(b'"seq":1', b'"seq":9'))
    with pytest.raises(NotFound, match="no change number 9"):
        wake(ports, ahead)


def test_a_publication_that_is_none_is_refused(ports: Container) -> None:
    ports.store.create("scrapes/published/000000000001.json", encode({"seq": "one"}))
    with pytest.raises(DataError, match="not a valid Publication"):
        wake(ports, "scrapes/published/000000000001.json")
