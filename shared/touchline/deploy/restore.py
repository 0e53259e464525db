"""A backup back into empty places: `python -m touchline.deploy.restore --from <address>`.

Settings say where to: TOUCHLINE_STORE, TOUCHLINE_DATABASE (of the owner), MLFLOW_ARTIFACTS_DESTINATION and
MLFLOW_BACKEND_STORE_URI; what is not set is left out, and said. Nothing may run meanwhile. Every content is checked
against its hash. Objects may be there already if they are of this backup, so a restore that was interrupted goes on;
the databases come last, each as a whole or not at all.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from touchline.adapters import dumps
from touchline.adapters.heaps import Heap, open_heap
from touchline.deploy import backup_files
from touchline.deploy.backup import DATABASES, PREFIX, STORES
from touchline.deploy.backup_files import About, Line
from touchline.errors import ConfigurationError, TouchlineError


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Restore a backup, or list those that there are; 1 if something does not fit or does not answer."""
    asked = _parser().parse_args(arguments)
    try:
        source = open_heap(asked.origin, environ, PREFIX)
        if asked.list:
            print("\n".join(described(backup_files.about(source, name)) for name in backup_files.names(source)))
        else:
            restore(source, asked.name, environ, asked.fetch)
    except TouchlineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def restore(source: Heap, name: str, environ: Mapping[str, str], fetch: Path | None = None) -> None:
    """Bring the objects of a backup to the stores that the settings name, and then the dumps into their databases.

    Args:
        source: where the backups are.
        name: which one, empty for the newest.
        environ: where to.
        fetch: put the dumps down in this folder instead, for another container to read.

    Raises:
        NotFound: there is no such backup.
        CorruptObject: what the backup holds is not what was written.
        ConfigurationError: a place is not empty.
    """
    known = backup_files.names(source)
    if not known:
        raise ConfigurationError("there is no backup", hint="is it the address that the backup was told?")
    about = backup_files.about(source, name or known[-1])
    print(described(about), flush=True)
    lines = list(backup_files.lines(source, about))
    for store, setting in STORES.items():
        wanted = [line for line in lines if line.store == store]
        if environ.get(setting):
            written = objects(source, open_heap(environ[setting], environ), wanted)
            print(f"{store}: {len(wanted)}, of which {written} were missing", flush=True)
        elif wanted:
            print(f"{store}: left out, since {setting} is not set")
    for what, sha256 in about.dumps.items():
        _database(source, about, what, sha256, environ, fetch)


def objects(source: Heap, target: Heap, lines: Sequence[Line]) -> int:
    """Write what is missing of these objects; how many that were.

    Raises:
        ConfigurationError: there is something that is not of this backup.
    """
    wanted = {line.name: line for line in lines}
    there = {entry.name: entry.size for entry in target.entries()}
    if strange := sorted(set(there) - set(wanted)):
        hint = "restore into an empty one, and look before you remove anything"
        raise ConfigurationError(
            f"the store has {len(strange)} objects that are not of this backup", where=strange[0], hint=hint
        )
    missing = [line for name, line in wanted.items() if there.get(name) != line.size]
    _write(source, target, missing)
    return len(missing)


def described(about: About) -> str:
    """A backup in a line."""
    return f"{about.name}  {about.objects} objects, {about.size / 2**20:.1f} MiB, {', '.join(sorted(about.dumps))}"


def _write(source: Heap, target: Heap, lines: Iterable[Line]) -> None:
    for line in lines:
        with backup_files.fetched(source, backup_files.content(line.sha256), line.sha256) as stream:
            target.write(line.name, stream)


def _database(
    source: Heap, about: About, what: str, sha256: str, environ: Mapping[str, str], fetch: Path | None
) -> None:
    setting = DATABASES[what]
    if fetch is None and not environ.get(setting):
        print(f"{what}: left out, since {setting} is not set")
        return
    with tempfile.TemporaryDirectory(prefix="touchline-restore-") as own:
        path = (fetch or Path(own)) / what
        with backup_files.fetched(source, backup_files.file(about.name, what), sha256) as stream:
            path.write_bytes(stream.read())
        if fetch is None:
            dumps.restore(environ[setting], path)
    print(f"{what}: {'fetched' if fetch else 'restored'}", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/restore", description="Bring a backup back into empty places.")
    parser.add_argument("--from", dest="origin", required=True, metavar="ADDRESS", help="where the backups are")
    parser.add_argument("--name", default="", help="which backup (default: the newest)")
    parser.add_argument("--list", action="store_true", help="say which there are, and do nothing")
    parser.add_argument(
        "--fetch", type=Path, metavar="FOLDER", help="put the dumps down there, and restore objects only"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
