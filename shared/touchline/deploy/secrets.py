"""The secrets of an installation on Kubernetes: a Secret for each function and each part, passwords made at random.

`python -m touchline.deploy.secrets [--keep secrets.yaml]` prints the manifests. They are to be encrypted before they
are kept (knative/README.md does so with SOPS), and `--keep` takes over what an earlier file has, so that a new
function adds its own and changes no other; so stay users, servers and addresses that you named in place of ours. What
only you can know (keys of data sources, the address for alerts, where backups go) is left empty, and named.
"""

import argparse
import secrets as random
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from touchline import wiring
from touchline.adapters import grants
from touchline.deploy.knative_parts import NAMESPACE, Manifest, secrets
from touchline.errors import ConfigurationError, TouchlineError
from touchline.wiring import Wiring

Values = dict[str, dict[str, str]]
"""Secret -> key -> value."""
_OURS: Final = ("TOUCHLINE_BRIDGE_TOKEN", "TOUCHLINE_ANSWER_CALLBACK_SECRET")
"""Secrets of functions that nobody else has to know."""
_PLACES: Final[tuple[str, ...]] = (
    "AWS_ACCESS_KEY_ID",
    "TOUCHLINE_CACHE",
    "TOUCHLINE_TRAIN_STUDY",
    "MLFLOW_TRACKING_URI",
)
"""Who is asked, and as whom: another one in an earlier file is yours."""
_TELLING: Final = (
    *("webhook-url", "slack-url", "pagerduty-key"),
    *("email-to", "email-from", "email-smarthost", "email-user", "email-password"),
)
"""What ways of telling of alerts need; each way is off as long as one of its values is empty."""


def main(arguments: Sequence[str]) -> int:
    """Print the manifests, and say on standard error what is left to fill in."""
    parser = argparse.ArgumentParser(prog="scripts/make-secrets", description="Print the Secrets of an installation.")
    parser.add_argument("--keep", type=Path, help="a file from an earlier call, decrypted: its values stay")
    parser.add_argument(
        "--database", default="", help="host of the database (default: as before, else the one in the cluster)"
    )
    asked = parser.parse_args(arguments)
    try:
        known = read(asked.keep.read_text()) if asked.keep else {}
        made = values(wiring.load(wiring.root()), asked.database, known)
    except (TouchlineError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(
        yaml.safe_dump_all((_manifest(name, held) for name, held in made.items()), sort_keys=False, width=1000), end=""
    )
    for name, held in made.items():
        for key in (key for key, value in held.items() if not value):
            print(f"to fill in: {key} of {name}", file=sys.stderr)
    return 0


def values(declared: Wiring, database: str = "", known: Values | None = None) -> Values:
    """All secrets; those of `known` as they are there."""
    before = urlsplit((known or {}).get("platform-owner", {}).get("TOUCHLINE_DATABASE", "")).netloc.rpartition("@")[2]
    database = database or before or "postgresql"
    platform = _platform(declared, database, known or {})
    return platform | _functions(declared, database, platform, known or {})


def _platform(declared: Wiring, database: str, known: Values) -> Values:
    """Secrets of the parts that stand beside the functions."""
    owner, mlflow = (_kept(known, "platform-postgresql", key) for key in ("password", "mlflow-password"))
    root = _kept(known, "platform-store", "AWS_SECRET_ACCESS_KEY")
    users = {name: _kept(known, "platform-store-users", name) for name in ("mlflow", *declared.parts)}
    cache = _kept(known, "platform-redis", "password.conf", lambda: f"requirepass {password()}")
    backup = ("BACKUP_ADDRESS", "BACKUP_AWS_ACCESS_KEY_ID", "BACKUP_AWS_SECRET_ACCESS_KEY")
    return {
        "platform-postgresql": {"password": owner, "mlflow-password": mlflow},
        "platform-owner": {"TOUCHLINE_DATABASE": f"postgresql://touchline:{owner}@{database}/touchline"},
        "platform-logins": {name: _kept(known, "platform-logins", name) for name in grants.users(declared)},
        "platform-redis": {"password.conf": cache},
        "platform-store": _yours(
            known, "platform-store", {"AWS_ACCESS_KEY_ID": "touchline-root", "AWS_SECRET_ACCESS_KEY": root}
        ),
        "platform-store-users": users,
        "platform-mlflow": _yours(
            known,
            "platform-mlflow",
            {
                "MLFLOW_BACKEND_STORE_URI": f"postgresql+pg8000://mlflow:{mlflow}@{database}/mlflow",
                "AWS_ACCESS_KEY_ID": "touchline-mlflow",
                "AWS_SECRET_ACCESS_KEY": users["mlflow"],
            },
        ),
        "platform-grafana": {"admin-password": _kept(known, "platform-grafana", "admin-password")},
        "platform-alertmanager": {key: _kept(known, "platform-alertmanager", key, str) for key in _TELLING},
        "platform-backup": known.get("platform-backup", {})  # it may say more: endpoint, region
        | {key: _kept(known, "platform-backup", key, str) for key in backup},
    }


def _functions(declared: Wiring, database: str, platform: Values, known: Values) -> Values:
    """Secrets of the functions: what each one's wiring names, and its user of the store."""
    token = _kept(known, "touchline-bridge", "TOUCHLINE_BRIDGE_TOKEN")
    cache = platform["platform-redis"]["password.conf"].partition(" ")[2]
    found: Values = {}
    for name, part in declared.parts.items():
        login, held = platform["platform-logins"].get(name), f"touchline-{name}"
        ours = {
            "TOUCHLINE_DATABASE": f"postgresql://{grants.login(name)}:{login}@{database}/touchline",
            "AWS_ACCESS_KEY_ID": f"touchline-{name}",
            "AWS_SECRET_ACCESS_KEY": platform["platform-store-users"][name],
            "TOUCHLINE_BRIDGE_TOKEN": token,
            "TOUCHLINE_SINK_TOKEN": token,
            "TOUCHLINE_CACHE": f"redis://:{cache}@redis:6379/0",
            "TOUCHLINE_TRAIN_STUDY": "database",
            "MLFLOW_TRACKING_URI": "http://mlflow:5000",
        }
        own = _yours(known, held, ours)
        make = {key: password if key in _OURS else str for key in secrets(part)}
        found[held] = {key: own.get(key) or _kept(known, held, key, make[key]) for key in make}
    return found


def _yours(known: Values, name: str, ours: dict[str, str]) -> dict[str, str]:
    """What we would make; but another user or place that was named before stays, a user's password with it."""
    held = known.get(name, {})
    stay = {key for key in _PLACES if key in ours and held.get(key) and _place(held[key]) != _place(ours[key])}
    if "AWS_ACCESS_KEY_ID" in stay:
        stay.add("AWS_SECRET_ACCESS_KEY")
    return ours | {key: held.get(key, "") for key in stay}


def _place(text: str) -> str:
    """An address without who asks there."""
    parts = urlsplit(text)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _kept(known: Values, name: str, key: str, make: Callable[[], str] | None = None) -> str:
    """What was known before, else something new."""
    return known.get(name, {}).get(key) or (make or password)()


def password() -> str:
    """A random password of letters, digits, - and _: it needs no escaping anywhere."""
    return random.token_urlsafe(24)


def read(text: str) -> Values:
    """Secrets in manifests.

    Raises:
        ConfigurationError: there is something else in them, or they are encrypted.
    """
    documents = [document for document in yaml.safe_load_all(text) if document]
    if any(document.get("kind") != "Secret" or "sops" in document for document in documents):
        raise ConfigurationError("not the decrypted Secrets of an installation", hint="sops --decrypt secrets.yaml")
    return {document["metadata"]["name"]: dict(document.get("stringData") or {}) for document in documents}


def _manifest(name: str, held: Mapping[str, Any]) -> Manifest:
    labels = {"app.kubernetes.io/part-of": "touchline"}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
        "stringData": dict(held),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
