"""functions/wiring.yaml itself: it can work, its code is there, and the documents show it."""

import re
from pathlib import Path

import pytest

from touchline import settings, wiring, wiring_rules
from touchline.adapters.schema_collected import metadata
from touchline.cli import picture
from touchline.cli.main import main
from touchline.cli.wiring_command import DOCUMENTS, documents

FOLDER = Path(__file__).parents[2] / "functions"


def test_no_rule_is_broken_and_all_code_is_there() -> None:
    assert wiring_rules.faults(wiring.load(FOLDER), FOLDER) == []


def test_the_chain_runs_from_scrape_to_forecast() -> None:
    order = wiring.load(FOLDER).order()
    chain = ["scrape", "export", "validate", "feature", "train", "promote", "forecast"]
    assert [name for name in order if name in chain] == chain


def test_every_function_has_settings_and_every_settings_type_a_function() -> None:
    found = wiring.load(FOLDER)
    assert set(found.functions) <= set(settings.BY_FUNCTION) <= set(found.parts)


def test_the_tables_that_rights_can_name_are_those_of_the_database() -> None:
    assert set(metadata.tables) == {*wiring_rules.TABLES, *wiring.CLAIM_TABLES}


def test_every_folder_of_a_function_is_declared() -> None:
    folders = {path.parent.name for path in FOLDER.glob("*/main.py")}
    found = wiring.load(FOLDER)
    assert set(found.functions) <= folders <= set(found.parts)


def test_tables_that_are_declared_exist() -> None:
    declared = {table for part in wiring.load(FOLDER).parts.values() for table in part.tables}
    assert declared <= set(metadata.tables)
    assert declared <= wiring_rules.TABLES


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_show_the_wiring_as_it_is(name: str) -> None:
    path = FOLDER.parent / name
    assert path in documents(FOLDER)
    text = path.read_text()
    drawn = picture.mermaid(wiring.load(FOLDER))
    assert picture.insert(text, drawn, name) == text, "run `touchline wiring --write`"


def test_pictures_name_every_function_and_every_prefix_that_wakes_one() -> None:
    found = wiring.load(FOLDER)
    for drawn in (picture.mermaid(found), picture.ascii_picture(found)):
        for name, function in found.functions.items():
            assert re.search(rf"\b{name}\b", drawn)
            assert all(prefix in drawn for prefix in function.prefixes)


def test_the_command_checks_and_draws(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wiring", "--check"]) == 0
    assert "11 functions, no fault" in capsys.readouterr().out
    assert main(["wiring"]) == 0
    assert "scrapes/published/ of scrape" in capsys.readouterr().out
    assert main(["wiring", "--format", "mermaid"]) == 0
    assert capsys.readouterr().out.startswith("flowchart LR")


def test_a_document_needs_one_place_for_the_picture() -> None:
    page = f"# Page\n{picture.START}\nold\n{picture.END}\nrest\n"
    drawn = picture.insert(page, "new", "page.md")
    assert drawn == f"# Page\n{picture.START}\n```mermaid\nnew\n```\n{picture.END}\nrest\n"
    assert picture.insert(drawn, "new", "page.md") == drawn
    for broken in ("nothing", page + page):
        with pytest.raises(ValueError, match=r"page\.md: no place for the picture"):
            picture.insert(broken, "new", "page.md")
