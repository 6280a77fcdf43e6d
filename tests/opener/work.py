"""The material of the formats as work for the opener, each piece with what Python makes of the same.

Golden vectors (tests/vectors) and the must-fail cases 1, 2, 4 and 5 of docs/formats.md section 6.
"""

import dataclasses
import gzip
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.canonical import canonical, parse
from content.merged_series import merge_series
from content.rendition import read_rendition_of
from content.series_metadata import SeriesInstance, write_series
from keyvault.crypto.blob_opener import Opener
from keyvault.crypto.envelope import derive
from keyvault.crypto.sealed_blob import BlobKind, BlobRef, SealedBlob, commitment, plaintext_size
from keyvault.crypto.signing import key_id
from keyvault.grants.grant import GrantBody, new_recipient, open_grant
from records.errors import CoffreError
from records.text.base64url import b64, unb64
from tests.opener.faulty_store import Store
from tests.unit.keyvault import granting, sealing
from tests.unit.keyvault.granting import made, rebuilt, resigned
from tests.unit.keyvault.sealing import DEK, REF, Sample, material, sample
from tests.unit.keyvault.test_blob_commitment import HEADER, OTHER, ciphertext_under_two_keys
from tests.unit.keyvault.test_golden_vectors import load

SEGMENT, STRIDE = 65536, 65520
Answers = Mapping[str, tuple[dict[str, Any], Any]]
"""By name: the work, and what has to come of it."""


@dataclass(frozen=True)
class Kept:
    """A blob as a grant and a store say it is, which need not agree."""

    sealed: SealedBlob
    cipher: bytes
    dek: bytes = DEK
    fault: str = "good"


def grants() -> Answers:
    """Suite 2 as Python opens it; suite 1 is none for a browser."""
    found: dict[str, tuple[dict[str, Any], Any]] = {}

    def add(name: str, grant: dict[str, Any], **more: Any) -> None:
        found[name] = _grant(grant, **more)

    vectors = load("grants.json")
    public = bytes.fromhex(vectors["signer_public"])
    golden = {"private": bytes.fromhex(vectors["recipient_private"]), "pinned": {key_id(public): public}}
    for grant in vectors["grants"]:
        add(f"golden, suite {grant['suite']}", grant, **golden)
    add("made here", made(suite=2))
    add("with addresses", made(suite=2) | {"urls": {"x": "https://store.example/x"}})
    add("nothing granted", made(suite=2, body=GrantBody((), (), ())))
    add("at the end of its time", made(suite=2), now=granting.NOW + 960)
    add("behind its time", made(suite=2), now=granting.NOW + 961)
    add("before its time", made(suite=2), now=granting.NOW - 61)
    private, recipient = new_recipient()
    add("of another recipient", made(suite=2), private=private)
    replayed = made(suite=2) | {"recipient": b64(recipient)}
    add("replayed for another recipient", replayed, private=private)
    add("replayed and signed", resigned(replayed, {}), private=private)
    add("another end than in the head", resigned(made(suite=2), {"expires": granting.NOW + 899}))
    add("a suite less", made(suite=2) | {"suite": 1})
    add("a suite less, signed", resigned(made(suite=2), {"suite": 1}))
    add("a sealed box", made(suite=1))
    add("unpinned", made(suite=2), pinned={})
    for member in ("head", "nonce", "body"):
        altered = bytearray(unb64(made(suite=2)[member]))
        altered[-1] ^= 1
        add(f"altered {member}", made(suite=2) | {member: b64(bytes(altered))})
        add(f"altered {member}, signed", resigned(made(suite=2), {member: b64(bytes(altered))}))
    for number, point in enumerate(granting.LOW_ORDER):
        head = point + unb64(made(suite=2)["head"])[32:]
        add(f"shared secret of zeros {number}", resigned(made(suite=2), {"head": b64(head)}))
    add("sealed by whoever knows that the secret is zeros", _to_zeros())
    elsewhere = b"coffre-grant-v1\0\2" + UUID(int=99).bytes
    add("the head of another grant", rebuilt(2, lambda body: None, head_place=elsewhere))
    for number, change in enumerate(granting.UNSIGNED):
        add(f"unsigned change {number}", made(suite=2) | change)
    for number, change in enumerate(granting.MALFORMED):
        add(f"signed change {number}", resigned(made(suite=2), change))
    for name, edit in granting.EDITS.items():
        add(f"a body with {name}", rebuilt(2, edit))
    return found


def _to_zeros() -> dict[str, Any]:
    """A grant of which everything is right but that its exchange gave zeros (RFC 9180 section 7.1.4)."""
    grant = rebuilt(2, lambda body: None)
    body, enc = unb64(grant["body"]), bytes(32)
    info = b"coffre-grant-v1\0\2" + granting.GRANT.bytes + granting.RECIPIENT
    secrets = (granting.NOW + 900).to_bytes(8, "big") + hashlib.sha256(body).digest() + bytes(range(32))

    def extract(salt: bytes, suite: bytes, label: bytes, key: bytes) -> bytes:
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + key, "sha256")

    def expand(key: bytes, suite: bytes, label: bytes, context: bytes, size: int) -> bytes:
        message = size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + context + b"\1"
        return hmac.digest(key, message, "sha256")[:size]

    kem, suite = b"KEM\0\x20", b"HPKE\0\x20\0\1\0\2"
    shared = expand(
        extract(b"", kem, b"eae_prk", bytes(32)), kem, b"shared_secret", enc + granting.RECIPIENT, 32
    )
    context = b"\0" + extract(b"", suite, b"psk_id_hash", b"") + extract(b"", suite, b"info_hash", info)
    schedule = extract(shared, suite, b"secret", b"")
    key = expand(schedule, suite, b"key", context, 32)
    nonce = expand(schedule, suite, b"base_nonce", context, 12)
    return resigned(grant, {"head": b64(enc + AESGCM(key).encrypt(nonce, secrets, b""))})


def _grant(
    grant: dict[str, Any],
    *,
    private: bytes = granting.PRIVATE,
    pinned: Mapping[str, bytes] = granting.PINNED,
    now: int = granting.NOW + 1,
) -> tuple[dict[str, Any], Any]:
    recipient = X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    work = {
        "do": "grant",
        "text": json.dumps(grant),
        "secret": private.hex(),
        "recipient": recipient.hex(),
        "pinned": {name: b64(key) for name, key in pinned.items()},
        "now": now,
    }
    return work, _or_code(lambda: _body(_suite_2(grant, private, pinned, now)))


def _suite_2(grant: dict[str, Any], private: bytes, pinned: Mapping[str, bytes], now: int) -> GrantBody:
    body = open_grant(grant, private, pinned, now)
    if grant["suite"] != 2:
        raise CoffreError("A browser opens suite 2 alone.", code="grant_tampered")
    return body


def _body(body: GrantBody) -> dict[str, Any]:
    blobs = [each.sealed for each in body.blobs]
    return {
        "blobs": [
            [str(ref.blob_id), ref.version, int(ref.kind), each.plaintext_size, each.ciphertext_size]
            for each in blobs
            for ref in [each.ref]
        ],
        "documents": [
            {
                "id": str(each.document_id),
                "mediaType": each.media_type,
                "blob": str(each.blob_id),
                "offset": each.offset,
                "length": each.length,
                "sha256": each.sha256.hex(),
            }
            for each in body.documents
        ],
        "series": [
            {"study": each.study, "series": each.series, "blobs": [str(blob) for blob in each.blobs]}
            for each in body.series
        ],
    }


def _or_code(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except CoffreError as error:
        return {"code": error.code}


def golden_blobs(store: Store, seal_blob: Callable[..., bytes], stream: Callable[..., bytes]) -> Answers:
    """`tests/vectors/blobs.json`; of the longer ones the file has the digest alone."""
    found: dict[str, tuple[dict[str, Any], Any]] = {}
    for number, case in enumerate(load("blobs.json")):
        plain = stream(case["plaintext_stream"], case["plaintext_size"])
        header, dek = bytes.fromhex(case["header"]), bytes.fromhex(case["dek"])
        cipher = seal_blob(dek, bytes.fromhex(case["aad"]), header, plain)
        assert hashlib.sha256(cipher).hexdigest() == case["ciphertext_sha256"]
        ref = BlobRef(UUID(case["blob"]), case["version"], BlobKind(case["kind"]))
        sealed = SealedBlob(ref, bytes.fromhex(case["commitment"]), header, len(plain), len(cipher))
        name = f"golden {number}: {len(plain)} bytes"
        found[name] = _blob(store, name, Kept(sealed, cipher, dek), [(0, len(plain))], plain)
    return found


def manipulated(store: Store) -> Answers:
    """Must-fail cases 1 and 2. Truncated and appended objects are what a store answers: `answered`."""
    long = sample(3 * STRIDE + 1000)
    head, a, b, c, d = long.segments()
    short = head + a + b + c
    fitted = dataclasses.replace(
        long.sealed, plaintext_size=plaintext_size(len(short)), ciphertext_size=len(short)
    )
    kept = {
        "swapped segments": Kept(long.sealed, head + a + c + b + d),
        "duplicated segment": Kept(long.sealed, head + a + b + b + d),
        "dropped last, sizes made to fit": Kept(fitted, short),
        "truncated at a border": Kept(long.sealed, short),
        "truncated inside": Kept(long.sealed, long.cipher[:-17]),
        "header alone": Kept(long.sealed, head),
        "empty": Kept(long.sealed, b""),
        "an empty last segment": Kept(
            dataclasses.replace(long.sealed, ciphertext_size=len(long.cipher) + 16), long.cipher + bytes(16)
        ),
        "another key": Kept(long.sealed, long.cipher, OTHER),
        "another version": Kept(_named(long, version=4), long.cipher),
        "another kind": Kept(_named(long, kind=BlobKind.EXPORT), long.cipher),
        "another blob": Kept(_named(long, blob_id=UUID(int=5)), long.cipher),
        "another object's commitment": Kept(
            dataclasses.replace(long.sealed, commitment=commitment(DEK, dataclasses.replace(REF, version=9))),
            long.cipher,
        ),
        "the segment key as commitment": _published_key(),
        "sizes that do not fit": Kept(dataclasses.replace(long.sealed, plaintext_size=5), long.cipher),
        "a header of another form": Kept(dataclasses.replace(long.sealed, header=bytes(40)), long.cipher),
    }
    for position in (40, SEGMENT - 1, SEGMENT, -1):
        kept[f"changed byte {position}"] = Kept(long.sealed, _flipped(long.cipher, position))
    for position in (1, 32, 33, 39):
        header = _flipped(long.sealed.header, position)
        kept[f"changed header {position}"] = Kept(
            dataclasses.replace(long.sealed, header=header), header + long.cipher[40:]
        )
    first, second = _two_keys()
    kept |= {"under two keys, the first": first, "under two keys, the second": second}
    return {name: _kept(store, name, each) for name, each in kept.items()}


def answered(store: Store) -> Answers:
    """Must-fail case 4: each range that a reader asks for, well answered, and answered wrongly."""
    long = sample(3 * STRIDE + 1000)
    size = long.sealed.plaintext_size
    places = [(0, size), (size - 1, 1), (0, 1), (65479, 2), (65480, 1), (65480, STRIDE), (size - 1000, 1000)]
    found = {
        "ranges": _blob(store, "ranges", Kept(long.sealed, long.cipher), places, long.plain),
        "an address that ended": _blob(
            store,
            "an address that ended",
            Kept(long.sealed, long.cipher, fault="expired"),
            places,
            long.plain,
        ),
        "a store that is busy once": _blob(
            store,
            "a store that is busy once",
            Kept(long.sealed, long.cipher, fault="busy"),
            places,
            long.plain,
        ),
    }
    codes = {
        "whole": "short_range",
        "called-whole": "short_range",
        "short": "short_range",
        "long": "short_range",
        "shifted": "short_range",
        "unsaid": "short_range",
        "shifted-bytes": "blob_corrupt",
        "flipped": "blob_corrupt",
        "stale": "blob_size_mismatch",
        "gone": "object_missing",
        "refused": "no_address",
        "cut": "unreachable",
    }
    for fault, code in codes.items():
        work, _ = _blob(store, fault, Kept(long.sealed, long.cipher, fault=fault), [(0, size)], long.plain)
        found[fault] = work, {"code": code}
    for name, place in {
        "past the end": (size, 1),
        "across the end": (size - 1, 2),
        "before": (-1, 1),
    }.items():
        work, _ = _blob(store, name, Kept(long.sealed, long.cipher), [], long.plain)
        found[name] = {**work, "reads": [place]}, {"code": "range_past_end"}
    work, _ = _blob(store, "another", Kept(long.sealed, sealing.seal([long.plain]).cipher), [], long.plain)
    found["another object of the same size"] = {**work, "reads": [(0, size)]}, {"code": "blob_corrupt"}
    for name in ("streamed", "held"):
        work, _ = _blob(store, f"not as deposited, {name}", Kept(long.sealed, long.cipher), [], long.plain)
        found[f"not as deposited, {name}"] = {**work, name: bytes(32).hex()}, {"code": "digest_mismatch"}
    found["past 4 GiB"] = _sparse(store)
    return found


def _sparse(store: Store) -> tuple[dict[str, Any], Any]:
    size = 5 * 2**30
    places = [(2**32 - 1, 2), (2**32 + 65480, 3 * STRIDE), (size - 5, 5), (0, 1)]
    digests = [hashlib.sha256(bytes(length)).hexdigest() for _, length in places]
    return {"do": "blob", **zeros(store, size), "reads": places}, {"found": digests}


def zeros(store: Store, size: int) -> dict[str, Any]:
    """An object of zeros, of which each segment is sealed when it is asked for."""
    sealer = sealing.sealer_with(REF, DEK, HEADER)
    segments = -(-(size + 40) // STRIDE)
    cipher_size = size + 40 + 16 * segments
    sealed = SealedBlob(REF, commitment(DEK, REF), HEADER, size, cipher_size)

    def read(start: int, stop: int) -> bytes:
        first, after = start // SEGMENT, -(-stop // SEGMENT)
        whole = b"".join(segment(index) for index in range(first, after))
        return whole[start - first * SEGMENT : stop - first * SEGMENT]

    def segment(index: int) -> bytes:
        is_last = index == segments - 1
        begin, end = max(0, index * STRIDE - 40), size if is_last else (index + 1) * STRIDE - 40
        nonce = HEADER[33:] + index.to_bytes(4, "big") + bytes([is_last])
        content = sealer._segments.cipher.encrypt(nonce, bytes(end - begin), None)
        return HEADER + content if index == 0 else content

    store.put_sparse("zeros", str(REF.blob_id), cipher_size, read)
    named = {"sealed": told(sealed), "dek": DEK.hex(), "url": "/store/good/zeros", "grant": "good~zeros"}
    return {**named, "base": store.url}


def texts() -> Answers:
    """JSON as signed and sealed things have it, good and bad (RFC 8785, RFC 7493)."""
    given = [
        b'{"b":1,"a":[true,null,"\\u00e9"]}',
        b'{"\\ud83d\\ude00":1,"\\ufb33":2,"\\r":3,"1":4}',
        b'{"n":[1E21,0.000001,-0.0,9007199254740991,1.5]}',
        b'{"a":{"x":1,"x":1}}',
        b'[{"a":1},{"a":1}]',
        b'{"a":"\\ud800"}',
        b'{"a":"\\\\ud800"}',
        b'{"a" :"\\":","b":"x\\\\"}',
        b"\xef\xbb\xbf{}",
        b'{"a":"\xff"}',
        b'{"a":1,}',
        b"NaN",
        b"",
    ]
    found = {}
    for number, text in enumerate(given):
        expected = _or_code(lambda text=text: {"text": canonical(parse(text)).decode()})  # type: ignore[misc]
        found[f"text {number}"] = (
            {"do": "json", "hex": text.hex()},
            expected if "text" in expected else {"code": "bad_member"},
        )
    for number, (text64, size) in enumerate(
        [
            ("", None),
            ("AA", 1),
            ("AB", None),
            ("AA==", None),
            ("A", None),
            ("_-8", 2),
            ("+/8", None),
            ("AAA", 1),
        ]
    ):
        expected = _or_code(lambda text64=text64, size=size: {"hex": unb64(text64, size).hex()})  # type: ignore[misc]
        found[f"base64url {number}"] = (
            {"do": "base64", "text": text64, "size": size},
            expected if "hex" in expected else {"code": "bad_member"},
        )
    return found


def descriptions() -> Answers:
    """Series metadata and renditions."""
    found: dict[str, tuple[dict[str, Any], Any]] = {}
    one = SeriesInstance(
        sop="1.2.3.4",
        blob_id=UUID("01890a5d-ac96-774b-bcce-b302099a8057"),
        offset=0,
        length=100,
        sha256=bytes(range(32)),
        transfer_syntax="1.2.840.10008.1.2.1",
        frames=(((10, 40), (50, 50)),),
        dicom={"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Éloïse"}]}, "00281050": {"Value": [1.0]}},
    )
    again, other = dataclasses.replace(one, offset=100), dataclasses.replace(one, sop="1.2.3.5", frames=None)
    first, second = write_series("1.2", "1.2.3", [one, other]), write_series("1.2", "1.2.3", [again])
    document = json.loads(gzip.decompress(first))
    instance = document["instances"][0]
    packed = {
        "one submission": [first],
        "a later submission wins": [first, second],
        "of another study": [write_series("1.2.9", "1.2.3", [one])],
        "cut": [first[:-5]],
        "followed by something": [first + b"\0" * 9],
        "twice": [first + first],
        "not gzip": [b"{}"],
        "an unknown member": [gzip.compress(json.dumps(document | {"more": 1}).encode())],
        "another format": [gzip.compress(json.dumps(document | {"format": "coffre-series-v2"}).encode())],
        "a frame past the end": [_packed(document, instance | {"frames": [[[90, 20]]]})],
        "an empty piece": [_packed(document, instance | {"frames": [[[0, 0]]]})],
        "no piece": [_packed(document, instance | {"frames": [[0, 1]]})],
        "a member twice": [gzip.compress(gzip.decompress(first).replace(b'{"sop"', b'{"sop":"x","sop"', 1))],
    }
    for name, documents in packed.items():
        work = {
            "do": "series",
            "study": "1.2",
            "uid": "1.2.3",
            "documents": [each.hex() for each in documents],
        }
        found[name] = work, _or_code(lambda documents=documents: _series(documents))  # type: ignore[misc]
    vectors = load("renditions.json")
    files = {each["form"]: bytes.fromhex(each["file"]) for each in vectors["renditions"]}
    files |= {
        "no comment": bytes.fromhex(vectors["picture"]),
        "cut rendition": files["strip"][:40],
        "an unknown form": files["strip"].replace(b'"strip"', b'"stripe"'),
        "no JPEG": b"GIF89a",
    }
    for name, file in files.items():
        for uid in ("1.2.3.4", "1.2.3.9"):
            work = {"do": "rendition", "study": "1.2.3", "uid": uid, "file": file.hex()}
            found[f"{name} of {uid}"] = (
                work,
                _or_code(lambda file=file, uid=uid: _rendition(uid, file)),  # type: ignore[misc]
            )
    return found


def _packed(document: dict[str, Any], instance: dict[str, Any]) -> bytes:
    return gzip.compress(json.dumps(document | {"instances": [instance]}).encode())


def _series(documents: list[bytes]) -> dict[str, Any]:
    return {
        "instances": [
            {
                "sop": each.sop,
                "blob": str(each.blob_id),
                "offset": each.offset,
                "length": each.length,
                "sha256": each.sha256.hex(),
                "transferSyntax": each.transfer_syntax,
                "frames": json.loads(json.dumps(each.frames)),
                "dicom": each.dicom,
            }
            for each in merge_series("1.2", "1.2.3", documents)
        ]
    }


def _rendition(uid: str, file: bytes) -> dict[str, Any]:
    found = read_rendition_of("1.2.3", uid, file)
    names = ("form", "columns", "width", "height")
    frames = [list(frame) for frame in found.frames]
    return {**{name: getattr(found, name) for name in names}, "frames": frames, "size": len(file)}


def _kept(store: Store, name: str, kept: Kept) -> tuple[dict[str, Any], Any]:
    """With what Python makes of it."""
    size = kept.sealed.plaintext_size
    work, _ = _blob(store, name, kept, [(0, size)], b"")

    def opened() -> dict[str, Any]:
        read = sealing.opened(Opener(kept.sealed, kept.dek), kept.sealed, kept.cipher)
        return {"found": [hashlib.sha256(read).hexdigest()]}

    expected = _or_code(opened)
    if len(kept.cipher) <= 40:
        expected = {"code": "http_416"}  # there is nothing to answer with
    return {key: value for key, value in work.items() if key != "streamed"}, expected


def _blob(
    store: Store, name: str, kept: Kept, places: list[tuple[int, int]], plain: bytes
) -> tuple[dict[str, Any], Any]:
    stored = name.replace(" ", "-").replace(":", "").replace(",", "").replace("'", "")
    store.put(stored, str(kept.sealed.ref.blob_id), kept.cipher)
    work = {
        "do": "blob",
        "sealed": told(kept.sealed),
        "dek": kept.dek.hex(),
        "url": f"/store/{kept.fault}/{stored}",
        "grant": f"{kept.fault}~{stored}",
        "reads": places,
        "streamed": hashlib.sha256(plain).hexdigest(),
    }
    digests = [hashlib.sha256(plain[offset : offset + length]).hexdigest() for offset, length in places]
    return work, {"found": digests, "size": len(plain)}


def told(sealed: SealedBlob) -> dict[str, Any]:
    return {
        "blob": str(sealed.ref.blob_id),
        "version": sealed.ref.version,
        "kind": int(sealed.ref.kind),
        "commitment": sealed.commitment.hex(),
        "header": sealed.header.hex(),
        "plaintextSize": sealed.plaintext_size,
        "ciphertextSize": sealed.ciphertext_size,
    }


def _named(made: Sample, **changes: Any) -> SealedBlob:
    return dataclasses.replace(made.sealed, ref=dataclasses.replace(REF, **changes))


def _published_key() -> Kept:
    """A salt of zeros: separated by salt alone, the public commitment would be the segment key."""
    header = b"\x28" + bytes(39)
    sealer = sealing.sealer_with(REF, DEK, header)
    plain = material(100)
    cipher = bytes(sealer.update(plain)) + sealer.finish()
    sealed = dataclasses.replace(sealer.sealed, commitment=derive(DEK, bytes(32), REF.aad))
    return Kept(sealed, cipher)


def _two_keys() -> tuple[Kept, Kept]:
    segment_keys = [derive(dek, HEADER[1:33], REF.aad) for dek in (DEK, OTHER)]
    cipher = HEADER + ciphertext_under_two_keys(*segment_keys, HEADER[33:] + bytes(4) + b"\1")
    sealed = SealedBlob(REF, commitment(DEK, REF), HEADER, 32, len(cipher))
    return Kept(sealed, cipher), Kept(sealed, cipher, OTHER)


def _flipped(data: bytes, position: int) -> bytes:
    altered = bytearray(data)
    altered[position] ^= 1
    return bytes(altered)
