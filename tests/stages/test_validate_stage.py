"""The gate after the snapshot: what passes is published, what is refused is kept and reaches nobody."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snapshots import everything, league, publish_raw, publish_snapshot
from touchline import bootstrap
from touchline.bootstrap import Container
from touchline.errors import DataError
from touchline.manifest import current, read_publication
from touchline.settings import Validate
from touchline.stages import validate
from touchline.work import Event, Result


def woken(key: str) -> Event:
    return Event(id="e", kind="object", source="test", time=datetime(2026, 3, 2, tzinfo=UTC), key=key)


def run(ports: Container, key: str, **settings: Any) -> Result:
    return validate.run(woken(key), ports, Validate(**settings))


def spoil_scores(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(home_goals=table["home_goals"].where(table.index != 5))


class TestPassed:
    def test_a_good_snapshot_is_published_as_it_is(self, ports: Container) -> None:
        result = run(ports, publish_raw(ports.store, league(), seq=4))

        assert (result.outcome, result.publications) == ("done", ("validated/published/000000000004.json",))
        assert result.summary["errors"] == 0
        _, raw = current(ports.store, "raw")
        _, manifest = current(ports.store, "validated")
        assert manifest.outputs["matches"] == raw.outputs["matches"]
        assert manifest.parameters == {"min_finished": 100, "simulated": True}

    def test_the_report_tells_what_each_gate_saw(self, ports: Container) -> None:
        run(ports, publish_raw(ports.store, league()))

        _, manifest = current(ports.store, "validated")
        report = msgspec.json.decode(ports.store.get(manifest.outputs["report"].key))
        assert [gate["kind"] for gate in report["gates"]] == ["raw", "finished", "upcoming"]
        assert report["passed"]
        assert "passed" in ports.store.get(manifest.outputs["page"].key).decode()

    def test_the_same_snapshot_again_changes_nothing(self, ports: Container) -> None:
        key = publish_raw(ports.store, league())
        run(ports, key)
        before = everything(ports.store)

        assert run(ports, key).outcome == "unchanged"
        assert everything(ports.store) == before

    def test_a_reverted_correction_is_published_again(self, ports: Container) -> None:
        first = run(ports, publish_raw(ports.store, league(), seq=1))
        again = run(ports, publish_raw(ports.store, league(), seq=2))

        assert again.outcome == "done"
        one, two = (read_publication(ports.store, result.publications[0])[1] for result in (first, again))
        assert one == two

    def test_an_older_snapshot_passes_where_the_newest_is_refused(self, ports: Container) -> None:
        old = publish_raw(ports.store, league(2), seq=1)
        newest = publish_raw(ports.store, spoil_scores(league(3)), seq=2)

        assert run(ports, newest).outcome == "parked"
        assert run(ports, old).publications == ("validated/published/000000000001.json",)

    def test_the_way_to_the_store_does_not_change_the_bytes(self, ports: Container, tmp_path: Path) -> None:
        other = bootstrap.ports({"TOUCHLINE_HOME": str(tmp_path / "other")})
        for place in (ports, other):
            run(place, publish_raw(place.store, league()))
        assert everything(ports.store) == everything(other.store)


class TestRefused:
    @pytest.mark.parametrize("prefix", ["validated/", "quarantine/"])
    def test_a_refused_snapshot_is_kept_apart(self, ports: Container, prefix: str) -> None:
        result = run(ports, publish_raw(ports.store, spoil_scores(league())))

        assert (result.outcome, result.publications) == ("parked", ())
        assert bool(everything(ports.store, prefix)) == (prefix == "quarantine/")

    def test_the_reason_says_what_where_and_what_to_do(self, ports: Container) -> None:
        result = run(ports, publish_raw(ports.store, spoil_scores(league())))

        names = {key.rpartition("/")[2]: key for key in everything(ports.store, "quarantine/validate/")}
        assert set(names) == {"reason.json", "report.html", "report.json"}
        reason = msgspec.json.decode(ports.store.get(names["reason.json"]))
        assert reason["where"].startswith("raw/")
        assert "no score in home_goals (1 row)" in reason["details"][0]
        assert "no score in home_goals" in result.reason
        assert names["report.html"] in result.reason
        assert "refused" in ports.store.get(names["report.html"]).decode()

    def test_refusing_again_leaves_the_same_evidence(self, ports: Container) -> None:
        key = publish_raw(ports.store, spoil_scores(league()))
        first = run(ports, key)
        before = everything(ports.store)

        assert run(ports, key) == first
        assert everything(ports.store) == before

    def test_another_limit_leaves_evidence_of_its_own(self, ports: Container) -> None:
        key = publish_raw(ports.store, spoil_scores(league()))
        run(ports, key)
        run(ports, key, min_finished=100_000)
        assert len(everything(ports.store, "quarantine/validate/")) == 6

    def test_too_few_finished_matches_are_refused(self, ports: Container) -> None:
        key = publish_raw(ports.store, league())

        assert "too few matches" in run(ports, key, min_finished=100_000).reason
        assert run(ports, key).outcome == "done"

    def test_without_its_columns_a_table_gets_one_report(self, ports: Container) -> None:
        result = run(ports, publish_raw(ports.store, league().drop(columns=["status"])))

        assert (result.outcome, result.summary["errors"]) == ("parked", 1)
        assert "missing column in status" in result.reason

    def test_an_empty_table_is_refused(self, ports: Container) -> None:
        result = run(ports, publish_raw(ports.store, league().head(0)))

        assert result.outcome == "parked"
        assert "too few matches" in result.reason

    def test_bytes_that_are_no_table_are_named(self, ports: Container) -> None:
        with pytest.raises(DataError, match=r"raw/.*not a parquet file"):
            run(ports, publish_snapshot(ports.store, b"no parquet at all", 0, 1))

    @settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(row=st.integers(0, 200), spoiled=st.sampled_from(["home_goals", "odds_avg_draw", "home_shots", "home_team"]))
    def test_law_whatever_is_refused_reaches_nobody(
        self, tmp_path_factory: pytest.TempPathFactory, row: int, spoiled: str
    ) -> None:
        place = bootstrap.ports({"TOUCHLINE_HOME": str(tmp_path_factory.mktemp("law"))})
        table = league(2)
        impossible = {"home_goals": -1.0, "odds_avg_draw": 0.5, "home_shots": np.inf}
        table.loc[row, spoiled] = impossible.get(spoiled, table.loc[row, "away_team"])

        result = run(place, publish_raw(place.store, table))

        assert result.outcome == "parked"
        assert not everything(place.store, "validated/")
        assert (
            f"{table.loc[row, 'match_id']}: {spoiled}"
            in b"".join(
                place.store.get(key)
                for key in everything(place.store, "quarantine/validate/")
                if key.endswith("report.json")
            ).decode()
        )
