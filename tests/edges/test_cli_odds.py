"""Prices from the command line, with a server of our own in place of the API; the key goes to it and nowhere else."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from odds_answers import bookmaker, event, h2h, totals
from small_site import Page, Site, serve
from touchline.cli.main import main
from touchline.domain.seasons import season_of
from touchline.telemetry import LOGGER

KEY = "5ecret5ecret5ecret5ecret"
KICKOFF = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=3)
ASKED = f"/v4/sports/soccer_epl/odds/?apiKey={KEY}&regions=eu&markets=h2h,totals&oddsFormat=decimal&dateFormat=iso"
ALDERMOOR = f"e0-{season_of(KICKOFF.date())}-aldermoor-foxglove"
FIXTURES = "competition,kickoff,home_team,away_team\nE0,{},Aldermoor,Foxglove\nE0,{},Honeyfell,Ironmead\n"


def answer(*events: Any, left: int = 498) -> Page:
    return Page(msgspec.json.encode(events), 200, {"x-requests-remaining": str(left), "x-requests-used": "2"})


def quoted(home: str, away: str, moment: datetime | None = None, **values: Any) -> dict[str, Any]:
    moment = moment or datetime.now(UTC)
    return event(home, away, KICKOFF, bookmaker("pinnacle", h2h(home, away, moment), totals(moment)), **values)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Site]:
    """The API, a key for it, and a home with two fixtures."""
    handlers, LOGGER.handlers = LOGGER.handlers, []
    with serve() as served:
        settings = {"HOME": str(tmp_path / "home"), "SCRAPE_THE_ODDS_API_URL": served.url, "SCRAPE_PACE_SECONDS": "0"}
        for name, value in (settings | {"THE_ODDS_API_KEY": KEY, "SCRAPE_ATTEMPTS": "1"}).items():
            monkeypatch.setenv(f"TOUCHLINE_{name}", value)
        file = tmp_path / "fixtures.csv"
        file.write_text(FIXTURES.format(*[f"{KICKOFF:%Y-%m-%dT%H:%M:%SZ}"] * 2))
        assert main(["run", "scrape", "--json", *put(file, tmp_path)]) == 0
        capsys.readouterr()
        yield served
    for handler in LOGGER.handlers:
        handler.close()
    LOGGER.handlers = handlers


def put(file: Path, folder: Path) -> list[str]:
    """Options that let scrape take a file in, without the rest of the chain."""
    from touchline import bootstrap
    from touchline.sources import files

    key = files.incoming_key(file.name, file.read_bytes(), datetime.now(UTC))
    bootstrap.ports({"TOUCHLINE_HOME": str(folder / "home")}).store.create(key, file.read_bytes())
    return ["--key", key]


def odds(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    """What the command says in JSON."""
    assert main(["odds", *arguments, "--no-chain", "--json"]) == code
    return json.loads(capsys.readouterr().out)["odds"]


def files_with(text: str, folder: Path) -> list[str]:
    """Files below a folder that hold a text, packed ones unpacked."""
    import gzip

    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            body = path.read_bytes()
            body = gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
            found += [str(path)] if text.encode() in body else []
    return found


def test_prices_come_and_the_key_stays_nowhere(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site.put(ASKED, answer(quoted("Aldermoor", "Foxglove"), quoted("Honeyfell", "Ironmead")))
    told = odds(capsys)
    assert {name: told[name] for name in ("quotes", "quotes_new", "quoted_matches", "unlinked", "credits_left")} == {
        "quotes": 10, "quotes_new": 10, "quoted_matches": 2, "unlinked": 0, "credits_left": 498,
    }  # fmt: skip
    assert [path for path in site.paths if "robots" not in path] == [ASKED]
    assert files_with("TOUCHLINE_THE_ODDS_API_KEY", tmp_path), "the place of the key is kept, so the search can find it"
    assert files_with(KEY, tmp_path) == []


def test_prices_of_a_match_are_shown_oldest_first(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    moment = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    site.put(ASKED, answer(quoted("Aldermoor", "Foxglove", moment)))
    odds(capsys)
    rows = history(capsys)
    assert {row["quoted_at"] for row in rows} == {moment.isoformat()}
    assert {(row["outcome"], row["price"]) for row in rows} >= {("home", 2.1), ("draw", 3.4), ("away", 3.6)}
    assert main(["odds", "show", ALDERMOOR]) == 0
    shown = capsys.readouterr().out
    assert "home 2.10  draw 3.40  away 3.60" in shown
    assert "totals 2.5" in shown
    assert main(["odds", "show", ALDERMOOR.replace("aldermoor", "nobody")]) == 2
    assert "no such match" in capsys.readouterr().err


def history(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Prices of Aldermoor's match."""
    assert main(["odds", "show", ALDERMOOR, "--json"]) == 0
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return rows


def test_an_unknown_name_is_listed_with_the_command_that_mends_it(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.put(ASKED, answer(quoted("Aldermor", "Foxglove")))
    told = odds(capsys)
    assert (told["unlinked"], told["quotes_new"]) == (1, 0)
    assert told["accept"] == ["touchline teams accept Aldermor Aldermoor --country England"]
    assert main(["odds", "--no-chain"]) == 0
    assert "not linked: E0 Aldermor - Foxglove" in capsys.readouterr().out
    assert main(told["accept"][0].split()[1:]) == 0
    capsys.readouterr()
    assert len(history(capsys)) == 5, "the kept answer was taken in"
    assert len([path for path in site.paths if "robots" not in path]) == 1, "nothing was asked for"


def test_prices_of_a_match_that_is_announced_later_are_taken_in_when_asked_for(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.put(ASKED, answer(quoted("Foxglove", "Aldermoor")))
    assert odds(capsys)["unlinked_events"][0]["why"] == "no such match is stored"
    assert main(["odds", "--no-chain", "--kept"]) == 0
    assert "then `touchline odds --kept`" in capsys.readouterr().out
    later = tmp_path / "later.csv"
    later.write_text(f"competition,kickoff,home_team,away_team\nE0,{KICKOFF:%Y-%m-%dT%H:%M:%SZ},Foxglove,Aldermoor\n")
    assert main(["run", "scrape", "--json", *put(later, tmp_path)]) == 0
    capsys.readouterr()
    again = odds(capsys, "--kept")
    assert (again["unlinked"], again["quotes_new"]) == (0, 5)
    assert len([path for path in site.paths if "robots" not in path]) == 1, "nothing was asked for"


def test_without_a_key_nothing_is_asked_and_another_way_is_named(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TOUCHLINE_THE_ODDS_API_KEY")
    assert main(["odds"]) == 2
    told = capsys.readouterr().err
    assert "TOUCHLINE_THE_ODDS_API_KEY is not set" in told
    assert "football-data" in told
    assert site.paths == []


@pytest.mark.parametrize(("status", "code", "said"), [(401, 2, "does not accept the key"), (500, 3, "answers 500")])
def test_a_refusal_is_told_without_the_key(
    site: Site, tmp_path: Path, status: int, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    body = json.dumps({"message": f"API key {KEY} is not valid", "error_code": "INVALID_KEY"}).encode()
    site.put(ASKED, Page(body, status))
    assert main(["odds", "--no-chain"]) == code
    told = capsys.readouterr()
    assert said in told.err
    assert "kept in" not in told.err, "nothing is"
    assert KEY not in told.err + told.out
    assert files_with(KEY, tmp_path) == [], "not even where the server repeats it"


def test_a_competition_by_name_and_one_that_the_source_lacks(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.put(ASKED, answer())
    assert odds(capsys, "--competition", "England Premier League")["quotes"] == 0
    assert main(["odds", "--competition", "Village Cup"]) == 2
    assert "no competition is called 'Village Cup'" in capsys.readouterr().err
