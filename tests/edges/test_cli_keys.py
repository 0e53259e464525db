"""Keys from the command line: shown once, kept as a hash, told to the service; and who may ask one that is started."""

import json
from pathlib import Path
from typing import Any

import pytest

from touchline import bootstrap
from touchline.adapters.clock import SystemClock
from touchline.cli.doctor_parts import PARTS
from touchline.cli.main import main
from touchline.cli.serve_access import with_access
from touchline.domain.keys import KEYS_POINTER, digest_of
from touchline.errors import DataError, NotFound
from touchline.settings import Predict
from touchline.web.access import Access, Admitted, Refused

CREATE = ("keys", "create", "--name", "site", "--scope", "read")


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Any:
    def answer(*arguments: str) -> Any:
        """What a command answers for scripts."""
        assert main([*arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return answer


def service(own_home: Path) -> Access:
    """An instance of the service that starts now."""
    ports = bootstrap.ports({"TOUCHLINE_HOME": str(own_home)})
    return Access(ports.store, Predict(), lambda: 0.0, SystemClock())


def test_a_key_opens_the_service_and_is_kept_nowhere(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*CREATE, "--scope", "predict", "--scope", "read"]) == 0
    said = capsys.readouterr()
    key = said.out.removesuffix("\n")
    assert key.startswith("tl_")
    assert len(key) == 46
    assert key not in said.err
    decision = service(own_home).admit(key, "", "predict")
    assert isinstance(decision, Admitted)
    assert decision.key.name == "site"
    kept = [path for path in own_home.rglob("*") if path.is_file() and key.encode() in path.read_bytes()]
    assert kept == []
    assert digest_of(key).encode() in (own_home / "objects" / KEYS_POINTER).read_bytes()


def test_the_list_shows_all_but_keys_and_hashes(own_home: Path, told: Any, capsys: pytest.CaptureFixture[str]) -> None:
    made = told(*CREATE, "--per-minute", "7", "--expires", "2999-01-01")
    other = told("keys", "create", "--name", "[b]Köln[/b]", "--scope", "admin")
    told("keys", "revoke", made["id"])
    rows = told("keys", "list")
    assert [(row["name"], row["scopes"], row["per_minute"], row["state"]) for row in rows] == [
        ("site", ["read"], 7, "revoked"),
        ("[b]Köln[/b]", ["admin"], 600, "active"),
    ]
    assert rows[0]["expires"] == "2999-01-01T00:00:00Z"
    assert rows[1] == {name: value for name, value in other.items() if name != "key"}
    assert main(["keys", "list"]) == 0
    shown = capsys.readouterr().out + json.dumps(rows)
    assert "[b]Köln[/b]" in shown
    for secret in (made["key"], other["key"], digest_of(made["key"]), digest_of(other["key"])):
        assert secret not in shown
        assert secret[:20] not in shown


def test_no_two_keys_are_the_same(own_home: Path, told: Any) -> None:
    made = [told(*CREATE) for _ in range(3)]
    assert len({one["key"] for one in made}) == len({one["id"] for one in made}) == 3


def test_a_revoked_key_opens_nothing(own_home: Path, told: Any, capsys: pytest.CaptureFixture[str]) -> None:
    made, kept = told(*CREATE), told(*CREATE)
    assert main(["keys", "revoke", made["id"]]) == 0
    first = capsys.readouterr().out
    assert f"{made['id']} (site) is revoked since" in first
    assert isinstance(service(own_home).admit(made["key"], "", "read"), Refused)
    assert isinstance(service(own_home).admit(kept["key"], "", "read"), Admitted)
    assert told("keys", "revoke", made["id"])["state"] == "revoked"
    assert main(["keys", "revoke", "nope"]) == 2
    assert "no key has the id 'nope'" in capsys.readouterr().err


def test_a_key_that_leaked_is_revoked_by_itself(own_home: Path, told: Any, capsys: pytest.CaptureFixture[str]) -> None:
    leaked, kept = told(*CREATE), told(*CREATE)
    assert told("keys", "revoke", leaked["key"])["id"] == leaked["id"]
    assert [row["state"] for row in told("keys", "list")] == ["revoked", "active"]
    assert main(["keys", "revoke", kept["key"] + "x"]) == 2
    said = capsys.readouterr().err
    assert "not made here" in said
    assert kept["key"] not in said


WRONG = {
    "no scope 'reed'\n  known: read, predict, admin": ("--name", "x", "--scope", "reed"),
    "--name: no name: 1": ("--name", " ", "--scope", "read"),
    "signs that can be seen": ("--name", "a\x1b[2Jb", "--scope", "read"),
    "1 to 100 signs": ("--name", "x" * 101, "--scope", "read"),
    "--expires: 'soon' is no date": ("--name", "x", "--scope", "read", "--expires", "soon"),
    "--expires: 2001-01-01 has passed": ("--name", "x", "--scope", "read", "--expires", "2001-01-01"),
    "--per-minute": ("--name", "x", "--scope", "read", "--per-minute", "0"),
    "--scope": ("--name", "x"),
}


def test_wrong_wishes_are_named_and_make_no_key(own_home: Path, told: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for fault, arguments in WRONG.items():
        assert main(["keys", "create", *arguments]) == 2
        assert fault in capsys.readouterr().err
    assert told("keys", "list") == []
    assert main(["keys", "list"]) == 0
    assert "no key was ever made" in capsys.readouterr().out


def test_what_the_service_knows_is_mended_whenever_the_command_runs(own_home: Path, told: Any) -> None:
    key = told(*CREATE)["key"]
    (own_home / "objects" / KEYS_POINTER).write_text("{")
    assert service(own_home).admit(key, "", "read").status == 503
    told("keys", "list")
    assert isinstance(service(own_home).admit(key, "", "read"), Admitted)


def test_a_key_that_cannot_be_published_is_shown_all_the_same(
    own_home: Path, told: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    own_home.mkdir()
    (own_home / "objects").write_text("no folder")
    assert main([*CREATE]) != 0
    said = capsys.readouterr()
    assert said.out.startswith("tl_")
    assert "error:" in said.err
    (own_home / "objects").unlink()
    told("keys", "list")
    assert isinstance(service(own_home).admit(said.out.strip(), "", "read"), Admitted)


def test_the_doctor_says_how_keys_stand(own_home: Path, told: Any) -> None:
    attempt = next(part.attempt for part in PARTS if part.name == "keys")
    ports = bootstrap.ports({"TOUCHLINE_HOME": str(own_home)})
    with pytest.raises(NotFound, match="no key was made yet"):
        attempt(ports)
    made = [told(*CREATE) for _ in range(2)]
    told("keys", "revoke", made[0]["id"])
    assert attempt(ports) == "1 active of 2 made; the service knows them"
    (own_home / "objects" / KEYS_POINTER).unlink()
    with pytest.raises(DataError, match="other keys than were made"):
        attempt(ports)


# Who may ask a service that is started here


def chosen(**environ: str) -> str:
    return with_access(environ)["TOUCHLINE_PREDICT_ACCESS"]


def test_a_service_here_is_open_until_a_key_was_made(
    own_home: Path, told: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert chosen(TOUCHLINE_HOME=str(own_home)) == "open"
    assert "open to everybody on this machine (no key was made yet)" in capsys.readouterr().err
    made = told(*CREATE)
    assert chosen(TOUCHLINE_HOME=str(own_home)) == "keys"
    assert "curl -H 'X-API-Key: tl_...'" in capsys.readouterr().err
    told("keys", "revoke", made["id"])
    assert chosen(TOUCHLINE_HOME=str(own_home)) == "keys"


def test_a_choice_that_was_made_stays(own_home: Path, told: Any) -> None:
    assert chosen(TOUCHLINE_HOME=str(own_home), TOUCHLINE_PREDICT_ACCESS="keys") == "keys"
    told(*CREATE)
    assert chosen(TOUCHLINE_HOME=str(own_home), TOUCHLINE_PREDICT_ACCESS="open") == "open"


def test_who_cannot_see_whether_there_are_keys_opens_nothing() -> None:
    assert chosen(TOUCHLINE_STORE="ftp://nowhere") == "keys"
