"""Backups: what comes back is what was there, and fits together although everything went on meanwhile."""

import io
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
import pytest
import sqlalchemy as sa

import s3
from scraped import NOW, match, payload, run, teams_of
from touchline.adapters import database
from touchline.adapters.clock import VirtualClock
from touchline.adapters.heaps import Bucket, Entry, Folder, Heap
from touchline.adapters.match_store import SqlMatchStore
from touchline.deploy import backup, restore
from touchline.deploy.backup import Copier
from touchline.deploy.backup_files import Line, content

_numbers = itertools.count()
ARTIFACTS = {
    "1/models/m-5F/artifacts/MLmodel": b"a model",
    "1/models/m-5F/artifacts/data/model with blank.xgb": b"0" * 70_000,
}
OBJECTS = {
    "runs/scrape/20260101/20260101t090000000000z-abcdef123456-0-204.json": b"{}",
    "scrapes/published/000000000001.json": b"first",
    "serving/latest.json": b"first",
    "payloads/files/" + "ab" * 32 + ".gz": b"as received",
    "raw/lineage/000000000001.parquet": b"lineage",
}


class Place:
    """An installation of its own: two databases, a store and artifacts, in buckets or folders."""

    def __init__(self, server: str, endpoint: str, folder: Path) -> None:
        self._server, self._number = server, next(_numbers)
        self.databases = {name: f"backup_{name}_{self._number}" for name in ("touchline", "mlflow")}
        self._execute(*(f"CREATE DATABASE {name}" for name in self.databases.values()))
        client = s3.client(endpoint)
        self.objects, self.artifacts = (
            Bucket(client, s3.bucket(endpoint), ""),
            Folder(folder / f"artifacts-{self._number}"),
        )
        self.environ = {
            "TOUCHLINE_STORE": f"s3://{self.objects._bucket}",
            "MLFLOW_ARTIFACTS_DESTINATION": str(folder / f"artifacts-{self._number}"),
            "TOUCHLINE_DATABASE": self.address("touchline"),
            "MLFLOW_BACKEND_STORE_URI": self.address("mlflow"),
            "AWS_ENDPOINT_URL_S3": endpoint,
            "AWS_ACCESS_KEY_ID": "touchline",
            "AWS_SECRET_ACCESS_KEY": "no-secret",
            "AWS_REGION": "us-east-1",
        }
        self.environ |= {f"BACKUP_{name}": value for name, value in self.environ.items() if name.startswith("AWS_")}

    def address(self, name: str) -> str:
        return self._server.format(database=self.databases[name])

    def fill(self) -> None:
        for heap, files in ((self.objects, OBJECTS), (self.artifacts, ARTIFACTS)):
            for name, data in files.items():
                heap.write(name, io.BytesIO(data))
        engine = database.connect(self.address("touchline"))
        store = SqlMatchStore(engine, VirtualClock(NOW))
        store.record(run(), match(payload=payload(1)), teams_of(match()))
        engine.dispose()
        registry = sa.create_engine(self.address("mlflow"))
        with registry.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE model_versions (name TEXT, version INT)")
            connection.exec_driver_sql("INSERT INTO model_versions VALUES ('touchline', 7)")
        registry.dispose()

    def rows(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self.databases:
            engine = sa.create_engine(self.address(name))
            with engine.connect() as connection:
                for table in sa.inspect(connection).get_table_names():
                    rows = connection.exec_driver_sql(f'SELECT * FROM "{table}"').all()
                    found[f"{name}.{table}"] = sorted(map(repr, rows))
            engine.dispose()
        return found

    def close(self) -> None:
        self._execute(*(f"DROP DATABASE {name} WITH (FORCE)" for name in self.databases.values()))

    def _execute(self, *statements: str) -> None:
        engine = sa.create_engine(self._server.format(database="postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()


@pytest.fixture
def place(postgresql_server: str, s3_endpoint: str, tmp_path: Path) -> Iterator[Callable[[], Place]]:
    made: list[Place] = []

    def one_more() -> Place:
        made.append(Place(postgresql_server, s3_endpoint, tmp_path))
        return made[-1]

    yield one_more
    for one in made:
        one.close()


def files(heap: Heap) -> dict[str, bytes]:
    found = {}
    for entry in heap.entries():
        sink = io.BytesIO()
        heap.read(entry.name, sink)
        found[entry.name] = sink.getvalue()
    return found


@pytest.mark.parametrize("kind", ["folder", "bucket"])
def test_what_comes_back_is_what_was_there(
    place: Callable[[], Place], s3_endpoint: str, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    to = str(tmp_path / "backups") if kind == "folder" else f"s3://{s3.bucket(s3_endpoint)}/touchline/backups"
    old, new = place(), place()
    old.fill()
    assert backup.main(["--to", to], old.environ) == 0
    assert "objects: 5 looked at, 4 new" in capsys.readouterr().out  # two have the same content
    assert restore.main(["--from", to], new.environ) == 0
    assert files(new.objects) == OBJECTS
    assert files(new.artifacts) == ARTIFACTS
    assert new.rows() == old.rows()
    assert len(new.rows()["touchline.matches"]) == 1
    engine = database.connect(new.address("touchline"))  # it goes on with the next number
    assert (
        SqlMatchStore(engine, VirtualClock(NOW)).record(run(2), match(status="postponed", payload=payload(2)), {}).seq
        == 2
    )
    engine.dispose()


def test_a_second_backup_copies_what_is_new_and_the_first_stays(
    place: Callable[[], Place], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to, old, new = tmp_path / "backups", place(), place()
    old.fill()
    assert backup.main(["--to", str(to)], old.environ) == 0
    old.objects.write("serving/latest.json", io.BytesIO(b"second"))
    old.objects.write("raw/2/matches.parquet", io.BytesIO(b"as received"))  # a content that is there
    (to / "backups" / "20990101t000000000000z").mkdir()  # one that was broken off
    capsys.readouterr()
    assert backup.main(["--to", str(to)], old.environ) == 0
    assert "objects: 6 looked at, 1 new" in capsys.readouterr().out
    assert restore.main(["--from", str(to), "--list"], {}) == 0
    first, second = (line.split()[:2] for line in capsys.readouterr().out.splitlines())
    assert (first[1], second[1]) == ("7", "8")
    assert restore.main(["--from", str(to), "--name", first[0]], new.environ) == 0
    assert files(new.objects) == OBJECTS


def test_a_place_that_is_not_empty_is_left_alone(
    place: Callable[[], Place], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to, old = str(tmp_path / "backups"), place()
    old.fill()
    assert backup.main(["--to", to], old.environ) == 0
    before = old.rows()
    assert restore.main(["--from", to], old.environ) == 1
    assert "the database is not empty" in capsys.readouterr().err
    old.objects.write("raw/9/mine.parquet", io.BytesIO(b"mine"))
    assert restore.main(["--from", to], old.environ) == 1
    assert "raw/9/mine.parquet: the store has 1 objects that are not of this backup" in capsys.readouterr().err
    assert old.rows() == before


def test_a_restore_that_was_interrupted_goes_on_and_a_content_that_changed_is_refused(
    place: Callable[[], Place], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to, old, new = tmp_path / "backups", place(), place()
    old.fill()
    assert backup.main(["--to", str(to)], old.environ) == 0
    broken = next(path for path in (to / "content").glob("*/*") if path.read_bytes() == b"lineage")
    broken.write_bytes(b"Lineage")
    assert restore.main(["--from", str(to)], new.environ) == 1
    assert "its sha256 is" in capsys.readouterr().err
    assert new.rows() == {}
    broken.write_bytes(b"lineage")
    assert restore.main(["--from", str(to)], new.environ) == 0
    assert "objects: 5, of which" in capsys.readouterr().out
    assert files(new.objects) == OBJECTS
    assert new.rows() == old.rows()


def test_what_is_missing_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    to = str(tmp_path / "backups")
    (tmp_path / "objects").mkdir()
    environ = {"TOUCHLINE_STORE": str(tmp_path / "objects"), "TOUCHLINE_DATABASE": f"sqlite:///{tmp_path}/touchline.db"}
    for asked, given, said in (
        (["--to", to], {}, "there is no store to copy"),
        (["--to", "ftp://there"], environ, "files cannot be kept at ftp"),
        (["--to", to], {"TOUCHLINE_STORE": environ["TOUCHLINE_STORE"]}, "no database to dump"),
        (["--to", to], environ, "no dump of sqlite"),
    ):
        assert backup.main(asked, given) == 1
        assert said in capsys.readouterr().err
    assert restore.main(["--from", to], environ) == 1
    assert "there is no backup" in capsys.readouterr().err


# While everything goes on


class Memory:
    """Files in memory."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def entries(self, prefix: str = "") -> Iterator[Entry]:
        yield from (Entry(name, len(data), data.hex()) for name, data in self.files.items() if name.startswith(prefix))

    def read(self, name: str, sink: BinaryIO) -> None:
        sink.write(self.files[name])

    def write(self, name: str, source: BinaryIO) -> None:
        self.files[name] = source.read()


class Busy(Memory):
    """A store in which the chain goes on between any two files that somebody looks at."""

    def __init__(self) -> None:
        super().__init__()
        self.number, self.last = 0, 20
        self._went_on = self._chain()

    def entries(self, prefix: str = "") -> Iterator[Entry]:
        """As a bucket lists: what is written behind the place that was reached is still seen."""
        reached = ""
        while found := min((name for name in self.files if name > reached and name.startswith(prefix)), default=""):
            yield Entry(found, len(self.files[found]), "")
            reached = found
            if self.number < self.last:
                self.go_on(3)

    def go_on(self, steps: int) -> None:
        """Write the next things that a chain writes."""
        for _ in range(steps):
            name, data = next(self._went_on)
            self.files[name] = data

    def _chain(self) -> Iterator[tuple[str, bytes]]:
        for number in itertools.count(1):
            self.number, upstream = number, f"runs/{number}".encode()
            yield f"payloads/{number}", b"as received"
            for stage in ("scrapes", "raw", "features", "serving"):
                data, manifest = f"{stage}/{number:04x}/data.parquet", f"{stage}/{number:04x}/manifest.json"
                publication = f"{stage}/published/{number:012}.json"
                yield data, b"numbers of " + upstream
                yield manifest, data.encode()
                yield f"{stage}/lineage/{number:012}.parquet", b"where each row is from"
                yield publication, manifest.encode()
                yield f"{stage}/latest.json", manifest.encode()
                yield f"runs/{stage}/{number:012}.json", publication.encode()
                upstream = publication.encode()


def test_a_copy_fits_together_although_the_chain_went_on(tmp_path: Path) -> None:
    source, target, lines = Busy(), Memory(), tmp_path / "lines.jsonl"
    source.go_on(100)
    copier = Copier(source, target, "objects", lines)
    copier.copy_state()
    dumped, source.last = source.number, source.number + 5  # what a dump of this moment would know of; and on it goes
    copier.copy(backup.later)
    copied = [msgspec.json.decode(line, type=Line) for line in lines.read_bytes().splitlines()]
    names = {line.name: target.files[content(line.sha256)].decode() for line in copied}
    assert len(names) == len(copied)
    for name, said in names.items():
        if name.endswith("json"):
            assert said in names, f"{name} names {said}"
        if "/published/" in name:
            assert int(name[-17:-5]) <= dumped
            assert name.replace("published", "lineage").replace("json", "parquet") in names
    assert sum("/published/" in name for name in names) >= 20
    assert f"payloads/{dumped + 1}" in names
