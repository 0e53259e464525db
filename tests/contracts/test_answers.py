"""What an answer is: walls are told from pages by marks that agree, and everything else by its status and its body."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from touchline.collecting import Answer, Page
from touchline.errors import (
    BlockedError,
    ConfigurationError,
    NotFound,
    PermanentError,
    TouchlineError,
    Unavailable,
)
from touchline.sources.answers import LONGEST_WAIT, judge

URL = "https://www.example.org/tournaments/7/data/?d=202508"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HTML = {"content-type": "text/html; charset=UTF-8", "cf-ray": "8f00aa11bb22cc33-LHR", "server": "cloudflare"}

INCAPSULA = """<html style="height:100%"><head><META NAME="ROBOTS" CONTENT="NOINDEX, NOFOLLOW">
<script type="text/javascript" src="/_Incapsula_Resource?SWJIYLWA=abc"></script></head><body style="margin:0px">
<iframe id="main" src="/_Incapsula_Resource?SWUDNSAI=31&xinfo=1" frameborder=0>Request unsuccessful.
Incapsula incident ID: 100200-300400500</iframe></body></html>"""
CHALLENGE = """<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title></head><body>
<script>window._cf_chl_opt = {cType: 'managed'};</script>
<script src="/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1"></script></body></html>"""
OLD_CHALLENGE = """<html><head><title>Please wait</title></head><body class="no-js"><h1>Checking your browser</h1>
<form id="challenge-form" action="/x?__cf_chl_jschl_tk__=1"><div class="cf-browser-verification"></div></form></body>"""
BAN = """<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head><body>
<h1>Sorry, you have been blocked</h1><p>Cloudflare Ray ID: 8f00aa11bb22cc33</p></body></html>"""
SHELL = """<html><head><script src="/scripts/verify-client.js"></script></head>
<body>The page you requested does not exist</body></html>"""
BAD_GATEWAY = (
    "<html><head><title>example.org | 502: Bad gateway</title></head><body>Ray ID: 8f00aa11bb22cc33</body></html>"
)
INJECTED = "/cdn-cgi/challenge-platform/scripts/jsd/main.js"
ORDINARY = f"""<!DOCTYPE html><html><head><title>Northbridge 2-1 Köln Athletic - Live</title>
<script src="{INJECTED}"></script><script src="/_Incapsula_Resource?SWJIYLWA=719d34d31c8e3a6e6fffd425f7e032f3"></script>
</head><body><p>Ray ID: 8f00aa11bb22cc33</p>
<p>A visitor wrote: just a moment ago it said that you have been blocked, 502: how odd</p></body></html>"""


def page(wants: str = "document", **changes) -> Page:
    return Page(**{"source": "whoscored", "endpoint": "any", "name": "any", "url": URL, "wants": wants, **changes})


def answer(body: str | bytes, status: int = 200, headers: dict[str, str] = HTML, url: str = URL) -> Answer:
    return Answer(url=url, status=status, body=body.encode() if isinstance(body, str) else body, headers=headers)


def blocked(given: Answer, wants: str = "document") -> BlockedError:
    with pytest.raises(BlockedError) as caught:
        judge(page(wants), given)
    return caught.value


class TestWalls:
    @pytest.mark.parametrize("wants", ["document", "json", "file"])
    @pytest.mark.parametrize(
        ("body", "status", "kind"),
        [
            (INCAPSULA, 200, "incapsula"),
            ("<p>Request unsuccessful. Incapsula incident ID: 1-2", 200, "incapsula"),
            ('<iframe id=main src="/_Incapsula_Resource?x=1"></iframe>', 200, "incapsula"),
            (CHALLENGE, 403, "cloudflare_challenge"),
            (CHALLENGE, 429, "cloudflare_challenge"),
            (CHALLENGE, 503, "cloudflare_challenge"),
            (CHALLENGE, 200, "cloudflare_challenge"),
            (OLD_CHALLENGE, 503, "cloudflare_challenge"),
            (OLD_CHALLENGE, 200, "cloudflare_challenge"),
            (BAN, 403, "cloudflare_ban"),
            (BAN, 200, "cloudflare_ban"),
            (SHELL, 200, "verify_client"),
            (SHELL, 404, "verify_client"),
            ("<p>no", 403, "forbidden"),
            ("no", 401, "forbidden"),
            ("", 451, "forbidden"),
            ("slow down", 429, "rate_limited"),
        ],
    )
    def test_each_is_known_whatever_was_wanted(self, body, status, kind, wants):
        error = blocked(answer(body, status), wants)
        assert (error.kind, error.where) == (kind, URL)
        assert f"status {status}" in error.what

    def test_a_server_that_says_it_challenges_is_believed(self):
        told = {**HTML, "cf-mitigated": "challenge"}
        assert blocked(answer("<html>anything</html>", 403, told)).kind == "cloudflare_challenge"

    def test_a_feed_that_is_led_to_the_shell_is_a_wall_too(self):
        led = answer(SHELL, url="https://www.example.org/404.html?aspxerrorpath=/statisticsfeed/1/x")
        assert blocked(led, "json").kind == "verify_client"

    def test_it_is_said_what_else_there_is(self):
        assert "football-data" in blocked(answer(BAN, 403)).hint
        with pytest.raises(BlockedError) as caught:
            judge(page(source="another"), answer(BAN, 403))
        assert "cool-down" in caught.value.hint
        assert "football-data" not in caught.value.hint

    @given(st.sampled_from([INCAPSULA, CHALLENGE, OLD_CHALLENGE, BAN, SHELL]), st.text(max_size=40), st.booleans())
    def test_letter_case_and_what_stands_around_do_not_hide_it(self, wall, more, loud):
        body = f"\ufeff\n{wall.upper() if loud else wall}<!-- {more} -->"
        assert blocked(answer(body)).kind


class TestOrdinaryPages:
    @pytest.mark.parametrize(
        "body",
        [
            ORDINARY,
            "<title>Just a moment...</title><p>a page of that name",
            f'<title>News</title><script src="{INJECTED}"></script>',
            '<title>News</title><script src="/cdn-cgi/challenge-platform/h/g/scripts/jsd/abc/main.js"></script>',
            "<title>What to do</title><p>Sorry, you have been blocked: what it means",
            "<title>Incapsula</title><p>How to read an Incapsula incident ID",
            "<title>Lost</title><p>The page you requested does not exist",
            '<title>Live</title><script src="/scripts/verify-client.js"></script>',
        ],
    )
    def test_one_mark_proves_nothing(self, body):
        judge(page(), answer(body))

    @pytest.mark.parametrize("body", [ORDINARY, "<title>Maintenance</title><p>Please stand by"])
    def test_a_real_outage_of_a_site_behind_cloudflare_is_no_wall(self, body):
        with pytest.raises(Unavailable) as caught:
            judge(page(), answer(body, 503))
        assert not isinstance(caught.value, BlockedError)

    def test_words_of_a_wall_within_data_are_data(self):
        said = json.dumps({"text": [CHALLENGE, BAN, INCAPSULA, SHELL]})
        judge(page("json"), answer(said))
        judge(page("file"), answer(f"Date,Note\n1,{BAN!r}"))

    def test_words_of_a_wall_in_a_long_page_are_its_words(self):
        judge(page(), answer(f"<title>Live</title>{'<p>x' * 100_000}{BAN}{SHELL}"))

    @given(st.text(), st.text(), st.sampled_from(["document", "file"]))
    @example("Just a moment...", "Ray ID: 1", "document")
    def test_text_never_makes_a_wall_of_a_page(self, title, text, wants):
        """Written as text is written in HTML."""
        told = [part.replace("&", "&amp;").replace("<", "&lt;") for part in (title, text)]
        judge(page(wants), answer(f"<html><title>{told[0]}</title><p>Ray ID: 1{told[1]}</p></html>"))


class TestOtherAnswers:
    @pytest.mark.parametrize("status", [404, 410])
    def test_no_such_page(self, status):
        with pytest.raises(NotFound):
            judge(page(optional=True), answer("<p>gone", status))

    def test_led_to_the_page_of_errors(self):
        with pytest.raises(NotFound):
            judge(page(), answer("<p>gone", 200, url="https://example.org/404.html?aspxerrorpath=/Matches/1/Live"))
        judge(page(), answer("<p>here", 200, url="https://example.org/404.html"))

    @pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504, 520, 522, 599])
    def test_not_now(self, status):
        with pytest.raises(Unavailable) as caught:
            judge(page(), answer("<p>wait", status))
        assert not isinstance(caught.value, BlockedError)

    def test_the_site_behind_is_down(self):
        with pytest.raises(Unavailable, match="502: bad gateway") as caught:
            judge(page(), answer(BAD_GATEWAY))
        assert not isinstance(caught.value, BlockedError)

    @pytest.mark.parametrize("status", [400, 405, 414, 422, 304])
    def test_asking_again_helps_nothing(self, status):
        with pytest.raises(PermanentError) as caught:
            judge(page(), answer("<p>what?", status))
        assert not isinstance(caught.value, NotFound)

    @pytest.mark.parametrize("status", [401, 403])
    @pytest.mark.parametrize(
        "where", [{"headers": (("X-Auth-Token", "{A_KEY}"),)}, {"url": "https://api.example.org/v4?apiKey={A_KEY}"}]
    )
    def test_a_key_that_is_not_accepted_is_no_wall(self, status, where):
        with pytest.raises(ConfigurationError, match=str(status)):
            judge(page("json", **where), answer('{"message": "no"}', status, {"content-type": "application/json"}))

    def test_a_country_that_is_shut_out_has_a_wall_whatever_the_key(self):
        with pytest.raises(BlockedError, match="451"):
            judge(page(headers=(("X-Auth-Token", "{A_KEY}"),)), answer("no", 451))

    @pytest.mark.parametrize("body", ["", " \r\n"])
    def test_nothing_in_it(self, body):
        with pytest.raises(Unavailable, match="empty"):
            judge(page("file"), answer(body))


class TestJson:
    @pytest.mark.parametrize("kind", ["application/json", "text/html", "text/plain", ""])
    def test_its_label_does_not_matter(self, kind):
        judge(page("json"), answer('{"a": "x<y & Köln"}', headers={"content-type": kind}))

    @pytest.mark.parametrize("body", ['{"a": "x<', "<html><body><pre>{}</pre></body>", "Fixtures off", b"\xff{}"])
    def test_what_is_none_is_no_answer(self, body):
        with pytest.raises(Unavailable, match=r"text/html"):
            judge(page("json"), answer(body))

    @given(st.recursive(st.none() | st.text() | st.integers(), st.lists, max_leaves=5), st.data())
    def test_each_piece_of_a_list_is_told_from_the_whole(self, value, data):
        whole = json.dumps([value, "end"]).encode()
        judge(page("json"), answer(whole))
        piece = whole[: data.draw(st.integers(0, len(whole) - 1))]
        with pytest.raises(Unavailable):
            judge(page("json"), answer(piece))

    def test_one_that_is_nested_too_deeply_is_none(self):
        with pytest.raises(Unavailable):
            judge(page("json"), answer("[" * 100_000))


class TestPatience:
    @pytest.mark.parametrize(
        ("after", "date", "seconds"),
        [
            ("0", "", 0), ("7", "", 7), ("60", "", 60),
            (NOW + timedelta(seconds=30), NOW, 30), (NOW, NOW, 0), (NOW, NOW + timedelta(1), 0),
        ],
    )  # fmt: skip
    def test_a_short_rest_is_told(self, after, date, seconds):
        error = self.too_many(after, date)
        assert (type(error), error.retry_after) == (Unavailable, seconds)

    @pytest.mark.parametrize(
        ("after", "date", "seconds"),
        [
            ("", "", 0), ("soon", "", 0), ("-3", "", 0), ("٣", "", 0), ("1.5", "", 0), ("61", "", 61),
            ("9" * 400, "", 7 * 86_400),
            (NOW + timedelta(hours=1), NOW, 3600), (NOW + timedelta(seconds=30), "", 0), (NOW, "yesterday", 0),
        ],
    )  # fmt: skip
    def test_a_long_or_unknown_one_is_a_wall(self, after, date, seconds):
        error = self.too_many(after, date)
        assert isinstance(error, BlockedError)
        assert (error.kind, error.retry_after) == ("rate_limited", seconds)

    def test_a_busy_server_may_say_when(self):
        with pytest.raises(Unavailable) as caught:
            judge(page(), answer("<p>busy", 503, {"retry-after": "120"}))
        assert caught.value.retry_after == 120 > LONGEST_WAIT

    def too_many(self, *moments: str | datetime) -> Unavailable:
        after, date = (format_datetime(when, usegmt=True) if isinstance(when, datetime) else when for when in moments)
        with pytest.raises(Unavailable) as caught:
            judge(page(), answer("<p>no", 429, {"retry-after": after, "date": date}))
        return caught.value


PIECES = [
    INCAPSULA, CHALLENGE, BAN, SHELL, ORDINARY, "<title>", "</title>", "<", "{", "[", "null", "\ufeff", "\x00",
    "just a moment",
]  # fmt: skip


@given(
    st.lists(st.sampled_from(PIECES) | st.text(max_size=10), max_size=4).map("".join) | st.binary(max_size=50),
    st.integers(100, 999),
    st.dictionaries(st.sampled_from(["retry-after", "date", "cf-mitigated", "content-type"]), st.text(max_size=20)),
    st.sampled_from(["document", "json", "file"]),
    st.text(max_size=30),
)
def test_no_answer_makes_it_stumble(body, status, headers, wants, url):
    body = body if isinstance(body, bytes) else body.encode("utf-8", "replace")
    said = "fine"
    try:
        judge(page(wants), answer(body, status, headers, url))
    except TouchlineError as error:
        said = error.what if error.where == URL else ""
    assert said
