"""What an installation needs before its functions run: buckets, users of the store and of the database, secrets."""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import sqlalchemy as sa
import yaml

import s3
from touchline import wiring
from touchline.adapters import bucket_setup, grants
from touchline.adapters.store_users import StoreUsers
from touchline.deploy import prepare, secrets, store_policies
from touchline.deploy.knative_parts import secrets as secrets_of
from touchline.deploy.rights import rights
from touchline.errors import Unavailable

FUNCTIONS = wiring.load(Path(__file__).parents[2] / "functions")
TARGET = "arn:aws:sqs:us-east-1:123456789012:bridge"


@pytest.fixture
def store(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in s3.environment(s3_endpoint).items():
        monkeypatch.setenv(name, value)
    return s3_endpoint


def folder(path: Path, passwords: dict[str, str]) -> str:
    """As Kubernetes puts a Secret down: beside hidden files of its own."""
    (path / "..data").mkdir(parents=True)
    for name, value in passwords.items():
        (path / name).write_text(value + "\n")
    return str(path)


def test_buckets_are_made_and_tell_of_what_wakes_functions(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    names = [s3.bucket(store) + "-new", s3.bucket(store) + "-artifacts"]
    environ = {"TOUCHLINE_STORE": f"s3://{names[0]}", "MLFLOW_ARTIFACTS_DESTINATION": f"s3://{names[1]}/artifacts"}
    for found in ("made", "there"):
        assert prepare.main(["--buckets"], environ) == 0
        assert capsys.readouterr().out == "".join(f"bucket {name}: {found}\n" for name in names)
    bucket_setup.notify(names[0], TARGET, ["raw/published/", "incoming/"], s3.client(store))
    told = s3.client(store).get_bucket_notification_configuration(Bucket=names[0])["QueueConfigurations"]
    rules = {one["Id"]: (one["QueueArn"], one["Filter"]["Key"]["FilterRules"][0]["Value"]) for one in told}
    assert rules == {"incoming": (TARGET, "incoming/"), "raw-published": (TARGET, "raw/published/")}


def test_a_store_that_is_no_bucket_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert prepare.main(["--buckets"], {"TOUCHLINE_STORE": "/var/objects"}) == 1
    assert "TOUCHLINE_STORE: not the address of a bucket of S3" in capsys.readouterr().err


def test_the_database_gets_its_schema_roles_and_users(
    postgresql_server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = sa.create_engine(postgresql_server.format(database="postgres"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE touchline_prepared")
    environ = {"TOUCHLINE_DATABASE": postgresql_server.format(database="touchline_prepared")}
    wanted = grants.users(FUNCTIONS)
    try:
        passwords = dict.fromkeys(wanted, "secret")
        assert prepare.main(["--logins", folder(tmp_path / "few", passwords | {"drift": ""})], environ) == 1
        assert "no password of drift" in capsys.readouterr().err
        for _ in range(2):
            assert prepare.main(["--logins", folder(tmp_path / f"all-{_}", passwords)], environ) == 0
        assert f"{len(wanted)} users" in capsys.readouterr().out
        owner = sa.create_engine(environ["TOUCHLINE_DATABASE"])
        with owner.begin() as connection:
            connection.exec_driver_sql("SET LOCAL ROLE touchline_train_login")
            connection.exec_driver_sql("CREATE TABLE touchline_studies.trials (number INT)")
        owner.dispose()
    finally:
        with server.connect() as connection:
            connection.exec_driver_sql("DROP DATABASE touchline_prepared WITH (FORCE)")
            for name in (*map(grants.login, wanted), *map(grants.role, wanted), grants.READER):
                connection.exec_driver_sql(f"DROP ROLE IF EXISTS {name}")
        server.dispose()


# The store's users


class Admin(BaseHTTPRequestHandler):
    """Takes what RustFS takes, if the signature covers the body."""

    taken: list[tuple[str, dict[str, str], Any]]
    refuse = ""

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        address = urlsplit(self.path)
        assert self.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=root/")
        assert self.headers["x-amz-content-sha256"] == hashlib.sha256(body).hexdigest()
        self.taken.append((address.path, dict(parse_qsl(address.query)), json.loads(body) if body else None))
        self.send_response(403 if self.refuse and self.refuse in self.path else 200)
        self.end_headers()
        self.wfile.write(b"not you" if self.refuse else b"")

    def log_message(self, *_: object) -> None:
        """No line for each request."""


@pytest.fixture
def admin(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, type[Admin]]]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "root")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "no-secret")
    handler = type("Handler", (Admin,), {"taken": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", handler
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_function_gets_a_user_of_the_store_with_its_rights(
    admin: tuple[str, type[Admin]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint, handler = admin
    passwords = {name: f"of {name}" for name in ("mlflow", *FUNCTIONS.parts)}
    environ = {
        "TOUCHLINE_STORE": "s3://touchline",
        "MLFLOW_ARTIFACTS_DESTINATION": "s3://mlflow/artifacts",
        "AWS_ENDPOINT_URL_S3": endpoint,
    }
    assert prepare.main(["--users", folder(tmp_path / "users", passwords)], environ) == 0, capsys.readouterr().err
    assert len(handler.taken) == 3 * len(passwords)
    paths = [path.rpartition("/")[2] for path, _, _ in handler.taken[:3]]
    assert paths == ["add-canned-policy", "add-user", "set-user-or-group-policy"]
    users = {query["accessKey"]: body for path, query, body in handler.taken if path.endswith("add-user")}
    assert users["touchline-drift"] == {"secretKey": "of drift", "status": "enabled"}
    attached = [query for path, query, _ in handler.taken if path.endswith("group-policy")]
    assert {one["policyName"] for one in attached} == set(users) == {f"touchline-{name}" for name in passwords}
    assert all(one["policyName"] == one["userOrGroup"] for one in attached)


def test_a_refusal_is_told(admin: tuple[str, type[Admin]]) -> None:
    endpoint, handler = admin
    handler.refuse = "add-user"
    with pytest.raises(Unavailable, match="add-user is refused: 403 not you"):
        StoreUsers(endpoint).put("touchline-drift", "secret", {})
    with pytest.raises(Unavailable, match="does not answer"):
        StoreUsers("http://127.0.0.1:9").put("touchline-drift", "secret", {})


@pytest.mark.parametrize("name", FUNCTIONS.parts)
def test_a_policy_allows_what_the_wiring_gives_and_nothing_else(name: str) -> None:
    given = rights(FUNCTIONS, name)
    statements = store_policies.policy("touchline", given)["Statement"]
    allowed: dict[str, set[str]] = {}
    for one in statements:
        assert one["Effect"] == "Allow"
        for action in one["Action"]:
            allowed.setdefault(action, set()).update(
                part.removeprefix("arn:aws:s3:::touchline") for part in one["Resource"]
            )
    assert allowed.pop("s3:ListBucket") == allowed.pop("s3:GetBucketLocation") == {""}
    written = {f"/{prefix}*" for prefix in given.object_writes}
    assert allowed.pop("s3:PutObject", set()) == written
    assert allowed.pop("s3:GetObject", set()) == {f"/{prefix}*" for prefix in given.object_reads} | written
    assert set(allowed) <= {"s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}


# Secrets


def test_secrets_fit_together_and_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert secrets.main([]) == 0
    told = capsys.readouterr()
    assert "to fill in: webhook-url of platform-alertmanager" in told.err
    made = secrets.read(told.out)
    for name, part in FUNCTIONS.parts.items():
        assert set(made[f"touchline-{name}"]) == set(secrets_of(part))
    drift, logins = made["touchline-drift"], dict(made["platform-logins"])
    assert drift["TOUCHLINE_DATABASE"] == f"postgresql://touchline_drift_login:{logins['drift']}@postgresql/touchline"
    assert drift["AWS_SECRET_ACCESS_KEY"] == made["platform-store-users"]["drift"]
    assert made["touchline-sweep"]["TOUCHLINE_SINK_TOKEN"] == made["touchline-bridge"]["TOUCHLINE_BRIDGE_TOKEN"]
    assert made["platform-redis"]["password.conf"].split()[1] in made["touchline-predict"]["TOUCHLINE_CACHE"]
    values = [value for held in made.values() for value in held.values() if len(value) == 32]
    assert len(set(values)) >= 25
    made["touchline-scrape"]["TOUCHLINE_THE_ODDS_API_KEY"] = "mine"
    del made["platform-logins"]["drift"], made["touchline-answer"]
    kept = tmp_path / "secrets.yaml"
    kept.write_text(
        yaml.safe_dump_all({"kind": "Secret", "metadata": {"name": n}, "stringData": v} for n, v in made.items())
    )
    assert secrets.main(["--keep", str(kept), "--database", "db.example"]) == 0
    again = secrets.read(capsys.readouterr().out)
    assert again["touchline-scrape"]["TOUCHLINE_THE_ODDS_API_KEY"] == "mine"
    assert again["platform-logins"]["drift"] != logins["drift"]
    assert again["touchline-answer"]["AWS_SECRET_ACCESS_KEY"] == made["platform-store-users"]["answer"]
    assert again["platform-grafana"] == made["platform-grafana"]
    assert "@db.example/touchline" in again["platform-owner"]["TOUCHLINE_DATABASE"]


def test_what_was_named_in_place_of_ours_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = secrets.values(FUNCTIONS, "db.example")
    made["touchline-predict"]["TOUCHLINE_CACHE"] = "rediss://:word@cache.example:6380/0"
    made["touchline-train"] |= {"AWS_ACCESS_KEY_ID": "AKIAMINE", "AWS_SECRET_ACCESS_KEY": "given"}
    made["platform-mlflow"] |= {"AWS_ACCESS_KEY_ID": "AKIAMINE", "AWS_SECRET_ACCESS_KEY": "given"}
    made["platform-backup"] |= {"BACKUP_ADDRESS": "s3://away/x", "BACKUP_AWS_ENDPOINT_URL_S3": "https://s3.example"}
    made["platform-store-users"]["drift"] = "another"
    kept = tmp_path / "secrets.yaml"
    kept.write_text(
        yaml.safe_dump_all({"kind": "Secret", "metadata": {"name": n}, "stringData": v} for n, v in made.items())
    )
    assert secrets.main(["--keep", str(kept)]) == 0
    again = secrets.read(capsys.readouterr().out)
    assert again.pop("touchline-drift")["AWS_SECRET_ACCESS_KEY"] == "another"
    del made["touchline-drift"]
    assert again == made


def test_encrypted_secrets_are_not_taken_for_decrypted_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "secrets.yaml"
    kept.write_text("kind: Secret\nmetadata: {name: x}\nsops: {}\n")
    assert secrets.main(["--keep", str(kept)]) == 1
    assert "not the decrypted Secrets" in capsys.readouterr().err
