"""The pages as HTML: what they say in every state and language, what they keep, what they refuse; no browser needed."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import page_state
import served
from asgi_client import Client
from asking import ASSETS, client_of, listed
from keyring import Keyring
from served import container
from touchline.bootstrap import Container
from touchline.domain.routing import Route
from touchline.domain.views import POINTER
from touchline.stages.predict_board import read_board
from touchline.web import words
from touchline.web.look import look_at
from touchline.web.plots import nice_ticks
from touchline.web.view_match import match_view
from touchline.web.view_models import models_view
from touchline.web.view_parts import percents

PAGES = ("/", "/what-if", "/leaderboard", "/track-record", "/models", "/drift", "/chain", "/docs")
VOID = frozenset({"meta", "link", "input", "br", "path", "rect", "circle", "line", "polyline", "hr", "img"})


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Container:
    ports = container(tmp_path_factory.mktemp("full"))
    page_state.full(ports)
    return ports


@pytest.fixture(scope="module")
def client(filled: Container) -> Client:
    return client_of(filled)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Client:
    return client_of(container(tmp_path_factory.mktemp("empty")))


@pytest.fixture(scope="module")
def match(client: Client) -> str:
    return f"/match/{listed(client)[0]['match_id']}"


class Tags(HTMLParser):
    """Finds elements that are not closed in the order in which they were opened."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")


def page(client: Client, path: str, /, **query: str) -> str:
    answer = client.get(path, **({"params": query} if query else {}))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return str(answer.text)


@pytest.mark.parametrize("language", list(words.CATALOGUES))
@pytest.mark.parametrize("path", [*PAGES, "match"])
def test_every_page_is_whole_in_every_language(client: Client, match: str, path: str, language: str) -> None:
    text = page(client, match if path == "match" else path, lang=language)
    assert f'<html lang="{language}">' in text
    tags = Tags(text)
    assert (tags.faults, tags.open) == ([], [])
    assert len(re.findall("<h1", text)) == 1
    assert " style=" not in text
    assert re.findall(r"<script[^>]*>", text) == ['<script src="/static/page.js" defer>']


def test_how_to_ask_is_told_in_the_language_of_who_reads(client: Client) -> None:
    told = page(client, "/docs", lang="de")
    assert "<h1>Wie man fragt</h1>" in told
    assert '<th scope="col">Bedeutung</th>' in told
    assert "How to ask" not in told


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_what_to_do_where_nothing_is_known(empty: Client, path: str) -> None:
    text = page(empty, path)
    assert path == "/docs" or re.search(r'<p class="why">[^<]+</p>\s*<p>[^<]{20,}</p>', text)


def test_a_match_that_is_not_there_is_not_found(client: Client, empty: Client, match: str) -> None:
    answer = client.get(f"{match}x")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert f'href="{match}"' in answer.text, "what looks like it is offered"
    assert empty.get("/match/x").status_code == 503


# Words


def test_all_languages_say_all_things_with_the_same_places() -> None:
    def places(text: str) -> list[str]:
        return sorted(re.findall(r"{(\w*)}", text))

    english = words.CATALOGUES["en"]
    for language, catalogue in words.CATALOGUES.items():
        assert catalogue.keys() == english.keys(), language
        assert [key for key in english if places(catalogue[key]) != places(english[key])] == []


def test_every_word_is_used_and_every_used_word_is_there() -> None:
    web = Path(words.__file__).parent
    sources = [
        *(path for path in web.glob("*.py") if not path.name.startswith("words_")),
        *(ASSETS / "templates").glob("*.html"),
    ]
    text = "\n".join(path.read_text() for path in sources)
    asked = set(re.findall(r"""\b(?:t|words)\(\s*["']([\w .]+)["'][,)\s]""", text))
    assert {key for key in asked if not key.endswith(".")} - words.CATALOGUES["en"].keys() == set()
    made = (
        "slice.", "route.", "group.", "uses.", "limit.", "forecaster.", "letter.", "form.", "chain.",
        "function.", "health.", "drift.forecast_",
    )  # fmt: skip
    quoted = set(re.findall(r"""["']([\w .]+)["']""", text))
    counted = {f"{key}.{number}" for key in quoted for number in ("one", "other")}
    unused = {key for key in words.CATALOGUES["en"] if key not in quoted | counted and not key.startswith(made)}
    drawn = {f"{key}.{part}" for key in ("odds", "history") for part in ("title", "about")}
    assert unused - drawn - {"ago.days", "ago.hours", "ago.minutes"} == set()


def test_the_language_follows_the_browser_and_the_address_has_the_last_word(client: Client) -> None:
    german = client.get("/", headers={"accept-language": "fr;q=0.9, de-AT"})
    assert '<html lang="de">' in german.text
    assert "20 kommende Spiele" in german.text
    assert german.headers["vary"] == "accept-language"
    assert '<html lang="en">' in client.get("/", params={"lang": "en"}, headers={"accept-language": "de"}).text
    assert '<html lang="en">' in page(client, "/", lang="tlh")
    assert 'href="/chain?lang=de"' in page(client, "/", lang="de"), "links keep the language"


# Time


def test_times_are_those_of_the_zone_and_links_keep_it(client: Client) -> None:
    first = listed(client)[0]
    moment = datetime.fromisoformat(first["kickoff"]).astimezone(UTC)
    assert f'datetime="{moment.isoformat()}">{moment:%H:%M}' in page(client, "/")
    there = page(client, "/", tz="Asia/Tokyo")
    assert f">{(moment.hour + 9) % 24:02d}:{moment:%M}</time>" in there
    assert 'href="/models?tz=Asia%2FTokyo"' in there
    assert "<option selected>Asia/Tokyo</option>" in there


def test_a_match_late_in_the_day_is_on_the_next_day_further_east(client: Client) -> None:
    first = listed(client)[0]
    assert first["kickoff"][11:13] == "20"
    assert "Tuesday 3 March 2026" in page(client, "/", tz="Asia/Tokyo")
    assert "Tuesday 3 March 2026" not in page(client, "/")
    found = page(client, "/", tz="Asia/Tokyo", **{"from": "2026-03-03", "to": "2026-03-03"})
    assert "1 coming match<" in found


@pytest.mark.parametrize("zone", ["Nowhere/Land", "../../etc/passwd", "/etc/passwd", "\x00", "x" * 300, "Europe"])
def test_a_zone_that_nobody_knows_is_utc(client: Client, zone: str) -> None:
    assert "Times are UTC." in page(client, "/", tz=zone)


# Choosing matches


def test_filters_choose_and_say_so(client: Client) -> None:
    matches = listed(client)
    team = matches[0]["home_team"]
    part = page(client, "/", team=team[:5].upper())
    assert f'id="{matches[0]["match_id"]}"' in part
    assert f'value="{team[:5].upper()}"' in part
    likely = [match for match in matches if max(match["probabilities"].values()) >= 0.5]
    assert f"{len(likely)} coming match" in page(client, "/", min="50")
    assert "20 coming matches" in page(client, "/", competition="sim1")
    day = matches[-1]["kickoff"][:10]
    chosen = [match for match in matches if match["kickoff"][:10] >= day]
    found = page(client, "/", **{"from": day})
    assert [match["match_id"] for match in matches if f'id="{match["match_id"]}"' in found] == [
        match["match_id"] for match in chosen
    ]


def test_what_finds_nothing_offers_what_would(client: Client) -> None:
    team = listed(client)[0]["home_team"]
    text = page(client, "/", team=f"{team[:-1]}xx")
    assert "No coming match fits." in text
    assert f">{team}</a>" in text
    assert "No coming match fits." in page(client, "/", competition="E0", team="?")


def test_what_cannot_be_understood_is_left_out_and_told(client: Client) -> None:
    text = page(client, "/", **{"from": "tomorrow", "min": "-3", "page": "99"})
    assert "20 coming matches" in text
    assert text.count('<p class="wrong">') == 2
    assert "“min”" in text


def test_very_many_matches_come_in_pages(tmp_path: Path) -> None:
    ports = container(tmp_path)
    page_state.many(ports)
    many, path, seen = client_of(ports), "/", []
    while path:
        text = page(many, path)
        size = len(text.encode()) + sum(file.stat().st_size for file in (ASSETS / "static").iterdir())
        assert size <= 200_000
        seen += re.findall(r'<h4 id="([^"]+)"', text)
        following = re.search(r'<a href="([^"]+)" rel="next"', text)
        path = following[1].replace("&amp;", "&") if following else ""
    assert sorted(seen) == sorted(f"many-{number}" for number in range(500))


# Text from outside


def test_names_are_text_wherever_they_stand(tmp_path: Path) -> None:
    ports = container(tmp_path)
    page_state.hostile(ports)
    hostile = client_of(ports)
    one = f"/match/{listed(hostile)[0]['match_id']}"
    for path in ("/", one, "/?" + urlencode({"team": page_state.HOSTILE, "competition": '"><b>'}),
                 "/what-if?" + urlencode({"home_team": page_state.HOSTILE, "away_team": "<i>", "date": "'>"}),
                 "/chain?" + urlencode({"said": "<b>", "x": '"><b>'}), "/?path=x", "/?self=x"):  # fmt: skip
        text = page(hostile, path)
        assert Tags(text).faults == [], path
        for name in ("<script>alert", "<i>", '<b>"'):
            assert name not in text.replace('<i class="', "")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page(hostile, one)


def test_errors_of_others_are_text_too(client: Client) -> None:
    text = page(client, "/chain")
    assert "the &lt;database&gt; does not answer" in text
    assert "1 behind" in text


def test_the_lines_of_a_forecast_are_those_of_one_model(filled: Container, match: str) -> None:
    view = match_view(look_at(match, {}, "", served.NOW), read_board(filled), match.removeprefix("/match/"))
    assert view.history
    assert [row[1] for row in view.history.rows] == ["m1", "challenger", "m1", "m1"]
    drawn = re.findall(r'<polyline points="([^"]*)"', view.history.svg)
    assert [len(line.split()) for line in drawn] == [3, 3, 3]


# Questions


def test_what_if_answers_and_says_what_is_wrong(client: Client) -> None:
    first = listed(client)[0]
    asked = {"home_team": first["home_team"], "away_team": first["away_team"], "date": first["kickoff"][:10]}
    text = page(client, "/what-if", **asked)
    assert f'<h2 id="answer">{first["home_team"]} – {first["away_team"]}</h2>' in text
    assert "neutral ground" in page(client, "/what-if", **asked, neutral="1").lower()
    known = f'<option value="{first["home_team"]}">'
    assert known in page(client, "/what-if", competition=first["competition"].lower()), "as the answer understands it"
    wrong = page(client, "/what-if", **{**asked, "home_team": first["home_team"][:-1]})
    assert 'aria-invalid="true" aria-describedby="fault"' in wrong
    assert f">{first['home_team']}</a>" in wrong, "a name that looks like it is offered"
    for date in ("2026-02-30", "2020-01-01"):
        assert 'id="fault"' in page(client, "/what-if", **{**asked, "date": date})


def test_a_letter_is_delivered_again_for_admins_only(tmp_path: Path) -> None:
    ports = container(tmp_path)
    served.public(ports)
    letter = page_state.letter(ports.store, "validate", served.NOW)
    ring = Keyring(ports.store)
    admin, reader = ring.add("admin"), ring.add("read")
    client = client_of(ports)

    def ask(**form: str) -> str:
        answer = client.post("/chain?lang=de", content=urlencode(form), headers={
            "content-type": "application/x-www-form-urlencoded"})  # fmt: skip
        assert answer.status_code == 303
        return page(client, answer.headers["location"])

    for key in ("", "wrong", reader):
        assert "Dieser Schlüssel erlaubt das nicht." in ask(letter=letter, key=key)
    assert "Bitte wählen" in ask(letter="f" * 32, key=admin)
    assert "Beim nächsten Durchgang" in ask(letter=letter, key=admin)
    assert "neu angefordert" in page(client, "/chain", lang="de", again="1")


def a_route(mode: str) -> Route:
    return Route(mode, 0.0 if mode == "shadow" else 0.25, "salt", ("SIM1",))  # type: ignore[arg-type]


@pytest.mark.parametrize("language", list(words.CATALOGUES))
@pytest.mark.parametrize("mode", ["shadow", "canary", "ab"])
def test_a_route_is_told_in_words(filled: Container, mode: str, language: str) -> None:
    look = look_at("/models", {"lang": language}, "", served.NOW)
    champion = read_board(filled).serving
    routed = replace(champion, route=a_route(mode), challenger=replace(champion, version="m2"))
    told = models_view(look, filled.store, routed).route
    assert "m2" in told
    assert "Simulated League" in told
    assert ("25" in told) == (mode != "shadow")
    assert models_view(look, filled.store, champion).route == ""


TEXTS = st.one_of(
    st.text(max_size=30), st.sampled_from(["2026-03-02", "0001-01-01", "9999-12-31", "1", "99999999999", "-1", "SIM1"])
)
FIELDS = ("from", "to", "competition", "team", "min", "page", "lang", "tz", "home_team", "away_team", "date", "neutral",
          "path", "self")  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["/", "/what-if", "/chain", "/models"]), st.dictionaries(st.sampled_from(FIELDS), TEXTS))
def test_whatever_is_asked_a_page_is_the_answer(client: Client, path: str, asked: dict[str, str]) -> None:
    text = page(client, path, **asked)
    assert Tags(text).faults == []


@settings(max_examples=100)
@given(st.lists(st.floats(0.001, 1), min_size=3, max_size=3))
def test_whole_percents_sum_to_a_hundred(weights: list[float]) -> None:
    values = [weight / sum(weights) for weight in weights]
    shown = percents(values)
    assert sum(shown) == 100
    assert all(abs(whole - 100 * value) < 1 for whole, value in zip(shown, values, strict=True))


@given(st.floats(-1e4, 1e4), st.just(0.0) | st.floats(1e-3, 1e4))
def test_ticks_are_few_and_hold_all_values(low: float, span: float) -> None:
    ticks = nice_ticks(low, low + span)
    assert 2 <= len(ticks) <= 8
    assert ticks[0] <= low + 1e-6
    assert ticks[-1] >= low + span - 1e-6
    assert len(set(ticks)) == len(ticks)


def test_drift_tells_effects_forecasts_and_the_health_of_models(client: Client) -> None:
    told = client.get("/drift").text
    assert "How far it moved" in told
    assert "Chance of a home win" in told
    assert "Model 1, SIM1: too sure of itself." in told
    assert "nothing settled" in told
    german = client.get("/drift?lang=de").text
    assert "Modell 1, SIM1: zu sicher." in german


def test_drift_is_told_where_the_health_of_models_cannot_be_read(tmp_path: Path) -> None:
    ports = container(tmp_path)
    page_state.full(ports)
    info = ports.store.stat(POINTER)
    assert info is not None
    ports.store.swap(POINTER, b"{}", info.etag)
    told = page(client_of(ports), "/drift")
    assert "How far it moved" in told
    assert "Something newer could not be read" in told
