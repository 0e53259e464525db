"""The track record as it is shown: chosen lines, simulated apart from live, older views, CSV and JSON."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

import served
import tracked
from asgi_client import Client
from asking import client_of, problem
from touchline.bootstrap import Container
from touchline.domain.track import PUBLIC, Track
from touchline.domain.views import POINTER, ViewsPointer
from touchline.manifest import Manifest, Ref, encode, write_object
from touchline.web.routes_track import Shown
from touchline.web.track_sheet import TrackFilter

TRACK = tracked.track()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Client:
    return client_of(shown(tmp_path_factory.mktemp("track"), TRACK))


@pytest.fixture
def showing(tmp_path: Path) -> Callable[[Track], Client]:
    return lambda track: client_of(shown(tmp_path, track))


def shown(home: Path, track: Track | None) -> Container:
    """A service that has views, and this track record among them."""
    ports = served.container(home)
    outputs: dict[str, Ref] = {}
    if track is not None:
        outputs = {"track": write_object(ports.store, "views/t/track.json", encode(track))}
    manifest = Manifest(stage="views", id="t", inputs=(), outputs=outputs, parameters={}, versions={}, counts={})
    ref = write_object(ports.store, "views/t/manifest.json", encode(manifest))
    ports.store.create(POINTER, encode(ViewsPointer(seq=1, manifest=ref.key, sha256=ref.sha256)))
    return ports


def page(client: Client, **query: str) -> str:
    answer = client.get("/track-record", params=query)
    assert answer.status_code == 200
    return str(answer.text)


def test_the_first_look_is_at_what_was_public(client: Client) -> None:
    text = page(client)
    assert "<h1>Track record</h1>" in text
    assert "480 forecasts settled, 2 Aug 2025 to" in text
    assert "Live: sealed before kick-off" in text
    assert "not a track record" not in text
    assert '<option value="champion" selected>Champion of that time</option>' in text
    assert "the match was abandoned" in text
    assert len(re.findall(r'class="plot"', text)) == 3
    assert 'class="band"' in text


def test_lines_are_chosen_by_model_competition_and_season(client: Client) -> None:
    text = page(client, model="m1", competition="E0", season="2025-26")
    n = next(
        one.n for one in TRACK.entries if (one.model_version, one.competition, one.season) == ("m1", "E0", "2025-26")
    )
    assert f"{n} forecasts settled" in text
    assert '<option value="m1" selected>m1</option>' in text
    assert "Of all seasons or competitions" in text, "figures of so few matches are those of more"
    assert "Of all seasons or competitions" not in page(client, model="m1", competition="E0")
    assert "the match was abandoned" in text


def test_few_matches_are_marked(showing: Callable[[Track], Client]) -> None:
    text = page(showing(tracked.track(n=60)))
    assert "Too few matches or match days (60)" in text


def test_what_is_not_known_is_said_and_passed_over(client: Client) -> None:
    text = page(client, model="m9", competition="e0", season="<b>")
    assert re.findall(r'class="wrong">([^<]*)<', text) == [
        "Not known, so ignored: Model.", "Not known, so ignored: Competition.", "Not known, so ignored: Season.",
    ]  # fmt: skip
    assert "480 forecasts settled" in text


def test_a_simulated_record_never_looks_like_the_track_record(showing: Callable[[Track], Client]) -> None:
    text = page(showing(tracked.track(mode="simulated", n=60)))
    assert "<h1>Simulated record</h1>" in text
    assert "This is not a track record." in text
    assert "Live: sealed" not in text


def test_views_that_are_older_than_the_record_say_so(tmp_path: Path) -> None:
    client = client_of(shown(tmp_path, None))
    text = page(client)
    assert "No track record is published yet." in text
    assert "made anew by the next run" in text
    told = client.get("/track-record.json").json()
    assert (told["entries"], told["mode"]) == ([], "simulated")
    assert "nothing is settled yet" in told["reason"]
    assert client.get("/track-record.csv").text.count("\n") == 1


def test_one_match_and_one_day_can_be_shown(showing: Callable[[Track], Client]) -> None:
    text = page(showing(tracked.track(n=4)), model="m1", competition="E0")
    assert "2 forecasts settled" in text
    assert 'aria-labelledby="curve"' in text


def test_nothing_settled_but_void_is_told(showing: Callable[[Track], Client]) -> None:
    text = page(showing(Track(seq=1, mode="live", reason="nothing", voided=TRACK.voided, voids=TRACK.voids)))
    assert "Nothing of this is settled yet." in text
    assert "the match was abandoned" in text


def test_the_sheet_has_a_line_for_each_entry(client: Client) -> None:
    answer = client.get("/track-record.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == len(TRACK.entries)
    for row, one in zip(rows, TRACK.entries, strict=True):
        assert (row["mode"], row["model_version"], row["competition"]) == ("live", one.model_version, one.competition)
        assert int(row["n"]) == one.n
        assert float(row["log_loss"]) == one.log_loss.value
        closing = next(each for each in one.against if each.rival == "closing")
        assert float(row["closing_log_loss"]) == closing.log_loss.value
        assert one.returns is not None
        assert float(row["stakes_returned"]) == one.returns.returned
    again = client.get("/track-record.csv", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/track-record.json", "/track-record.csv"])
def test_a_line_that_is_not_there_is_not_found_and_what_is_wrong_is_refused(client: Client, path: str) -> None:
    told = problem(client.get(path, params={"competition": "XX"}), 404)
    assert told["hint"] == "known are: D1, E0"
    assert problem(client.get(path, params={"leage": "E0"}), 422)["errors"][0]["field"] == "leage"


@pytest.mark.parametrize("media", ["text/csv", "application/json"])
def test_an_answer_that_anybody_may_ask_for_is_made_once(media: str) -> None:
    shown = Shown(TRACK)
    whole, _ = shown.told(media, TrackFilter(), "")
    assert shown.told(media, TrackFilter(), "")[0] is whole
    assert shown.told(media, TrackFilter(model="m1"), "")[0] != whole
    assert (shown.told(media, TrackFilter(), "away")[0] == whole) == (media == "text/csv"), "JSON says what is wrong"


def test_json_is_the_published_record_narrowed(client: Client) -> None:
    whole = client.get("/track-record.json").json()
    degraded = whole.pop("degraded")
    assert (degraded, msgspec.convert(whole, Track)) == ("", TRACK)
    part = client.get("/track-record.json", params={"model": PUBLIC, "season": "2024-25"}).json()
    assert {(one["model_version"], one["season"]) for one in part["entries"]} == {(PUBLIC, "2024-25")}
    assert part["voids"] == []


def test_a_record_that_cannot_be_read_fails_and_a_later_one_is_taken(tmp_path: Path) -> None:
    ports = shown(tmp_path, TRACK)
    info = ports.store.stat("views/t/track.json")
    assert info is not None
    ports.store.swap("views/t/track.json", b"{}", info.etag)
    client = client_of(ports)
    assert client.get("/track-record.json").status_code == 503
    assert client.get("/track-record").status_code == 503


def test_a_page_says_that_something_newer_cannot_be_read(tmp_path: Path) -> None:
    ports = shown(tmp_path, TRACK)
    client = client_of(ports)
    assert "could not be read" not in page(client)
    info = ports.store.stat(POINTER)
    assert info is not None
    ports.store.swap(POINTER, b"{}", info.etag)
    assert "war nicht lesbar" in page(client, lang="de")
    assert "Something newer could not be read" in page(client, season="2024-25")
