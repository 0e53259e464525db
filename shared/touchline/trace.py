"""From a forecast back to the bytes that were received, every hash on the way checked again.

Publications point at manifests, manifests at their inputs; the walk ends at the payloads, which are named by their own
hash. Nothing is computed anew: what is compared are bytes and promises.
"""

import io
from typing import TYPE_CHECKING, Final

import msgspec

from touchline.domain.forecasts import ForecastSet, MatchForecast
from touchline.errors import CorruptObject, NotFound
from touchline.manifest import Manifest, Publication, Ref, decode, read_object, read_publication
from touchline.ports import ObjectStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

PREDICTIONS: Final = "predictions"
RAW: Final = "raw"


class Node(msgspec.Struct, frozen=True):
    """A checked object, and those that it was made from."""

    key: str
    sha256: str
    what: str
    made_from: "tuple[Node, ...]" = ()

    def walk(self) -> "Iterator[Node]":
        """The object and all below it."""
        yield self
        for node in self.made_from:
            yield from node.walk()


class Trace(msgspec.Struct, frozen=True):
    """A forecast, and the tree of objects that it stands on."""

    match: MatchForecast
    seq: int
    tree: Node


def trace(store: ObjectStore, match_id: str) -> Trace:
    """Walk from the newest forecast of a match down to the payload that last changed the match.

    Raises:
        NotFound: there is no forecast of this match, or an object of the chain is missing (the error names it).
        CorruptObject: an object does not have the bytes that were promised (the error names it).
    """
    for info in sorted(store.list(f"{PREDICTIONS}/published/"), key=lambda info: info.key, reverse=True):
        publication, manifest = read_publication(store, info.key)
        match = _forecast(store, manifest, match_id)
        if match is not None:
            walker = _Walker(store, publication.seq, match_id)
            node = walker.manifest(publication.manifest, publication.sha256)
            return Trace(match, publication.seq, Node(info.key, "", "publication", (node,)))
    raise NotFound("no forecast of this match", where=match_id, hint="the page and `touchline demo` list what there is")


def _forecast(store: ObjectStore, manifest: Manifest, match_id: str) -> MatchForecast | None:
    ref = manifest.outputs["json"] if "json" in manifest.outputs else manifest.outputs["forecasts.json"]
    found = decode(read_object(store, ref), ForecastSet, ref.key)
    return next((match for match in found.matches if match.match_id == match_id), None)


class _Walker:
    """Checks each object once, however many ways lead to it."""

    def __init__(self, store: ObjectStore, seq: int, match_id: str) -> None:
        self._store, self._seq, self._match_id = store, seq, match_id
        self._known: dict[str, Node] = {}

    def manifest(self, key: str, digest: str) -> Node:
        """A manifest with its outputs checked, above what it was made from."""
        manifest = decode(read_object(self._store, Ref(key, digest)), Manifest, key)
        outputs = tuple(self._leaf(ref, name) for name, ref in sorted(manifest.outputs.items()))
        inputs = tuple(self.input(ref) for ref in manifest.inputs)
        below = self._payload(key) if manifest.stage == RAW else ()
        return Node(key, digest, f"{manifest.stage} {manifest.id}", (*outputs, *inputs, *below))

    def input(self, ref: Ref) -> Node:
        """What a stage read; above the manifest that describes it, where one stands beside it."""
        if ref.key not in self._known:
            self._known[ref.key] = self._read(ref)
        return self._known[ref.key]

    def _read(self, ref: Ref) -> Node:
        data = read_object(self._store, ref)
        if ref.key.endswith("/manifest.json"):
            return self.manifest(ref.key, ref.sha256)
        if "/published/" in ref.key:
            publication = decode(data, Publication, ref.key)
            return Node(ref.key, ref.sha256, "publication", (self.manifest(publication.manifest, publication.sha256),))
        return Node(ref.key, ref.sha256, "input", self._maker(ref))

    def _maker(self, ref: Ref) -> tuple[Node, ...]:
        """The manifest beside an object, if it promises this very object."""
        key = ref.key.rpartition("/")[0] + "/manifest.json"
        if self._store.stat(key) is None:
            return ()
        manifest = decode(self._store.get(key), Manifest, key)
        if ref.sha256 not in {output.sha256 for output in manifest.outputs.values()}:
            raise CorruptObject("does not promise the object that a later stage read", where=key)
        if key not in self._known:
            inputs = tuple(self.input(one) for one in manifest.inputs)
            below = self._payload(key) if manifest.stage == RAW else ()
            self._known[key] = Node(key, "", f"{manifest.stage} {manifest.id}", (*inputs, *below))
        return (self._known[key],)

    def _leaf(self, ref: Ref, name: str) -> Node:
        read_object(self._store, ref)
        return Node(ref.key, ref.sha256, name)

    def _payload(self, manifest_key: str) -> tuple[Node, ...]:
        """The sidecar of the snapshot, and the payload that last changed the match."""
        publication, _ = read_publication(self._store, f"{RAW}/published/{self._seq:012d}.json")
        if publication.manifest != manifest_key:
            raise CorruptObject("points at another snapshot", where=f"{RAW}/published/{self._seq:012d}.json")
        sidecar = publication.sidecars["lineage"]
        digest = _payload_of(_parquet(read_object(self._store, sidecar)), self._match_id, sidecar.key)
        payload = next((i.key for i in self._store.list("payloads/") if i.key.endswith(f"/{digest}")), None)
        if payload is None:
            raise NotFound("the payload of this match is missing", where=f"payloads/*/{digest}")
        read_object(self._store, Ref(payload, digest))
        return (Node(sidecar.key, sidecar.sha256, "lineage", (Node(payload, digest, "payload as received"),)),)


def _parquet(data: bytes) -> "pd.DataFrame":
    import pandas as pd

    return pd.read_parquet(io.BytesIO(data))


def _payload_of(lineage: "pd.DataFrame", match_id: str, where: str) -> str:
    found = lineage.loc[lineage["match_id"] == match_id, "payload"]
    if found.empty:
        raise NotFound(f"does not know {match_id}", where=where)
    return str(found.iloc[0])
