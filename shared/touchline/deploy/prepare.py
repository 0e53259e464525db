"""Makes ready what functions expect where nobody else does: buckets and notifications, the schema, roles and users.

`python -m touchline.deploy.prepare --buckets --notify <ARN> --users <folder> --logins <folder>`; every step may run
again, and changes nothing then. Where buckets and database are is in the settings of the functions.
"""

import argparse
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from touchline import bootstrap, wiring
from touchline.adapters import bucket_setup, database, grants
from touchline.adapters.store_users import StoreUsers
from touchline.deploy import store_policies
from touchline.deploy.rights import rights
from touchline.errors import ConfigurationError, TouchlineError

STORE: Final = "TOUCHLINE_STORE"
ARTIFACTS: Final = "MLFLOW_ARTIFACTS_DESTINATION"


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Do it, saying what was done; 1 if something does not answer yet, so that the platform starts it again."""
    asked = _parser().parse_args(arguments)
    try:
        if asked.buckets:
            prepare_buckets(asked.notify, environ)
        if asked.users:
            prepare_users(asked.users, environ)
        if asked.logins:
            prepare_database(asked.logins, environ)
    except TouchlineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def prepare_buckets(target: str, environ: Mapping[str, str]) -> None:
    """Make the buckets of the functions and of the registry; the first tells the target of objects that wake somebody.

    Raises:
        Unavailable: the store does not answer.
        ConfigurationError: it refuses the target, or an address is not that of a bucket of S3.
    """
    s3 = bucket_setup.client()
    names = [_bucket(name, environ) for name in (STORE, ARTIFACTS) if name in environ]
    for bucket in names:
        print(f"bucket {bucket}: {'made' if bucket_setup.make(bucket, s3) else 'there'}")
    if target:
        declared = wiring.load(wiring.root(environ))
        prefixes = {prefix for function in declared.functions.values() for prefix in function.prefixes}
        bucket_setup.notify(names[0], target, prefixes, s3)
        print(f"bucket {names[0]}: tells {target} of {len(prefixes)} prefixes")


def prepare_users(folder: Path, environ: Mapping[str, str]) -> None:
    """A user of the store for each function that needs it, and one for the registry, each with its rights only.

    Raises:
        ConfigurationError: a password is missing, or the store's address.
        Unavailable: the store does not answer.
    """
    declared, passwords = wiring.load(wiring.root(environ)), _passwords(folder)
    bucket = _bucket(STORE, environ)
    wanted = {
        name: store_policies.policy(bucket, rights(declared, name))
        for name, part in declared.parts.items()
        if "object_store" in part.needs
    }
    wanted["mlflow"] = store_policies.whole(_bucket(ARTIFACTS, environ))
    _complete(wanted, passwords, folder)
    users = StoreUsers(environ.get("AWS_ENDPOINT_URL_S3", ""))
    for name, policy in wanted.items():
        users.put(f"touchline-{name}", passwords[name], policy)
    print(f"store: {len(wanted)} users")


def prepare_database(logins: Path, environ: Mapping[str, str]) -> None:
    """Bring the schema up to date, make a role for each function, and a user where a file holds its password.

    Raises:
        ConfigurationError: a password is missing, or is of a function without database.
        Unavailable: the database does not answer.
    """
    declared, passwords = wiring.load(wiring.root(environ)), _passwords(logins)
    _complete(grants.users(declared), passwords, logins)
    ports = bootstrap.ports(environ)  # whoever lets go of them closes the engine
    made = grants.apply(ports.engine, declared, passwords)
    print(f"database: revision {database.revision(ports.engine)}, {len(passwords)} users, {len(made)} rights")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m touchline.deploy.prepare")
    parser.add_argument("--buckets", action="store_true", help=f"make the buckets of {STORE} and {ARTIFACTS}")
    parser.add_argument("--notify", default="", metavar="ARN", help="whom the store tells of new objects")
    parser.add_argument("--users", type=Path, help="folder with passwords for the store: a user for each function")
    parser.add_argument("--logins", type=Path, help="folder with passwords for the database, in a file each")
    return parser


def _passwords(folder: Path) -> dict[str, str]:
    """A password from each file, by the file's name; Kubernetes keeps hidden files of its own there."""
    return {path.name: path.read_text().strip() for path in folder.iterdir() if not path.name.startswith(".")}


def _complete(wanted: Collection[str], passwords: Mapping[str, str], folder: Path) -> None:
    if missing := sorted(name for name in wanted if not passwords.get(name)):
        hint = "make the Secrets anew, and keep those that there are (scripts/make-secrets --keep)"
        raise ConfigurationError(f"no password of {', '.join(missing)}", where=str(folder), hint=hint)


def _bucket(name: str, environ: Mapping[str, str]) -> str:
    address = urlsplit(environ[name])
    if address.scheme != "s3" or not address.netloc:
        raise ConfigurationError("not the address of a bucket of S3", where=name, hint="s3://<bucket>/<prefix>")
    return address.netloc


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
