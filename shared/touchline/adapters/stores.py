"""Which object store an address means."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from touchline.errors import ConfigurationError
from touchline.ports import ObjectStore

_KNOWN = "s3://bucket/prefix, gs://bucket/prefix, file:///folder or the path of a folder; a prefix may be left out"


def open_store(address: str, default: Path, lock_days: int = 0) -> ObjectStore:
    """The store at an address (`s3://`, `gs://`, `file://` or a path); a folder at `default` if it is empty.

    Args:
        address: of a store.
        default: a folder.
        lock_days: for so long the store keeps what is written under `ledger/` from being removed.

    Raises:
        ConfigurationError: nobody knows such an address, or the store there cannot lock objects.
    """
    if lock_days and not address.startswith("s3://"):
        raise ConfigurationError("only a bucket of S3 locks objects", where="TOUCHLINE_STORE_LOCK_DAYS")
    if "://" not in address:
        return _folder(Path(address) if address else default)
    parts = urlsplit(address)
    if parts.scheme == "file" and not parts.netloc and parts.path:
        return _folder(Path(unquote(parts.path)))
    if parts.scheme not in ("s3", "gs") or not parts.netloc or parts.query or parts.fragment or "@" in parts.netloc:
        raise ConfigurationError(  # an address may hold a secret: it is not told
            f"no address of an object store: {parts.scheme}://...", where="TOUCHLINE_STORE", hint=f"known are {_KNOWN}"
        )
    return _bucket(parts.scheme, parts.netloc, parts.path, lock_days)


def _folder(path: Path) -> ObjectStore:
    from touchline.adapters.local_store import LocalStore

    return LocalStore(path)


def _bucket(scheme: str, bucket: str, prefix: str, lock_days: int) -> ObjectStore:
    """The clients of the clouds are large: only the one that is asked for is loaded."""
    if scheme == "s3":
        from touchline.adapters.s3_store import S3Store

        return S3Store(bucket, prefix, lock_days)
    try:
        from touchline.adapters.gcs_store import GcsStore
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"the client of Google's buckets is not installed ({error.name})",
            where="TOUCHLINE_STORE",
            hint="predict has it in requirements-google.txt",
        ) from error

    return GcsStore(bucket, prefix)
