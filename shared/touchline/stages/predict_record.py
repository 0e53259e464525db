"""Which decisions were made about models, and what is known of each model, read from objects alone."""

import re
from collections.abc import Sequence
from typing import Final

from touchline.domain.forecasts import suggestions
from touchline.errors import CorruptObject, DataError, NotFound, Unavailable
from touchline.learning.card import ModelCard
from touchline.manifest import Manifest, decode, read_object
from touchline.ports import ObjectStore, Promotion

DECISIONS: Final = "ledger/promotions/"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")


class Record:
    """Decisions and cards; neither ever changes, so each is read once."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._decisions: dict[str, Promotion] = {}
        self._cards: dict[str, ModelCard] = {}

    def numbers(self) -> list[str]:
        """Keys of all decisions, newest first."""
        return sorted((info.key for info in self._store.list(DECISIONS)), reverse=True)

    def decisions(self, keys: Sequence[str]) -> list[Promotion]:
        """The decisions under these keys.

        Raises:
            Unavailable: one cannot be read.
        """
        for key in keys:
            if key not in self._decisions:
                self._decisions[key] = _whole(self._store, key)
        return [self._decisions[key] for key in keys]

    def card(self, version: str) -> ModelCard:
        """What is known of a model, by its version.

        Raises:
            NotFound: no model of that version was published.
            Unavailable: its card cannot be read.
        """
        if version not in self._cards:
            self._cards[version] = self._read(version)
        return self._cards[version]

    def _read(self, version: str) -> ModelCard:
        key = f"models/{version}/manifest.json"
        if not _NAME.fullmatch(version) or self._store.stat(key) is None:
            known = {row.model_version for row in self.decisions(self.numbers()[:100])}
            raise NotFound(
                f"no model of version {version[:100]!r}",
                where="version",
                details=suggestions(version[:100], known),
                hint="GET /models/decisions lists decisions about models",
            )
        try:
            ref = decode(self._store.get(key), Manifest, key).outputs["card"]
            return decode(read_object(self._store, ref), ModelCard, ref.key)
        except (CorruptObject, DataError, KeyError) as error:
            raise Unavailable(f"the card of model version {version} cannot be read: {error}", where=key) from error


def _whole(store: ObjectStore, key: str) -> Promotion:
    try:
        return decode(store.get(key), Promotion, key)
    except DataError as error:
        raise Unavailable(f"a decision cannot be read: {error}", where=key) from error
