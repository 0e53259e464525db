"""A trace shows everything that a forecast stands on, and no changed byte escapes it."""

import json

import pytest

from small_chain import MATCH, write_chain
from touchline.bootstrap import Container
from touchline.cli.main import main
from touchline.errors import CorruptObject, DataError, NotFound
from touchline.trace import trace

CHECKED = [
    "predictions/published/000000000007-000000000001.json",
    "predictions/1/manifest.json",
    "predictions/1/forecasts.json",
    "features/1/manifest.json",
    "features/1/played.parquet",
    "validated/published/000000000007.json",
    "validated/1/manifest.json",
    "validated/1/report.json",
    "raw/1/matches.parquet",
    "raw/1/manifest.json",
    "raw/lineage/000000000007.parquet",
    "payloads/files/",
    "serving/1/manifest.json",
    "models/1/manifest.json",
    "models/1/model.onnx",
]


@pytest.fixture
def chain(ports: Container) -> Container:
    write_chain(ports.store)
    return ports


def only(ports: Container, prefix: str) -> str:
    (info,) = ports.store.list(prefix)
    return info.key


def test_the_tree_has_every_object_of_the_chain(chain: Container) -> None:
    found = trace(chain.store, MATCH)
    keys = {node.key for node in found.tree.walk()}
    assert keys == {only(chain, prefix) for prefix in CHECKED}
    assert (found.seq, found.match.home_team) == (7, "Aldermoor")
    assert {node.what for node in found.tree.walk()} >= {"payload as received", "lineage", "publication"}


@pytest.mark.parametrize("prefix", CHECKED)
def test_a_changed_byte_is_found_and_its_object_named(chain: Container, prefix: str) -> None:
    key = only(chain, prefix)
    path = chain.home / "objects" / key
    changed = bytearray(path.read_bytes())
    changed[len(changed) // 2] ^= 1
    path.write_bytes(changed)
    with pytest.raises((CorruptObject, DataError, NotFound)) as found:
        trace(chain.store, MATCH)
    assert "published" in key or key in str(found.value)


@pytest.mark.parametrize("prefix", CHECKED[1:5] + CHECKED[8:])
def test_a_missing_object_is_named(chain: Container, prefix: str) -> None:
    key = only(chain, prefix)
    (chain.home / "objects" / key).unlink()
    with pytest.raises((CorruptObject, NotFound)) as found:
        trace(chain.store, MATCH)
    assert key.split("/")[-1] in str(found.value) or isinstance(found.value, CorruptObject)


def test_a_match_without_forecast_or_without_lineage_is_said_to_be_so(chain: Container) -> None:
    with pytest.raises(NotFound, match="no forecast of this match"):
        trace(chain.store, "sim1-2025-26-nobody-nowhere")


def test_the_command_shows_the_tree(chain: Container, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", str(chain.home), "trace", MATCH]) == 0
    told = capsys.readouterr().out
    assert "Aldermoor - Fennimore" in told
    assert "home 50.0%, draw 30.0%, away 20.0%" in told
    assert "15 objects, every hash as promised" in told
    assert main(["--home", str(chain.home), "trace", MATCH, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["objects"] == 15


def test_the_command_fails_with_the_name_of_the_object(chain: Container, capsys: pytest.CaptureFixture[str]) -> None:
    path = chain.home / "objects" / "models" / "1" / "model.onnx"
    path.write_bytes(b"another model")
    assert main(["--home", str(chain.home), "trace", MATCH]) == 1
    assert "models/1/model.onnx" in capsys.readouterr().err
