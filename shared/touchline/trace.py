"""From a forecast back to the bytes that were received, every hash on the way checked again.

Publications point at manifests, manifests at their inputs; the walk ends at the payloads, which are named by their own
hash. Nothing is computed anew: what is compared are bytes and promises.
"""

import io
from typing import TYPE_CHECKING, Final

import msgspec

from touchline.domain.forecasts import ForecastSet, MatchForecast
from touchline.errors import CorruptObject, NotFound
from touchline.manifest import (
    PAYLOADS,
    Manifest,
    Publication,
    Ref,
    decode,
    publication_key,
    read_object,
    read_publication,
    sha256,
)
from touchline.ports import ObjectStore

if TYPE_CHECKING:
    from collections.abc import Iterator

PREDICTIONS: Final = "predictions"
RAW: Final = "raw"
MANIFEST: Final = "/manifest.json"
PUBLICATION: Final = "publication"
PAYLOAD: Final = "payload as received"


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
        ref = manifest.outputs["forecasts"]
        told = decode(read_object(store, ref), ForecastSet, ref.key)
        match = next((match for match in told.matches if match.match_id == match_id), None)
        if match is not None:
            walker = _Walker(store, publication.seq, match_id)
            tree = Node(
                info.key, "", PUBLICATION, (walker.node(Ref(publication.manifest, publication.sha256), "manifest"),)
            )
            if not any(node.what == PAYLOAD for node in tree.walk()):
                raise CorruptObject("the chain does not lead to a payload", where=info.key)
            return Trace(match, publication.seq, tree)
    raise NotFound("no forecast of this match", where=match_id, hint="the page and `touchline demo` list what there is")


class _Walker:
    """Checks each object once, however many ways lead to it."""

    def __init__(self, store: ObjectStore, seq: int, match_id: str) -> None:
        self._store, self._seq, self._match_id = store, seq, match_id
        self._known: dict[str, Node] = {}

    def node(self, ref: Ref, what: str) -> Node:
        """An object, checked, above what it was made from."""
        if ref.key not in self._known:
            data = read_object(self._store, ref)
            if ref.key.endswith(MANIFEST):
                self._known[ref.key] = self._manifest(ref.key, data)
            else:
                self._known[ref.key] = Node(ref.key, ref.sha256, what, self._maker(ref))
        return self._known[ref.key]

    def _manifest(self, key: str, data: bytes) -> Node:
        manifest = decode(data, Manifest, key)
        own = f"{manifest.stage}/{manifest.id}/"
        outputs = (self._leaf(ref, name) for name, ref in manifest.outputs.items() if ref.key.startswith(own))
        inputs = (self.node(ref, "input") for ref in manifest.inputs)
        below = (*outputs, *self._validated(manifest), *inputs, *self._payload(key, manifest))
        return Node(key, sha256(data), f"{manifest.stage} manifest", below)

    def _leaf(self, ref: Ref, name: str) -> Node:
        read_object(self._store, ref)
        return Node(ref.key, ref.sha256, name)

    def _maker(self, ref: Ref) -> tuple[Node, ...]:
        """The manifest beside an object; it must promise this very object."""
        key = ref.key.rpartition("/")[0] + MANIFEST
        if self._store.stat(key) is None:
            return ()
        data = self._store.get(key)
        if ref.sha256 not in {output.sha256 for output in decode(data, Manifest, key).outputs.values()}:
            raise CorruptObject("does not promise the object that a later stage read", where=key)
        return (self.node(Ref(key, sha256(data)), "manifest"),)

    def _published(self, stage: str) -> tuple[str, Publication, Manifest] | None:
        """What a stage published under our number, if it did."""
        key = publication_key(stage, self._seq)
        return None if self._store.stat(key) is None else (key, *read_publication(self._store, key))

    def _validated(self, manifest: Manifest) -> tuple[Node, ...]:
        """The validation that let the snapshot of some features pass."""
        found = self._published("validated") if manifest.stage == "features" else None
        if found is None or found[2].outputs["matches"] not in manifest.inputs:
            return ()
        key, publication, _ = found
        return (Node(key, "", PUBLICATION, (self.node(Ref(publication.manifest, publication.sha256), "manifest"),)),)

    def _payload(self, manifest_key: str, manifest: Manifest) -> tuple[Node, ...]:
        """The sidecar of the snapshot under our number, and the payload that last changed the match."""
        found = self._published(RAW) if manifest.stage == RAW else None
        if found is None or found[1].manifest != manifest_key:
            return ()
        sidecar = found[1].sidecars["lineage"]
        digest = _payload_of(read_object(self._store, sidecar), self._match_id, sidecar.key)
        kept = (info.key for info in self._store.list(PAYLOADS))
        payload = next((key for key in kept if key.endswith((f"/{digest}.gz", f"/{digest}"))), None)
        if payload is None:
            raise NotFound("the payload of this match is missing", where=f"{PAYLOADS}*/{digest}.gz")
        return (Node(sidecar.key, sidecar.sha256, "lineage", (self._leaf(Ref(payload, digest), PAYLOAD),)),)


def _payload_of(lineage: bytes, match_id: str, where: str) -> str:
    import pyarrow.parquet as pq

    table = pq.read_table(io.BytesIO(lineage)).to_pydict()
    known = dict(zip(table["match_id"], table["payload"], strict=True))
    if match_id not in known:
        raise NotFound(f"does not know {match_id}", where=where)
    return str(known[match_id])
