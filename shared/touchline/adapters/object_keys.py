"""Which keys and prefixes every object store takes, whatever the system behind it would allow."""

from typing import Final

from touchline.domain.vocabulary import KEY_ALPHABET
from touchline.errors import DataError

LONGEST_KEY: Final = 1024
"""Bytes, as in S3 and Google Cloud Storage."""
LONGEST_NAME: Final = 255
"""Bytes between two slashes, as in most file systems."""


def is_key(key: str) -> bool:
    """Whether a key uses the alphabet and has no empty, `.` or `..` segment."""
    return KEY_ALPHABET.fullmatch(key) is not None and not {"", ".", ".."}.intersection(key.split("/"))


def check_key(key: str) -> None:
    """Refuse what is no key.

    Raises:
        DataError: a letter outside the alphabet, an empty, `.` or `..` segment, or too long.
    """
    if not is_key(key):
        raise DataError(f"{key!r} is no key", where=key, hint="keys use [a-z0-9/_.-], no empty, . or .. segment")
    if len(key) > LONGEST_KEY or max(map(len, key.split("/"))) > LONGEST_NAME:
        raise DataError("the key is too long", where=key, hint=f"at most {LONGEST_NAME} letters between slashes")


def check_prefix(prefix: str) -> None:
    """Refuse what cannot be the beginning of a key.

    Raises:
        DataError: a letter outside the alphabet, or a whole segment that no key can have.
    """
    folder, slash, start = prefix.rpartition("/")
    if start and not KEY_ALPHABET.fullmatch(start):
        raise DataError(f"{prefix!r} cannot start a key", where=prefix, hint="keys use [a-z0-9/_.-] only")
    if slash:
        check_key(folder)
