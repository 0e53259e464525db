"""A refusal is of use only if somebody can read it: one page for people, the same as data for programs."""

from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.domain.gate_report import CHECKS, GateFailure, GateReport, as_data, as_html

FAILURE = GateFailure("no score", "home_goals", 1234, ("e0-2024-25-a-b: home_goals = nan",))
WARNING = GateFailure("season shrank", "season", 1, ("E0 2019-20: 200 matches after 380",))


def report(*failures: GateFailure) -> GateReport:
    passed = not any(failure.severity == "error" for failure in failures)
    return GateReport("finished", passed, 5000, failures, {"home": 0.45, "missing": {"home_shots": 0.5, "fouls": 0.1}})


class Reader(HTMLParser):
    """Text of a page, and the tags that were opened and closed."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.open: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    assert reader.open == [], "every tag is closed"
    return reader


def test_the_page_says_what_failed_where_and_what_to_do() -> None:
    text = " ".join(read(as_html([report(WARNING, FAILURE)], "Snapshot abc")).text)
    for told in ("Snapshot abc", "refused", "no score", "home_goals", "1,234", FAILURE.examples[0], FAILURE.advice):
        assert told in text
    assert text.index("no score") < text.index("season shrank"), "errors come first"


def test_a_page_without_failures_says_so() -> None:
    text = " ".join(read(as_html([report()], "Snapshot abc")).text)
    assert "Nothing to report." in text
    assert "passed" in text
    assert "home_shots: 0.5, fouls: 0.1" in text


def test_one_refusal_refuses_all() -> None:
    assert '<span class="refused">' in as_html([report(), report(FAILURE)], "t")
    assert not as_data([report(), report(FAILURE)])["passed"]


def test_the_page_stands_alone() -> None:
    page = as_html([report(FAILURE)], "t")
    assert not read(page).tags & {"script", "link", "img", "iframe"}
    assert "http" not in page


@given(st.text(max_size=30))
def test_law_no_value_of_a_payload_becomes_markup(value: str) -> None:
    nasty = GateFailure("no score", value, 1, (f"<script>{value}</script>",))
    page = as_html([GateReport("raw", False, 1, (nasty,), {value: value})], f"<b>{value}$title${{x}}")
    assert "<script" not in page
    assert "<b>" not in page.replace("<b class", "")


def test_the_data_carry_severity_and_advice() -> None:
    data = msgspec.json.decode(msgspec.json.encode(as_data([report(FAILURE)])))
    (failure,) = data["gates"][0]["failures"]
    assert failure == {
        "check": "no score",
        "column": "home_goals",
        "count": 1234,
        "examples": list(FAILURE.examples),
        "severity": "error",
        "advice": CHECKS["no score"][1],
    }


@pytest.mark.parametrize(
    ("failures", "told"),
    [
        ((), "finished: passed"),
        ((WARNING,), "finished: passed"),
        ((GateFailure("leak", "x", 3),), "finished: leak in x (3 rows)"),
        ((GateFailure("leak", "x", 1, ("b", "c")),), "finished: leak in x (1 row), such as b"),
        ((FAILURE,) * 5, "2 more"),
    ],
)
def test_one_line_says_the_worst(failures: tuple[GateFailure, ...], told: str) -> None:
    assert report(*failures).summary().endswith(told)


def test_severities_are_told_apart() -> None:
    both = report(FAILURE, WARNING)
    assert (both.of("error"), both.of("warning")) == ((FAILURE,), (WARNING,))
    assert {severity for severity, _ in CHECKS.values()} == {"error", "warning"}


def test_every_check_says_what_to_do() -> None:
    assert all(advice.endswith(".") for _, advice in CHECKS.values())
