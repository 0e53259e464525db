"""Boards as Grafana provisions them: every panel says what it shows, in which unit, and where its runbook is."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import watching

BOARDS = pytest.mark.parametrize("board", watching.BOARDS, ids=lambda path: path.stem)
SOURCES = yaml.safe_load((watching.CONFIG / "grafana-datasources.yaml").read_text())["datasources"]
UNITS = {"short", "s", "reqps", "percentunit", "mbytes", "currencyUSD"}


def told(board: Path) -> dict[str, Any]:
    return dict(json.loads(board.read_text()))


@BOARDS
def test_panels_say_what_they_show(board: Path) -> None:
    for panel in watching.panels(board):
        title = f"{board.name}: {panel['title']}"
        assert len(panel["description"]) > 15, title
        assert panel["description"].endswith("."), title
        shown = panel["fieldConfig"]["defaults"]
        assert shown["unit"] in UNITS, title
        assert shown["thresholds"]["steps"][0] == {"value": None, "color": "green"}, title
        for target in panel["targets"]:
            assert target["expr"], title
            assert target["legendFormat"] or panel["type"] == "logs", title


@BOARDS
def test_sources_are_those_that_are_provisioned(board: Path) -> None:
    known = {(one["type"], one["uid"]) for one in SOURCES}
    named = [panel["datasource"] for panel in watching.panels(board)]
    named += [target["datasource"] for panel in watching.panels(board) for target in panel["targets"]]
    named += [one["datasource"] for one in told(board)["annotations"]["list"]]
    assert {(one["type"], one["uid"]) for one in named} <= known


@BOARDS
def test_panels_have_a_place_and_a_number_of_their_own(board: Path) -> None:
    panels = told(board)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells


@BOARDS
def test_links_lead_to_runbooks_that_exist(board: Path) -> None:
    headings = {line.lower() for line in re.findall(r"^#+ (\w+)$", watching.RUNBOOKS.read_text(), re.MULTILINE)}
    [field] = told(board)["templating"]["list"]
    assert (field["name"], field["type"]) == ("runbooks", "textbox")
    links = [link for panel in watching.panels(board) for link in panel.get("links", ())]
    assert links
    for link in links:
        address, _, anchor = link["url"].partition("#")
        assert address == "${runbooks}"
        assert anchor in headings, link
        assert anchor in link["title"]


@BOARDS
def test_promotions_are_drawn_at_their_moment(board: Path) -> None:
    [one] = told(board)["annotations"]["list"]
    assert one["expr"] == "touchline_promotion_timestamp_seconds * 1000"
    assert one["useValueForTime"] is True
    assert one["enable"] is True


@BOARDS
def test_a_threshold_that_wakes_somebody_is_a_rule(board: Path) -> None:
    """Red means that there is a rule about it, or another limit that the panel itself names."""
    for panel in watching.panels(board):
        steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        if any(step["color"] == "red" for step in steps) and panel["title"] != "Expected calibration error":
            assert panel.get("links"), f"{board.name}: {panel['title']} turns red, and says not what to do"


def test_betting_is_information_and_no_advice() -> None:
    panels = told(watching.CONFIG / "models.json")["panels"]
    [text] = [panel for panel in panels if panel["type"] == "text"]
    assert "information, not advice" in text["options"]["content"]
    returns = [panel for panel in watching.panels(watching.CONFIG / "models.json") if "eturn" in panel["title"]]
    assert len(returns) == 2
    for panel in returns:
        asked = " ".join(target["expr"] for target in panel["targets"])
        assert {"touchline_returns_roi", "touchline_returns_low", "touchline_returns_high"} <= set(
            re.findall(r"touchline_\w+", asked)
        ), "a return is never shown without its interval"
        assert "Information, not advice" in panel["description"]


def test_boards_are_three_and_lead_to_each_other() -> None:
    titles = [told(board)["title"] for board in watching.BOARDS]
    assert titles == ["Touchline: Operations", "Touchline: ML quality and betting", "Touchline: Data, events and cost"]
    assert len({told(board)["uid"] for board in watching.BOARDS}) == 3
    for board in watching.BOARDS:
        assert told(board)["schemaVersion"] >= 41
        assert told(board)["links"][0]["tags"] == told(board)["tags"] == ["touchline"]
