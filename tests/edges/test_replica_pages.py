"""The pages of the replica as time goes by: lists, calendars, matches in play, what is revised."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from asgi_client import Client
from replica_app import Replica
from replica_reading import args, month_rows
from replica_site import Site

AFTER = datetime(2026, 6, 30, tzinfo=UTC)


@pytest.fixture
def replica() -> Replica:
    return Replica(Site(now=AFTER, events=600))


@pytest.fixture
def client(replica: Replica) -> Client:
    return Client(replica)


def test_a_match_in_play(client: Client, replica: Replica) -> None:
    fixture = next(one for one in replica.site.league.fixtures.values() if not one.trait)
    site, seen = replica.site, []
    for minutes in (-1, 20, 75, 140):
        site.now = fixture.kickoff + timedelta(minutes=minutes)
        (row,) = [row for row in month_rows(client, 24533, "202508") if row["id"] == fixture.number]
        page = args(client, fixture.number)
        events = page.get("matchCentreData", {}).get("events", [])
        seen.append((row["status"], row["elapsed"], len(events)))
        assert (row["homeScore"] is None) == (minutes < 0)
    site.now = AFTER
    assert [status for status, *_ in seen] == [1, 3, 3, 6]
    assert seen[1][1] == "20'"
    assert re.fullmatch(r"5\d'", seen[2][1])
    assert 0 == seen[0][2] < seen[1][2] < seen[2][2] < seen[3][2]


def test_lists_of_seasons_and_stages(client: Client) -> None:
    path = "/Regions/22/Tournaments/18"
    text = client.get(f"{path.lower()}/belgium").text
    (season,) = re.findall(rf'<option value="{path}/Seasons/(\d+)/[^"]*"[^>]*>2025/2026</option>', text)
    stages = re.findall(rf'<option value="{path}/Seasons/{season}/Stages/(\d+)/[^"]*"[^>]*>([^<]+)</option>', text)
    assert stages == [
        ("24701", "Pro League"), ("24702", "Championship Play-off"), ("24703", "Relegation Play-off"),
    ]  # fmt: skip
    linked = re.findall(r'<a href="([^"]+)">Fixtures</a>', text)
    assert linked[0].startswith(f"{path}/Seasons/{season}/Stages/24701/Fixtures/")
    old = client.get("/Regions/252/Tournaments/2/Seasons/2458").text
    assert ">2010/2011</option>" in old
    assert "Fixtures" not in old
    years = re.findall(r"<option [^>]*>([^<]+)</option>", client.get("/regions/31/tournaments/95").text)
    assert years == ["2026", "2025"]


def test_months_of_a_calendar_count_from_zero() -> None:
    path = "/Regions/252/Tournaments/2/Seasons/10743/Stages/24533/Show/x"
    texts = [Client(Replica(Site(teams=4, events=300, vain=vain))).get(path).text for vain in (False, True)]
    for text, more in zip(texts, (False, True), strict=True):
        assert "var wsCalendar = { min: (new Date(2025, 7, 16)).toString()," in text
        assert re.search(r"mask: \{2025: \{7: \{16:1, 17:1\}, 9:", text)
        assert ("4: {6:1}" in text) == more


def test_older_seasons_can_be_had_too() -> None:
    replica = Replica(Site(teams=4, events=300, seasons=2))
    text = Client(replica).get("/regions/252/tournaments/2").text
    assert re.findall(r"<option [^>]*>(\d{4}/\d{4})</option>", text) == ["2025/2026", "2024/2025", "2010/2011"]
    assert replica.truth.schedule("E0")["season"].value_counts().to_dict() == {"2025-26": 12, "2024-25": 12}


def test_revisions_move_a_match_and_correct_a_score() -> None:
    replica = Replica(Site(teams=4, now=AFTER, events=300))
    client, site = Client(replica), replica.site
    moved, corrected = site.fixture_of("moved"), site.fixture_of("corrected")
    before = {month: {row["id"] for row in month_rows(client, 24533, month)} for month in ("202602", "202603")}
    wrong = site.game(corrected).score()
    (page,) = [args(client, corrected.number)["matchCentreData"]]
    assert client.post("/_replica/revise", json={"revisions": ["move", "correct"]}).status_code == 200
    after = {month: {row["id"] for row in month_rows(client, 24533, month)} for month in ("202602", "202603")}
    assert before["202602"] - after["202602"] == after["202603"] - before["202603"] == {moved.number}
    assert sum(site.game(corrected).score()) == sum(wrong) + 1
    now = args(client, corrected.number)["matchCentreData"]
    assert page["score"] != now["score"]
    old, new = ({event["id"] for event in found["events"]} for found in (page, now))
    assert old < new
    assert len(new - old) in (1, 2)
