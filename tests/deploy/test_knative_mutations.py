"""Ways to break manifests that Knative would take, or take for something else: each one is refused by our check."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

import knative_judge
from knative_mutations import EXPORT, FILES, MUTATIONS, SOUND, TRIGGER, WIRING, Step, mutated
from touchline.deploy import knative_check


def test_what_is_rendered_and_written_by_hand_is_sound() -> None:
    assert knative_check.faults(WIRING, SOUND) == []
    assert len(SOUND) > 60


@pytest.mark.parametrize(
    ("what", "name", "path", "value", "complaint"),
    MUTATIONS,
    ids=[f"{m[0][1]}-{m[1]}-{m[2][-1]}-{n}" for n, m in enumerate(MUTATIONS)],
)
def test_each_mutation_is_refused(
    what: tuple[str, str], name: str, path: tuple[Step, ...], value: Any, complaint: str
) -> None:
    found = knative_check.faults(WIRING, mutated(what, name, path, value))
    assert any(complaint in fault for fault in found), found


def test_there_are_thirty_mutations_and_more() -> None:
    assert len(MUTATIONS) >= 30


def test_twice_the_same_is_refused() -> None:
    broker = next(one for one in SOUND if one["kind"] == "Broker")
    assert "Broker/default: 2 of that name" in knative_check.faults(WIRING, [*SOUND, broker])


def test_images_that_are_applied_are_named_by_their_digest() -> None:
    pinned = msgspec.json.decode(
        re.sub(
            rb'"image":"([^"]+)"',
            rb'"image":"registry.example/\1@sha256:' + b"0" * 64 + b'"',
            msgspec.json.encode(SOUND),
        )
    )
    assert knative_check.faults(WIRING, pinned, pinned=True) == []
    named = [fault for fault in knative_check.faults(WIRING, SOUND, pinned=True) if "not named by its digest" in fault]
    assert len(named) == len(WIRING.parts) + 1  # and the crew of train


def test_the_strict_judge_finds_nothing_and_would_see_a_slip(tmp_path: Path) -> None:
    assert knative_judge.complaints(*FILES) == []
    slip = tmp_path / "slip.yaml"
    slip.write_text(yaml.safe_dump_all(mutated(TRIGGER, EXPORT, ("spec", "filters", 0, "exact"), {"bucket": "x"})))
    assert any("exactly one dialect" in line for line in knative_judge.complaints(slip))
