"""A backup of an installation while it runs: its bucket, its database, its registry, so that they fit together.

Functions write objects before the rows that name them, and publish (and leave receipts) after both. So a copy fits if
receipts are listed first, then publications and whatever else says how things stand, then the rest, which holds all
that those name; then come the dumps, which know of every publication in the copy; and at last what was stored in
between (`later`), since the dumps may name it. A publication that came too late for its copy is in the dump as
sealed: whoever is delivered the work again publishes just that. `touchline.deploy.restore` is the way back.

`python -m touchline.deploy.backup all --to <address>`, or in three steps (begin, dump, finish) that share a folder,
where the tools of PostgreSQL are in another image. Settings are those of the functions, for the owner of the
database; for the place of the backups, AWS_ACCESS_KEY_ID and the like with BACKUP_ before them.
"""

import argparse
import gzip
import io
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from touchline.adapters import dumps
from touchline.adapters.clock import SystemClock
from touchline.adapters.heaps import Entry, Heap, open_heap
from touchline.deploy import backup_files
from touchline.deploy.backup_files import ABOUT, LISTING, About, Line
from touchline.errors import ConfigurationError, TouchlineError

STORES: Final = {"objects": "TOUCHLINE_STORE", "artifacts": "MLFLOW_ARTIFACTS_DESTINATION"}
"""Names of the stores in a backup, and the settings that say where they are."""
DATABASES: Final = {"touchline.dump": "TOUCHLINE_DATABASE", "registry.dump": "MLFLOW_BACKEND_STORE_URI"}
RECEIPTS: Final = "runs/"
STATE: Final = re.compile(r"(requests|keys|live|results)/|.*/published/|(.*/)?latest\.json$|mode\.json$")
"""Objects that say how things stand: no copy of them may be newer than the dumps."""
_NUMBERED: Final = re.compile(r"(chain|ledger)/|.*/\d{12}[._]")
_LINES: Final = "lines.jsonl"
PREFIX: Final = "BACKUP_"


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Make a backup, or one of its steps, saying what was done; 1 if it could not be made."""
    asked = _parser().parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="touchline-backup-") as own:
            work = asked.work or Path(own)
            for step in ("begin", "dump", "finish") if asked.step == "all" else (asked.step,):
                print(_STEPS[step](work, asked.to, environ), flush=True)
    except TouchlineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def begin(work: Path, to: str, environ: Mapping[str, str]) -> str:
    """Copy what may not be newer than the dumps, and what it names; what was done."""
    if not environ.get(STORES["objects"]):
        hint = "a home of one machine is kept by copying its folder while nothing runs"
        raise ConfigurationError("there is no store to copy", where=STORES["objects"], hint=hint)
    source, target = open_heap(environ[STORES["objects"]], environ), open_heap(to, environ, PREFIX)
    copier = Copier(source, target, "objects", work / _LINES)
    copier.copy_state()
    return copier.told


def dump(work: Path, _to: str, environ: Mapping[str, str]) -> str:
    """Dump the databases; what was done.

    Raises:
        ConfigurationError: there is no database of a server, or no tool of PostgreSQL.
    """
    found = {name: environ[setting] for name, setting in DATABASES.items() if environ.get(setting)}
    if "touchline.dump" not in found:
        raise ConfigurationError("no database to dump", where="TOUCHLINE_DATABASE")
    for name, address in found.items():
        dumps.dump(address, work / name)
    return f"dumps: {', '.join(found)}"


def finish(work: Path, to: str, environ: Mapping[str, str]) -> str:
    """Copy what the dumps may name beyond that, and seal the backup; what was done."""
    target, told = open_heap(to, environ, PREFIX), []
    for store, setting in STORES.items():
        if environ.get(setting):
            copier = Copier(open_heap(environ[setting], environ), target, store, work / _LINES)
            copier.copy(later if store == "objects" else None)
            told.append(copier.told)
    about = _sealed(target, work, f"{SystemClock().now():%Y%m%dt%H%M%S%fz}")
    return "; ".join((*told, f"backup {about.name}: {about.objects} objects, {about.size / 2**20:.1f} MiB"))


def later(name: str) -> bool:
    """Whether an object may be newer than the dumps: it says nothing until something names it.

    >>> [later(n) for n in ("payloads/x/ab.gz", "raw/published/000000000001.json", "raw/lineage/000000000001.parquet")]
    [True, False, False]
    """
    return not (name.startswith(RECEIPTS) or STATE.match(name) or _NUMBERED.match(name))


class Copier:
    """Brings files of one store to the backups, each content once, and writes down what it saw."""

    def __init__(self, source: Heap, target: Heap, store: str, lines: Path) -> None:
        self._source, self._target, self._store, self._lines = source, target, store, lines
        previous = list(_previous(target))
        self._known = {(line.store, line.name, line.size, line.etag): line.sha256 for line in previous}
        self._there = {line.sha256 for line in (*previous, *_written(lines))}
        self._done = {line.name for line in _written(lines) if line.store == store}
        self.told = f"{store}: none"
        self._seen = self._new = 0

    def copy_state(self) -> None:
        """Copy how things stand, and all that it rests on: each look sees what was there before the look before it."""
        self.copy(prefix=RECEIPTS)
        self.copy(lambda name: STATE.match(name) is not None)
        self.copy(lambda name: not name.startswith(RECEIPTS) and STATE.match(name) is None)

    def copy(self, wanted: Callable[[str], bool] | None = None, prefix: str = "") -> None:
        """Look for files, and copy those that are wanted and were not copied before."""
        with self._lines.open("ab") as lines:
            for entry in self._source.entries(prefix):
                if entry.name not in self._done and (wanted is None or wanted(entry.name)):
                    lines.write(msgspec.json.encode(self._kept(entry)) + b"\n")
                    self._done.add(entry.name)
                    self._seen += 1
        self.told = f"{self._store}: {self._seen} looked at, {self._new} new"

    def _kept(self, entry: Entry) -> Line:
        known = self._known.get((self._store, entry.name, entry.size, entry.etag))
        if known:
            return Line(self._store, entry.name, entry.size, known, entry.etag)
        with backup_files.held() as stream:
            self._source.read(entry.name, stream)
            size, sha256 = stream.tell(), backup_files.sha256_of(stream)
            if sha256 not in self._there:
                self._target.write(backup_files.content(sha256), stream)
                self._there.add(sha256)
                self._new += 1
        return Line(self._store, entry.name, size, sha256, entry.etag)


def _sealed(target: Heap, work: Path, name: str) -> About:
    """Write the listing and the dumps of a backup, and last what makes it one."""
    lines = list(_written(work / _LINES))
    kept = {LISTING: work / LISTING, **{path.name: path for path in sorted(work.glob("*.dump"))}}
    with gzip.open(work / LISTING, "wb") as listing:
        listing.write((work / _LINES).read_bytes())
    hashes: dict[str, str] = {}
    for what, path in kept.items():
        with path.open("rb") as stream:
            hashes[what] = backup_files.sha256_of(stream)
            target.write(backup_files.file(name, what), stream)
    made = About(name, len(lines), sum(line.size for line in lines), hashes.pop(LISTING), hashes)
    target.write(backup_files.file(name, ABOUT), io.BytesIO(msgspec.json.encode(made)))
    return made


def _previous(target: Heap) -> Iterator[Line]:
    """Objects of the newest backup: what has not changed since need not be read again."""
    for name in backup_files.names(target)[-1:]:
        yield from backup_files.lines(target, backup_files.about(target, name))


def _written(path: Path) -> Iterator[Line]:
    """Lines of an earlier step of this backup."""
    if path.is_file():
        with path.open("rb") as lines:
            yield from (msgspec.json.decode(line, type=Line) for line in lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/backup", description="Back up an installation while it runs.")
    parser.add_argument("step", choices=("all", *_STEPS), nargs="?", default="all", help="a single step (default: all)")
    parser.add_argument("--to", required=True, metavar="ADDRESS", help="s3://bucket/prefix or a folder")
    parser.add_argument("--work", type=Path, help="folder that the steps share")
    return parser


_STEPS: Final = {"begin": begin, "dump": dump, "finish": finish}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
