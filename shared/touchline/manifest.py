"""Manifests and publications: how a stage says what it made from what, and how others find it.

Data objects are written first, under `<stage>/<id>/`, then `<stage>/<id>/manifest.json`, at last the publication
`<stage>/published/<seq>.json`. Each is created once and never changed, so a reader sees a whole result or none, and
doing the same work twice is harmless. A manifest says nothing of clocks, machines or run ids: same inputs, same bytes.
"""

import gzip
import hashlib
import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, TypeVar

import msgspec

from touchline import tracing
from touchline.domain.routing import CHALLENGER
from touchline.errors import Conflict, CorruptObject, DataError, NotFound, TouchlineError
from touchline.ports import ObjectStore

PAYLOADS: Final = "payloads/"
_PACKED: Final = ".gz"
PACKING: Final = 3
"""Of 9: a fifth larger than with the most effort, at a fifth of the time."""
_T = TypeVar("_T")
Seal = Callable[[str, bytes], bytes]
"""Key and content of a publication -> the content that stands for ever."""


class Ref(msgspec.Struct, frozen=True, order=True):
    """An object and the hash that its bytes must have."""

    key: str
    sha256: str
    rows: int | None = None
    schema: str = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a stage made: `id` is the hash of inputs, parameters and versions; `outputs` are named."""

    stage: str
    id: str
    inputs: tuple[Ref, ...]
    outputs: dict[str, Ref]
    parameters: dict[str, Any]
    versions: dict[str, str]
    counts: dict[str, int]


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """Points at a manifest; its key carries the sequence number.

    `sidecars` hold what depends on the way rather than on the content (which payload last changed a match, say).
    """

    seq: int
    manifest: str
    sha256: str
    promotion: int | None = None
    revision: int = 0
    sidecars: dict[str, Ref] = {}
    traceparent: str = ""
    """Span of the run that published it, for the runs that it wakes."""


def encode(value: Any) -> bytes:
    """Deterministic JSON: sorted keys, no blanks.

    >>> encode({"b": 1, "a": (2, None)})
    b'{"a":[2,null],"b":1}'
    """
    return msgspec.json.encode(value, order="sorted")


def decode(data: bytes, kind: type[_T], where: str = "") -> _T:
    """Strict JSON into a declared type.

    Raises:
        DataError: the bytes are not such a value; says at which path.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise DataError(f"not a valid {kind.__name__}: {error}", where=where) from error


def sha256(data: bytes) -> str:
    """Hash of bytes as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


@lru_cache(maxsize=1)
def payload_digest(body: bytes) -> str:
    """The same of a payload's body, which several ask for one after the other, so it is remembered until the next."""
    return sha256(body)


def content_id(stage: str, inputs: tuple[Ref, ...], parameters: Mapping[str, Any], versions: Mapping[str, str]) -> str:
    """Identity of a piece of work, 20 hexadecimal digits: same inputs, parameters and versions, same id."""
    return sha256(encode([stage, sorted(ref.sha256 for ref in inputs), dict(parameters), dict(versions)]))[:20]


def write_object(store: ObjectStore, key: str, data: bytes, *, rows: int | None = None, schema: str = "") -> Ref:
    """Create a content object; one that exists must be the same, byte for byte.

    Raises:
        CorruptObject: another object stands under the key.
    """
    digest = sha256(data)
    if not store.create(key, data) and sha256(store.get(key)) != digest:
        raise CorruptObject("an object with other content exists", where=key, hint="a stage is not deterministic")
    return Ref(key, digest, rows, schema)


def read_object(store: ObjectStore, ref: Ref) -> bytes:
    """Content of an object, checked; of a payload, the bytes as received.

    Raises:
        CorruptObject: its bytes do not have the hash of the reference.
        NotFound: there is no such object.
    """
    return payload_bytes(store, ref) if ref.key.startswith(PAYLOADS) else _checked(store.get(ref.key), ref)


def _checked(data: bytes, ref: Ref) -> bytes:
    if sha256(data) != ref.sha256:
        raise CorruptObject(f"hash is {sha256(data)[:12]}, promised was {ref.sha256[:12]}", where=ref.key)
    return data


def payload_ref(source: str, digest: str) -> Ref:
    """Where the bytes that came from a source are kept; they are named, and referred to, by the hash of themselves.

    >>> payload_ref("files", "ab12").key
    'payloads/files/ab12.gz'
    """
    return Ref(f"{PAYLOADS}{source}/{digest}{_PACKED}", digest)


def write_payload(store: ObjectStore, source: str, body: bytes) -> Ref:
    """Keep bytes as received, compressed.

    Raises:
        CorruptObject: other bytes stand in their place.
    """
    ref = payload_ref(source, payload_digest(body))
    if not store.create(ref.key, gzip.compress(body, PACKING, mtime=0)):
        payload_bytes(store, ref)
    return ref


def payload_bytes(store: ObjectStore, ref: Ref) -> bytes:
    """Bytes as received, unpacked and checked.

    Raises:
        CorruptObject: they do not have the hash of the reference.
        NotFound: there is no such object.
    """
    data = store.get(ref.key)
    if ref.key.endswith(_PACKED):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise CorruptObject(f"cannot be unpacked: {error}", where=ref.key) from error
    return _checked(data, ref)


def publication_key(stage: str, seq: int, promotion: int | None = None, revision: int = 0) -> str:
    """Key of a publication; a later revision stands behind the earlier one in the order of keys (`_` is after `.`).

    >>> publication_key("raw", 7), publication_key("predictions", 7, 2)
    ('raw/published/000000000007.json', 'predictions/published/000000000007-000000000002.json')
    >>> publication_key("predictions", 7, 2, 1)
    'predictions/published/000000000007-000000000002_000001.json'
    """
    suffix = "" if promotion is None else f"-{promotion:012d}"
    return f"{stage}/published/{seq:012d}{suffix}{f'_{revision:06d}' if revision else ''}.json"


def publish(
    store: ObjectStore,
    manifest: Manifest,
    seq: int,
    *,
    promotion: int | None = None,
    revision: int = 0,
    sidecars: Mapping[str, Ref] | None = None,
    seal: Seal | None = None,
) -> tuple[str, bool]:
    """Write the manifest, then its publication, then move `latest.json` forward.

    Args:
        store: where to.
        manifest: what was made.
        seq: number of the publication.
        promotion: second part of the number, of forecasts.
        revision: third part.
        sidecars: objects that go with it.
        seal: `Claim.seal` of a function that works under a claim. What was sealed under a key first is what is
            published there, so that a run that stopped between the two is completed by the next one.

    Returns:
        The publication's key, and whether it is new.

    Raises:
        DataError: the number was published already, and points at another manifest.
        Conflict: the claim was lost; or an earlier run sealed the number and did not publish it, which is done now.
    """
    where = f"{manifest.stage}/{manifest.id}/manifest.json"
    ref = write_object(store, where, encode(manifest))
    publication = Publication(
        seq=seq,
        manifest=where,
        sha256=ref.sha256,
        promotion=promotion,
        revision=revision,
        sidecars=dict(sidecars or {}),
        traceparent=tracing.current(),
    )
    key = publication_key(manifest.stage, seq, promotion, revision)
    body = seal(key, encode(publication)) if seal else encode(publication)
    created = store.create(key, body)
    stands = decode(body if created else store.get(key), Publication, key)
    point(store, manifest.stage, stands)
    if (stands.manifest, stands.sha256) != (where, ref.sha256):
        raise _differs(stands, where, key, created)
    return key, created


def _differs(stands: Publication, made: str, where: str, created: bool) -> TouchlineError:
    """A number means one thing for ever: what to say where something else was made for it."""
    if created:
        return Conflict("an earlier run sealed this number", where=where, hint="it is published now; come again")
    return DataError(
        f"points at {stands.manifest} already, {made} was made of the same input",
        where=where,
        hint="the code or its settings changed: new data get a new number, so scrape or ingest some",
    )


def point(store: ObjectStore, stage: str, publication: Publication) -> bool:
    """Move the pointer to the newest publication of a stage forward; whether it moved."""
    key = f"{stage}/latest.json"
    return advance(store, key, encode(publication), Publication, lambda now: _rank(now) >= _rank(publication))


def advance(store: ObjectStore, key: str, data: bytes, kind: type[_T], stays: Callable[[_T], bool]) -> bool:
    """Move a pointer forward, never back, whoever else moves it.

    Args:
        store: where it is.
        key: its key; there may be none yet.
        data: what it is to say.
        kind: of what it says now.
        stays: whether what it says now is to stay, being newer or the same.

    Returns:
        Whether it moved.
    """
    while True:
        info = store.stat(key)
        if info is None:
            if store.create(key, data):
                return True
        elif stays(decode(store.get(key), kind, key)):
            return False
        elif store.swap(key, data, info.etag):
            return True


def traceparent(data: bytes) -> str:
    """Span of the run that wrote an object, where the object is JSON that says so.

    >>> traceparent(b'{"seq":1,"traceparent":"00-ab-cd-01"}'), traceparent(b"Div,Date")
    ('00-ab-cd-01', '')
    """
    try:
        return msgspec.json.decode(data, type=_Traced).traceparent
    except msgspec.MsgspecError:
        return ""


class _Traced(msgspec.Struct):
    traceparent: str = ""


def _rank(publication: Publication) -> tuple[int, int, int]:
    return publication.seq, publication.promotion or 0, publication.revision


def read_publication(store: ObjectStore, key: str) -> tuple[Publication, Manifest]:
    """A publication and its manifest, checked.

    Raises:
        NotFound, CorruptObject, DataError: the chain is broken at the object that the error names.
    """
    publication = decode(store.get(key), Publication, key)
    data = read_object(store, Ref(publication.manifest, publication.sha256))
    return publication, decode(data, Manifest, publication.manifest)


def superseded(store: ObjectStore, key: str) -> str:
    """Newer publication in the same prefix, empty if `key` is the newest: what is superseded need not be worked on."""
    prefix = key.rpartition("/")[0] + "/"
    newest = max((info.key for info in store.list(prefix)), default="")
    return newest if newest > key else ""


def current(store: ObjectStore, stage: str) -> tuple[Publication, Manifest]:
    """The current state of a stage: its publication with the highest number.

    Raises:
        NotFound: the stage has published nothing.
    """
    keys = [info.key for info in store.list(f"{stage}/published/")]
    if not keys:
        raise NotFound(
            f"nothing published by {stage} yet", where=f"{stage}/published/", hint="run the stages before it first"
        )
    return read_publication(store, max(keys))


def bundle_of(manifest: Manifest, challenger: bool = False) -> tuple[str, dict[str, str]]:
    """Prefix of the model bundle whose files are the outputs of a manifest, and the hash of each file.

    Args:
        manifest: of a model, or of what serves.
        challenger: the second bundle of what serves, if a route names a challenger, instead of the champion's.

    Raises:
        CorruptObject: the files lie in several places, or there are none.

    >>> refs = {"model": Ref("models/m1/model.onnx", "ab"), "card": Ref("models/m1/card.json", "cd")}
    >>> bundle_of(Manifest(stage="models", id="m1", inputs=(), outputs=refs, parameters={}, versions={}, counts={}))
    ('models/m1', {'model.onnx': 'ab', 'card.json': 'cd'})
    """
    refs = [ref for name, ref in manifest.outputs.items() if name.startswith(CHALLENGER) is challenger]
    folders = {ref.key.rpartition("/")[0] for ref in refs}
    if len(folders) != 1:
        where = f"{manifest.stage}/{manifest.id}/manifest.json"
        raise CorruptObject(f"a bundle in {len(folders)} folders", where=where)
    return folders.pop(), {ref.key.rpartition("/")[2]: ref.sha256 for ref in refs}
