"""Writes the golden files of the formats beside this script: `python tests/vectors/make_vectors.py`.

Everything is built here from primitives and the written formats, with nothing of Coffre imported and nothing
random, so that the files say what the formats say even if the code comes to say something else.
"""

import base64
import hashlib
import hmac
import json
import zlib
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from nacl.bindings import crypto_box, crypto_scalarmult_base

HERE = Path(__file__).parent
BLOB_SIZES = [0, 1, 100, 65479, 65480, 65481, 131000, 131001]


def stream(label: str, size: int) -> bytes:
    """The test material: SHA-256 of `label:0`, `label:1`, … one after the other, cut to size."""
    blocks = (hashlib.sha256(f"{label}:{i}".encode()).digest() for i in range(-(-size // 32)))
    return b"".join(blocks)[:size]


def uuid(label: str) -> UUID:
    return UUID(bytes=stream(label, 16), version=4)


def canonical(value: Any) -> bytes:
    """RFC 8785 for what stands here: ASCII names, text, whole numbers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def be(number: int, size: int) -> bytes:
    return number.to_bytes(size, "big")


def extract(salt: bytes, key: bytes) -> bytes:
    return hmac.digest(salt, key, "sha256")


def expand(key: bytes, info: bytes, size: int) -> bytes:
    out = block = b""
    for i in range(1, -(-size // 32) + 1):
        block = hmac.digest(key, block + info + bytes([i]), "sha256")
        out += block
    return out[:size]


def hkdf(key: bytes, salt: bytes, info: bytes) -> bytes:
    """RFC 5869, 32 bytes."""
    return expand(extract(salt, key), info, 32)


def wrap(kek: bytes, key: bytes, aad: bytes, nonce: bytes) -> bytes:
    return nonce + AESGCM(kek).encrypt(nonce, key, aad)


def sign(private: bytes, message: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(private).sign(message)


def ed25519_public(private: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def key_id(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]


def sealed_box(public: bytes, message: bytes, ephemeral: bytes) -> bytes:
    """libsodium's crypto_box_seal with a given ephemeral key."""
    mine = crypto_scalarmult_base(ephemeral)
    nonce = hashlib.blake2b(mine + public, digest_size=24).digest()
    return mine + crypto_box(message, nonce, public, ephemeral)


def hpke(public: bytes, message: bytes, info: bytes, ephemeral: bytes) -> bytes:
    """RFC 9180 base mode with a given ephemeral key: DHKEM(X25519), HKDF-SHA256, AES-256-GCM."""

    def labeled(suite: bytes, salt: bytes, label: bytes, key: bytes) -> bytes:
        return extract(salt or bytes(32), b"HPKE-v1" + suite + label + key)

    def grown(suite: bytes, key: bytes, label: bytes, context: bytes, size: int) -> bytes:
        return expand(key, be(size, 2) + b"HPKE-v1" + suite + label + context, size)

    kem, suite = b"KEM" + be(0x20, 2), b"HPKE" + be(0x20, 2) + be(1, 2) + be(2, 2)
    secret_key = X25519PrivateKey.from_private_bytes(ephemeral)
    enc = secret_key.public_key().public_bytes_raw()
    shared = secret_key.exchange(X25519PublicKey.from_public_bytes(public))
    secret = grown(kem, labeled(kem, b"", b"eae_prk", shared), b"shared_secret", enc + public, 32)
    context = b"\0" + labeled(suite, b"", b"psk_id_hash", b"") + labeled(suite, b"", b"info_hash", info)
    schedule = labeled(suite, secret, b"secret", b"")
    key = grown(suite, schedule, b"key", context, 32)
    return enc + AESGCM(key).encrypt(grown(suite, schedule, b"base_nonce", context, 12), message, b"")


def blob_aad(kind: int, blob_id: UUID, version: int) -> bytes:
    return b"coffre-blob-v1\0" + bytes([kind]) + blob_id.bytes + be(version, 4)


def commitment(dek: bytes, aad: bytes) -> bytes:
    return hkdf(dek, bytes(32), b"coffre-commit-v1\0" + aad)


def seal_blob(dek: bytes, aad: bytes, header: bytes, plain: bytes) -> bytes:
    """Tink's streaming AEAD, said plainly: cut, count, encrypt."""
    cipher = AESGCM(hkdf(dek, header[1:33], aad))
    cuts = [0, *range(65536 - 16 - 40, len(plain), 65536 - 16)]
    if len(cuts) > 1 and cuts[-1] == len(plain):
        cuts.pop()
    out = header
    for i, start in enumerate(cuts):
        last = i == len(cuts) - 1
        segment = plain[start:] if last else plain[start : cuts[i + 1]]
        out += cipher.encrypt(header[33:] + be(i, 4) + bytes([last]), segment, None)
    return out


def blobs() -> list[dict[str, Any]]:
    cases = []
    for i, size in enumerate(BLOB_SIZES):
        name, kind, version = f"blob-{size}", 1 + i % 4, 1 + i
        dek, blob_id = stream(f"{name}-dek", 32), uuid(f"{name}-id")
        aad = blob_aad(kind, blob_id, version)
        header = b"\x28" + stream(f"{name}-header", 39)
        cipher = seal_blob(dek, aad, header, stream(f"{name}-plain", size))
        case = {
            "blob": str(blob_id),
            "version": version,
            "kind": kind,
            "dek": dek.hex(),
            "aad": aad.hex(),
            "header": header.hex(),
            "commitment": commitment(dek, aad).hex(),
            "plaintext_stream": f"{name}-plain",
            "plaintext_size": size,
            "ciphertext_size": len(cipher),
            "ciphertext_sha256": hashlib.sha256(cipher).hexdigest(),
        }
        cases.append(case | ({"ciphertext": cipher.hex()} if size <= 100 else {}))
    return cases


def keys() -> dict[str, Any]:
    record, item = uuid("record"), uuid("object")
    shard_key, record_key, key = stream("shard-key", 32), stream("record-key", 32), stream("key", 32)
    branches, uses = [], []
    for branch in (1, 2, 3):
        aad = b"coffre-record-key-v1\0" + bytes([branch]) + record.bytes + be(7, 4) + be(3, 4)
        kek = hkdf(shard_key, bytes(32), b"coffre-branch-v1\0" + bytes([branch]))
        nonce = stream(f"branch-{branch}", 12)
        branches.append({"branch": branch, "wrapped": wrap(kek, record_key, aad, nonce).hex()})
    committed = stream("commitment", 32)
    for use in (1, 2, 3, 4, 5):
        tail = committed if use == 1 else bytes(32)
        aad = b"coffre-key-v1\0" + bytes([use]) + record.bytes + be(7, 4) + item.bytes + be(2, 4) + tail
        uses.append({"use": use, "wrapped": wrap(record_key, key, aad, stream(f"use-{use}", 12)).hex()})
    return {
        "record": str(record),
        "object": str(item),
        "key_version": 7,
        "shard_version": 3,
        "version": 2,
        "shard_key": shard_key.hex(),
        "record_key": record_key.hex(),
        "key": key.hex(),
        "commitment": committed.hex(),
        "branches": branches,
        "uses": uses,
        "sealed_json": sealed_json(key, record, item),
    }


def sealed_json(key: bytes, record: UUID, item: UUID) -> list[dict[str, Any]]:
    payload = {"title": "Scanner thoracique é", "n": 9007199254740991, "none": None, "list": [True, ""]}
    aads = {
        "card": b"coffre-card-v1\0" + record.bytes + item.bytes + be(2, 4),
        "details": b"coffre-details-v1\0" + item.bytes + be(2, 4),
        "event": b"coffre-event-v1\0" + record.bytes + b"\1" + be(5, 8),
    }
    return [
        {"of": name, "payload": payload, "sealed": wrap(key, canonical(payload), aad, stream(name, 12)).hex()}
        for name, aad in aads.items()
    ]


def packed() -> dict[str, Any]:
    """Rows that are compressed before they are sealed: details of a document, and its summary."""
    record, item, key = uuid("record"), uuid("object"), stream("packed-key", 32)
    payload = {"title": "Scanner thoracique é", "n": 9007199254740991, "series": [["1.2", "CT", 500]] * 9}
    # stored blocks (RFC 1951 section 3.2.4): every zlib writes them alike
    of_it = zlib.compress(canonical(payload), 0)
    aads = {
        "details": b"coffre-details-v2\0" + item.bytes + be(2, 4),
        "summary": b"coffre-summary-v1\0" + record.bytes + item.bytes + be(2, 4),
    }
    rows = [
        {"of": name, "sealed": wrap(key, of_it, aad, stream(f"packed-{name}", 12)).hex()}
        for name, aad in aads.items()
    ]
    return {"record": str(record), "object": str(item), "key": key.hex(), "payload": payload, "rows": rows}


def cards() -> dict[str, Any]:
    """A card of each format: the second holds the record's state, the third no authorisations."""
    record, key, version = uuid("record"), stream("card-key", 32), 3
    card: dict[str, Any] = {
        "ins": {"matricule": "255069900000159", "oid": "1.2.250.1.213.1.4.10"},
        "traits": {"family_name": "NÉE", "given_name": "Zoé", "birth_date": "1955-06-01", "sex": "F"},
        "consent": {"by": "operator", "how": "written", "at": 1800000000},
        "authorisations": [{"professional": "899700024450", "since": 1800000000, "until": None}],
        "blocks": ["899700024468"],
        "attending": [],
        "emergency": {"bris_de_glace": True, "centre_15": False},
    }
    third: dict[str, Any] = {name: card[name] for name in ("ins", "traits", "consent", "blocks", "emergency")}
    third |= {
        "blocked_structures": ["1750000001"],
        "attending": {"899700024451": 1800000000, "899700024452": None},
        "delegates": [],
        "refusals": {"classes": ["11"], "structures": []},
        "former_ins": [{"matricule": "155067200010159", "oid": "1.2.250.1.213.1.4.10"}],
        "state": "suspended",
    }
    contents = {
        "coffre-card-v1": card,
        "coffre-card-v2": card | {"state": "suspended"},
        "coffre-card-v3": third,
    }
    sealed = []
    for label, content in contents.items():
        aad = label.encode() + b"\0" + record.bytes + record.bytes + be(version, 4)
        data = wrap(key, canonical(content), aad, stream(label, 12))
        digest = hashlib.sha256(data).hexdigest()
        sealed.append({"label": label, "content": content, "sealed": data.hex(), "digest": digest})
    return {"record": str(record), "key": key.hex(), "version": version, "cards": sealed}


def facts() -> dict[str, Any]:
    """A document's facts of each form: the second knows circles, authors it names, and choices about it."""
    record, document, key, version = uuid("record"), uuid("document"), stream("card-key", 32), 4
    first: dict[str, Any] = {
        "document_id": str(document),
        "kind": "document",
        "type_code": "11502-2",
        "author_structure": "1750000001",
        "author": "",
        "labels": ["INVISIBLE_PATIENT"],
        "state": "approved",
        "visible_to_patient_from": 1800000000,
    }
    second = first | {
        "shown_to": sorted([str(uuid("circle")), str(uuid("team"))]),
        "class_code": "10",
        "practice_setting": "AMBULATOIRE",
        "declared_author": "899700024450",
        "declared_structure": "1750000002",
        "announcement": {"since": 1799000000, "announced_by": None, "announced_at": None},
        "replaces": str(uuid("former")),
        "refused": {"at": 1799500000, "reason": "Ce n'est pas moi."},
    }
    sealed = []
    for label, content in {"coffre-card-v1": first, "coffre-facts-v2": second}.items():
        aad = label.encode() + b"\0" + record.bytes + document.bytes + be(version, 4)
        data = wrap(key, canonical(content), aad, stream(f"{label}-facts", 12))
        digest = hashlib.sha256(data).hexdigest()
        sealed.append({"label": label, "content": content, "sealed": data.hex(), "digest": digest})
    return {
        "record": str(record),
        "document": str(document),
        "key": key.hex(),
        "version": version,
        "facts": sealed,
    }


def choices() -> dict[str, Any]:
    """What the holder chose about one professional, and about a team."""
    record, circle, team, key, version = (
        uuid("record"),
        uuid("circle"),
        uuid("team"),
        stream("card-key", 32),
        2,
    )
    number = "899700024450"
    person_key = hkdf(key, bytes(32), b"coffre-person-key-v1\0")
    person = hmac.digest(person_key, b"coffre-person-v1\0" + number.encode(), "sha256")
    consent = {"by": "patient", "how": "online", "at": 1800000000}
    own = {
        "circle": str(circle),
        "since": 1800000000,
        "until": 1831536000,
        "consent": consent,
        "scope": "chosen",
        "kinds": [["10", None], ["11", "CARDIO"]],
        "express": True,
        "of_team": False,
        "ended": None,
    }
    member = own | {"circle": str(team), "until": 1802592000, "scope": "all", "kinds": []}
    member |= {"express": False, "of_team": True, "ended": 1801000000}
    contents = {
        "coffre-authorisation-v1": {"professional": number, "grounds": [own, member], "archived": False},
        "coffre-circle-v1": {
            "circle_id": str(team),
            "name": "Équipe de rééducation",
            "since": 1800000000,
            "until": 1802592000,
            "consent": consent | {"by": number, "how": "spoken"},
            "members": 4,
            "ended": None,
            "archived": False,
        },
    }
    places = {"coffre-authorisation-v1": person, "coffre-circle-v1": team.bytes}
    ends = {"coffre-authorisation-v1": 1831536000 // 86400, "coffre-circle-v1": 1802592000 // 86400}
    rows = []
    for label, content in contents.items():
        aad = label.encode() + b"\0" + record.bytes + places[label] + be(version, 4)
        data = wrap(key, canonical(content), aad, stream(label, 12))
        digest = hashlib.sha256(data).hexdigest()
        row = {"label": label, "content": content, "sealed": data.hex(), "digest": digest}
        rows.append(row | {"ends_on": ends[label]})
    named = {"record": str(record), "circle": str(team), "professional": number, "person": person.hex()}
    return {**named, "key": key.hex(), "version": version, "rows": rows}


def told() -> dict[str, Any]:
    """How a holder is written to, the code that proves an address, a term that runs, and a notice."""
    record, document, clock, notice = (uuid(name) for name in ("record", "document", "clock", "notice"))
    key, version, due_at, created_at = stream("card-key", 32), 3, 1800000000000, 1800003600000
    code, salt = "042137", stream("code-salt", 32)
    said = {"kind": "contact_code", "at": 1800003600, "to": "contact", "address": "zoe.née@example.fr"}
    unpadded = len(canonical(said | {"pad": ""}))
    contents: dict[str, tuple[bytes, dict[str, Any]]] = {
        "coffre-contact-v1": (
            record.bytes + b"\1" + be(version, 4),
            {"address": "zoe@example.fr", "since": 1800000000, "pending": "zoe.née@example.fr"},
        ),
        "coffre-contact-code-v1": (
            record.bytes + b"\1",
            {
                "salt": b64(salt),
                "digest": b64(hmac.digest(salt, code.encode(), "sha256")),
                "until": 1800004200,
                "tries_left": 4,
            },
        ),
        "coffre-clock-v1": (
            record.bytes + clock.bytes + be(due_at, 8),
            {"kind": "announcement", "document": str(document), "step": "notice"},
        ),
        "coffre-notice-v2": (record.bytes + notice.bytes, said | {"pad": " " * (448 - unpadded)}),
    }
    rows = [
        {
            "label": label,
            "content": content,
            "sealed": wrap(key, canonical(content), label.encode() + b"\0" + place, stream(label, 12)).hex(),
        }
        for label, (place, content) in contents.items()
    ]
    id_key = hkdf(key, bytes(32), b"coffre-notice-id-key-v1\0")
    hourly = hmac.digest(id_key, f"{created_at // 3_600_000} deposit patient".encode(), "sha256")[:16]
    named = {"record": str(record), "document": str(document), "clock": str(clock), "notice": str(notice)}
    times = {"version": version, "due_at": due_at, "created_at": created_at}
    return {**named, **times, "key": key.hex(), "code": code, "hourly": str(UUID(bytes=hourly)), "rows": rows}


def tokens() -> dict[str, Any]:
    index_key = stream("index-key", 32)
    values = {
        "ins": "255069900000159|1.2.250.1.213.1.4.10",
        "study": "1.2.840.113619.2.55.3",
        "series": "1.2.840.113619.2.55.3.1",
        "sop": "1.2.840.113619.2.55.3.1.1",
        "accession": "ACC-é-1",
        "study_day": "1750000001|2026-11-05",
    }
    found = [
        {
            "field": name,
            "value": value,
            "token": hmac.digest(index_key, name.encode() + b"\0" + value.encode(), "sha256").hex(),
        }
        for name, value in values.items()
    ]
    record, structure, digest = uuid("record"), "1750000001", stream("part", 32)
    part = record.bytes + structure.encode() + digest
    named = canonical(["urn:ietf:rfc:3986", "urn:oid:1.2.250.1.999.1.7"])
    identifier = record.bytes + structure.encode() + hashlib.sha256(named).digest()
    url = b"coffre-url-v1\0" + uuid("grant").bytes + uuid("object").bytes + be(2, 4) + be(1800000300, 8)
    depositor = b"coffre-depositor-v1\0" + canonical(["issuer", "subject", structure])
    return {
        "index_key": index_key.hex(),
        "tokens": found,
        "part": {
            "record": str(record),
            "structure": structure,
            "sha256": digest.hex(),
            "token": hmac.digest(index_key, b"part\0" + part, "sha256").hex(),
        },
        "identifier": {
            "record": str(record),
            "structure": structure,
            "system": "urn:ietf:rfc:3986",
            "value": "urn:oid:1.2.250.1.999.1.7",
            "token": hmac.digest(index_key, b"identifier\0" + identifier, "sha256").hex(),
        },
        "structure": {
            "structure": structure,
            "token": hmac.digest(index_key, b"structure\0" + structure.encode(), "sha256").hex(),
        },
        "url": {
            "key": stream("url-key", 32).hex(),
            "grant": str(uuid("grant")),
            "blob": str(uuid("object")),
            "version": 2,
            "exp": 1800000300,
            "signature": hmac.digest(stream("url-key", 32), url, "sha256").hex(),
        },
        "depositor": {
            "of": ["issuer", "subject", structure],
            "token": hashlib.sha256(depositor).hexdigest(),
        },
    }


def reception() -> dict[str, Any]:
    private, signer = stream("day-private", 32), stream("reception-signer", 32)
    public = crypto_scalarmult_base(private)
    document: dict[str, Any] = {
        "format": "coffre-reception-key-v1",
        "day": "2027-01-15",
        "public": b64(public),
        "not_after": 1800086400,
        "key_id": key_id(ed25519_public(signer)),
    }
    signature = sign(signer, b"coffre-reception-key-v1\0" + canonical(document))
    submission, blob_id = uuid("submission"), uuid("received-blob")
    payload = b"coffre-reception-v1\0" + submission.bytes + blob_id.bytes + be(1, 4) + b"\1"
    payload += stream("depositor", 32) + stream("received-dek", 32)
    envelope = {
        "credential": "a.b.c",
        "received": 1800000000,
        "ins": "255069900000159|1.2.250.1.213.1.4.10",
        "headers": {"content-type": "multipart/related"},
        "parts": [
            {"blob": str(blob_id), "offset": 0, "length": 12, "sha256": b64(stream("p0", 32)), "name": "a"},
            {"blob": str(blob_id), "offset": 12, "length": 3, "sha256": b64(stream("p1", 32))},
        ],
    }
    message = b"coffre-envelope-v1\0" + submission.bytes + canonical(envelope)
    return {
        "private": private.hex(),
        "signer_public": ed25519_public(signer).hex(),
        "document": document | {"signature": b64(signature)},
        "submission": str(submission),
        "blob": str(blob_id),
        "depositor_token": stream("depositor", 32).hex(),
        "dek": stream("received-dek", 32).hex(),
        "sealed_key": sealed_box(public, payload, stream("ephemeral-1", 32)).hex(),
        "envelope": envelope,
        "sealed_envelope": sealed_box(public, message, stream("ephemeral-2", 32)).hex(),
    }


def grant_body() -> dict[str, Any]:
    blob_id, dek = uuid("granted"), stream("granted-dek", 32)
    aad = blob_aad(1, blob_id, 1)
    place = {"blob": str(blob_id), "offset": 0, "length": 100, "sha256": b64(stream("whole", 32))}
    return {
        "blobs": [
            {
                "blob": str(blob_id),
                "version": 1,
                "kind": 1,
                "key": b64(dek),
                "commitment": b64(commitment(dek, aad)),
                "header": b64(b"\x28" + stream("granted-header", 39)),
                "plaintext_size": 100,
                "ciphertext_size": 156,
            }
        ],
        "documents": [{"id": str(uuid("document")), "media_type": "application/pdf", **place}],
        "series": [{"study": "1.2.3", "series": "1.2.3.4", "blobs": [str(blob_id)]}],
    }


def grant(suite: int) -> dict[str, Any]:
    private, signer = stream("recipient", 32), stream("grant-signer", 32)
    public, grant_id, body_key = crypto_scalarmult_base(private), uuid(f"grant-{suite}"), stream("gk", 32)
    place = b"coffre-grant-v1\0" + bytes([suite]) + grant_id.bytes
    nonce = stream(f"grant-nonce-{suite}", 12)
    body = AESGCM(body_key).encrypt(nonce, canonical(grant_body()), place)
    secrets = be(1800000900, 8) + hashlib.sha256(body).digest() + body_key
    ephemeral = stream(f"grant-ephemeral-{suite}", 32)
    if suite == 1:
        head = sealed_box(public, place + public + secrets, ephemeral)
    else:
        head = hpke(public, secrets, place + public, ephemeral)
    document: dict[str, Any] = {
        "format": "coffre-grant-v1",
        "suite": suite,
        "id": str(grant_id),
        "issued": 1800000000,
        "expires": 1800000900,
        "record": str(uuid("public-id")),
        "purpose": "normal",
        "actor": b64(stream("actor", 32)),
        "recipient": b64(public),
        "head": b64(head),
        "nonce": b64(nonce),
        "body": b64(body),
        "event": b64(stream("event", 32)),
        "key_id": key_id(ed25519_public(signer)),
    }
    signature = b64(sign(signer, b"coffre-grant-v1\0" + canonical(document)))
    return document | {"signature": signature}


def grants() -> dict[str, Any]:
    return {
        "recipient_private": stream("recipient", 32).hex(),
        "signer_public": ed25519_public(stream("grant-signer", 32)).hex(),
        "body": grant_body(),
        "grants": [grant(1), grant(2)],
    }


def credentials() -> dict[str, Any]:
    private = stream("authority", 32)
    claims = {
        "iss": "coffre-demo-authority",
        "sub": "doctor-1",
        "aud": "http://127.0.0.1:8080",
        "iat": 1800000000,
        "exp": 1800043200,
        "jti": "0123456789",
        "role": "professional",
        "rpps": "899700024450",
        "profession": "10",
        "structure": "1750000002",
    }
    signed = b64(canonical({"alg": "EdDSA", "typ": "coffre+jwt"})) + "." + b64(canonical(claims))
    token = f"{signed}.{b64(sign(private, signed.encode()))}"
    return {"authority_public": ed25519_public(private).hex(), "claims": claims, "token": token}


def roots() -> dict[str, Any]:
    root, passphrase = stream("root", 32), "correct horse é"
    kdf = {"name": "argon2id", "salt": b64(stream("salt", 16)), "iterations": 3, "lanes": 4}
    kdf |= {"memory_kib": 65536}
    stretched = Argon2id(salt=stream("salt", 16), length=32, iterations=3, lanes=4, memory_cost=65536).derive(
        passphrase.encode()
    )
    wrapped = wrap(stretched, root, b"coffre-root-file-v1\0" + canonical(kdf), stream("root-nonce", 12))
    return {
        "passphrase": passphrase,
        "open": {"format": "coffre-root-file-v1", "kdf": None, "key": b64(root)},
        "locked": {"format": "coffre-root-file-v1", "kdf": kdf, "key": b64(wrapped)},
        "context": "shard 3",
        "key": stream("key", 32).hex(),
        "wrapped": wrap(
            root, stream("key", 32), b"coffre-root-wrap-v1\0shard 3", stream("root-wrap", 12)
        ).hex(),
    }


def leaf_of(entry: bytes) -> bytes:
    return hashlib.sha256(b"\0" + entry).digest()


def checkpoint(origin: str, size: int, root: bytes, private: bytes) -> str:
    """A C2SP checkpoint as a signed note, signature type 0x01."""
    text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
    public = ed25519_public(private)
    known = hashlib.sha256(f"{origin}\n".encode() + b"\1" + public).digest()[:4]
    line = base64.b64encode(known + sign(private, text.encode())).decode()
    return f"{text}\n— {origin} {line}\n"


def shipped_row(at: int) -> dict[str, Any]:
    """The rows of one entry; what is sealed in them, the second place takes as it is."""
    entry = canonical({"v": 1, "time": 1800000000000 + at})
    where = {"record_id": {"uuid": str(uuid("record"))}, "branch": 2}
    change = {"do": "delete", "table": "record_key", "values": {}, "where": where}
    replay = {"id": 7 + at, "kind": "record_key", "payload": b64(canonical([change])), "at": 1800000000000}
    return {
        "leaf": b64(leaf_of(entry)),
        "at": 1800000000000 + at,
        "entry": b64(entry),
        "chain_id": str(uuid("chain")),
        "chain": 1,
        "seq": 1 + at,
        "event": b64(stream(f"event-{at}", 80)),
        "actor": b64(stream(f"actor-{at}", 32)),
        "own": b64(stream(f"own-{at}", 60)),
        "officer": b64(stream(f"officer-{at}", 90)),
        "replay": [replay] if at else [],
    }


def shipped() -> dict[str, Any]:
    origin, number, part = "audit.localhost/test", 3, 1
    key, signer = stream("accountability", 32), stream("checkpoint-signer", 32)
    rows = [shipped_row(at) for at in (0, 1)]
    leaves = [leaf_of(canonical({"v": 1, "time": 1800000000000 + at})) for at in (0, 1)]
    note = checkpoint(origin, 2, hashlib.sha256(b"\1" + leaves[0] + leaves[1]).digest(), signer)
    name = f"segments/{number:012d}/{part:06d}"
    segment = {"format": "coffre-segment-v1", "number": number, "part": part, "start": 0, "stop": 2}
    segment |= {"note": note, "signed_at": 1800000001000, "rows": rows}
    aad = b"coffre-segment-v1\0" + origin.encode() + b"\0" + name.encode()
    return {
        "origin": origin,
        "key": key.hex(),
        "signer_public": ed25519_public(signer).hex(),
        "checkpoint_name": f"checkpoints/{number:012d}",
        "segment_name": name,
        "segment": segment,
        "sealed": wrap(key, canonical(segment), aad, stream("segment", 12)).hex(),
    }


def shipped_v2() -> dict[str, Any]:
    """The same as `shipped`, under the label that says of each chain which version its key has."""
    former = shipped()
    rows = [{**row, "key_version": 2} for row in former["segment"]["rows"]]
    segment = {**former["segment"], "format": "coffre-segment-v2", "rows": rows}
    del segment["signed_at"]
    aad = f"coffre-segment-v2\0{former['origin']}\0{former['segment_name']}".encode()
    sealed = wrap(bytes.fromhex(former["key"]), canonical(segment), aad, stream("segment-2", 12))
    return {**former, "segment": segment, "sealed": sealed.hex()}


def accountability() -> dict[str, Any]:
    """Keys by use and version, the token of an actor's own lines, and a line under either label."""
    key, token = stream("accountability", 32), canonical(["issuer", "subject", "1750000001"])
    uses = ["event", "pseudonym", "own", "own-token", "notice", "segment", "job", "grant"]
    by_use = {use: hkdf(key, bytes(32), b"coffre-use-v1\0" + use.encode()) for use in uses}
    tokens = {
        1: hmac.digest(key, b"coffre-own-v1\0" + token, "sha256"),
        2: hmac.digest(by_use["own-token"], b"coffre-own-v1\0" + token, "sha256"),
    }
    line = {"structure": "1750000001", "time": 1800000000000, "action": "search", "public_id": None}
    place = b"coffre-event-v1\0" + uuid("chain").bytes + b"\1" + be(5, 8)
    former = wrap(key, canonical(line), b"coffre-own-v1\0" + place, stream("own-1", 12))
    present = wrap(
        by_use["own"], canonical(line), b"coffre-own-v2\0" + place + tokens[2], stream("own-2", 12)
    )
    return {
        "key": key.hex(),
        "by_use": {use: value.hex() for use, value in by_use.items()},
        "actor": ["issuer", "subject", "1750000001"],
        "tokens": {str(version): value.hex() for version, value in tokens.items()},
        "chain_id": str(uuid("chain")),
        "chain": 1,
        "seq": 5,
        "line": line,
        "sealed": {"coffre-own-v1": former.hex(), "coffre-own-v2": present.hex()},
    }


def issuers() -> dict[str, Any]:
    """An issuer as the vault keeps it, the list that it signs, and a person's token of own lines."""
    key, signing = stream("issuers", 32), stream("issuers-signing", 32)
    used = hkdf(key, bytes(32), b"coffre-use-v1\0issuer")
    tokens = hkdf(key, bytes(32), b"coffre-use-v1\0own-token")
    public = ed25519_public(stream("issuers-key", 32))
    issuer = {
        "name": "https://patients.example",
        "public": b64(public),
        "roles": ["patient"],
        "claims": ["ins"],
        "environment": "test",
        "not_before": 1800000000,
        "not_after": 1831536000,
    }
    named = hashlib.sha256(public).hexdigest()[:16]
    content = {"issuer": issuer, "is_ended": False, "first_seen": None}
    aad = b"coffre-issuer-v1\0" + named.encode() + be(3, 4) + issuer["name"].encode()
    told = {
        "format": "coffre-issuers-v1",
        "issuers": [issuer],
        "not_after": 1800086400,
        "key_id": hashlib.sha256(ed25519_public(signing)).hexdigest()[:16],
    }
    signature = b64(sign(signing, b"coffre-issuers-v1\0" + canonical(told)))
    person = ["professional", "899700024450"]
    return {
        "key": key.hex(),
        "by_use": {"issuer": used.hex()},
        "issuer": issuer,
        "key_id": named,
        "version": 3,
        "content": content,
        "sealed": wrap(used, canonical(content), aad, stream("issuers-1", 12)).hex(),
        "signing_public": ed25519_public(signing).hex(),
        "document": canonical(told | {"signature": signature}).decode(),
        "person": person,
        "own_token": hmac.digest(tokens, b"coffre-own-v3\0" + canonical(person), "sha256").hex(),
    }


def hardware_keys() -> dict[str, Any]:
    """An operator's hardware key as the vault keeps it, and a token that it signed."""
    private = stream("hardware-key", 32)
    # COSE_Key of Ed25519 (RFC 9053 section 7.2) in CBOR: {1: 1, 3: -8, -1: 6, -2: x}
    public = bytes.fromhex("a4010103272006215820") + ed25519_public(private)
    origin, name = "https://coffre.example", "operator:alice"
    issuer = {
        "name": name,
        "public": b64(public),
        "roles": ["operator"],
        "claims": [],
        "environment": "test",
        "not_before": 0,
        "not_after": 1831536000,
        "subject": name,
        "origin": origin,
    }
    named = hashlib.sha256(public).hexdigest()[:16]
    content = {"issuer": issuer, "is_ended": False, "first_seen": 1800000000}
    used = hkdf(stream("issuers", 32), bytes(32), b"coffre-use-v1\0issuer")
    aad = b"coffre-issuer-v2\0" + named.encode() + be(2, 4) + name.encode()
    claims = {
        "iss": name,
        "sub": name,
        "aud": "coffre/test",
        "iat": 1800000000,
        "exp": 1800000300,
        "jti": "number",
        "role": "operator",
    }
    told = f"{b64(canonical({'typ': 'coffre+webauthn'}))}.{b64(canonical(claims))}"
    challenge = hashlib.sha256(b"coffre-hardware-token-v1\0" + told.encode()).digest()
    client = json.dumps({"type": "webauthn.get", "challenge": b64(challenge), "origin": origin}).encode()
    data = hashlib.sha256(b"coffre.example").digest() + bytes([0x05]) + be(9, 4)
    signature = sign(private, data + hashlib.sha256(client).digest())
    return {
        "key": stream("issuers", 32).hex(),
        "issuer": issuer,
        "key_id": named,
        "version": 2,
        "content": content,
        "sealed": wrap(used, canonical(content), aad, stream("hardware-1", 12)).hex(),
        "token": ".".join([told, b64(data), b64(client), b64(signature)]),
    }


def passkeys() -> dict[str, Any]:
    """A passkey as the sign-in keeps it, its name, its account's handle, and a challenge."""
    secret = stream("accounts", 32)
    sealing = hkdf(secret, bytes(32), b"coffre-account-sealing-v1\0")
    naming = hkdf(secret, bytes(32), b"coffre-account-naming-v1\0")

    def named(label: bytes, *parts: bytes) -> bytes:
        told = b"".join(be(len(part) + 1, 4) + part for part in parts)
        return hmac.digest(naming, label + told, "sha256")

    account, credential = uuid("account"), stream("credential", 16)
    name = named(b"coffre-account-passkey-name-v1\0", credential)
    content = {
        "credential": b64(credential),
        "public": b64(stream("cose-key", 77)),
        "count": 7,
        "verifies": True,
        "label": "Mon téléphone",
        "used_at": 1800000000000,
        "doubtful_at": None,
    }
    place = name + account.bytes
    aad = b"coffre-account-passkey-v1\0" + be(len(place), 4) + place + be(3, 4)
    drawn = stream("challenge", 16) + be(1800000000000, 8)
    proof = named(b"coffre-account-challenge-v1\0", b"alone", b"browser", drawn)
    return {
        "secret": secret.hex(),
        "account_id": str(account),
        "credential": credential.hex(),
        "name": name.hex(),
        "handle": named(b"coffre-account-handle-v1\0", account.bytes).hex(),
        "version": 3,
        "content": content,
        "sealed": wrap(sealing, canonical(content), aad, stream("passkey-1", 12)).hex(),
        "challenge": {"use": "alone", "asker": "browser", "value": (drawn + proof).hex()},
    }


def refusals() -> dict[str, Any]:
    """A count of refusals as it is kept, and the name that it is kept under."""
    key, index = stream("refusals", 32), stream("refusals-index", 32)
    used = hkdf(key, bytes(32), b"coffre-use-v1\0refusal")
    place, actor = [str(uuid("chain")), 1], ["issuer", "subject", "1750000001"]
    named = canonical([place, actor, ["search", "normal", "not_authorised"]])
    name = hmac.digest(index, b"coffre-refusal-v1\0" + named, "sha256")
    told = {
        "action": "search",
        "reason": "not_authorised",
        "purpose": "normal",
        "actor": None,
        "record": str(uuid("public")),
    }
    sealed = wrap(used, canonical(told), b"coffre-refusal-v1\0" + name, stream("refusals-1", 12))
    return {
        "key": key.hex(),
        "by_use": {"refusal": used.hex()},
        "index": index.hex(),
        "place": place,
        "actor": actor,
        "kind": ["search", "normal", "not_authorised"],
        "name": name.hex(),
        "told": told,
        "sealed": sealed.hex(),
    }


def grant_rows() -> dict[str, Any]:
    """A grant as the vault keeps it: of before there was a standing, and with one, a blob refused."""
    key, index = stream("grant-rows", 32), stream("grant-rows-index", 32)
    used = hkdf(key, bytes(32), b"coffre-use-v1\0grant")
    issuer, subject, structure, number = "issuer", "899700024450", "1750000002", "a-number"
    actor = {
        "role": "professional",
        "issuer": issuer,
        "subject": subject,
        "rpps": subject,
        "profession": "10",
        "structure": structure,
        "ins": None,
        "sector": "SA07",
        "setting": None,
        "credential_id": number,
        "issued_at": 1_770_000_000,
        "expires_at": 1_770_043_200,
    }
    blobs = [[str(uuid("grant-blob-1")), 1], [str(uuid("grant-blob-2")), 3]]
    kept = {"actor": actor, "reason": None, "blobs": blobs}
    names = {
        "credential": (b"coffre-withdrawn-jti-v1", [issuer, number]),
        "holder": (b"coffre-withdrawn-subject-v1", [issuer, subject, structure]),
    }
    pseudonyms = {
        name: hmac.digest(index, label + b"\0" + canonical(named), "sha256")
        for name, (label, named) in names.items()
    }
    numbers = {
        "expires": 1_770_000_900,
        "record_epoch": 7,
        "valid_from": 1_770_000_000_000,
        "valid_until": 1_770_000_600_000,
    }
    grant, record = uuid("grant"), uuid("record")
    bound = b"".join(
        (
            b"coffre-grant-row-v2\0",
            grant.bytes,
            record.bytes,
            *(be(each, 8) for each in numbers.values()),
            *pseudonyms.values(),
            b"normal",
        )
    )
    refused = {"refused": blobs[1:]}
    former = wrap(used, canonical(kept), b"coffre-grant-row-v1\0" + grant.bytes, stream("grant-rows-1", 12))
    present = wrap(used, canonical(kept | refused), bound, stream("grant-rows-2", 12))
    return {
        "key": key.hex(),
        "index": index.hex(),
        "row": {
            "grant_id": str(grant),
            "record_id": str(record),
            "purpose": "normal",
            **numbers,
            **{name: value.hex() for name, value in pseudonyms.items()},
        },
        "kept": kept,
        "refused": blobs[1:],
        "sealed": {"coffre-grant-row-v1": former.hex(), "coffre-grant-row-v2": present.hex()},
    }


PICTURE = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hn"
    "Pk1xeXBkeFxlZ2P/wAALCAAIABABAREA/8QAFQABAQAAAAAAAAAAAAAAAAAABgf/xAAWEAADAAAAAAAAAAAAAAAAAAAABUL/2gAIAQEA"
    "AD8ANpJKAkk//9k="
)
"""A grey JPEG of 16 by 8 pixels, with one APP0 segment of 18 bytes behind its first marker."""


def renditions() -> dict[str, Any]:
    picture = base64.b64decode(PICTURE)
    common = {"format": "coffre-rendition-v1", "study": "1.2.3", "series": "1.2.3.4", "height": 8}
    cells = {
        "overview": {"width": 16, "columns": 1, "frames": [["1.2.3.4.2", 1]]},
        "strip": {"width": 8, "columns": 2, "frames": [["1.2.3.4.1", 1], ["1.2.3.4.2", 7]]},
    }
    found = []
    for form, cell in cells.items():
        text = canonical(common | cell | {"form": form})
        segment = b"\xff\xfe" + be(len(text) + 2, 2) + text
        found.append({"form": form, **cell, "file": (picture[:20] + segment + picture[20:]).hex()})
    return {"picture": picture.hex(), "study": "1.2.3", "series": "1.2.3.4", "height": 8, "renditions": found}


def build() -> dict[str, Any]:
    """File name → content."""
    return {
        "blobs.json": blobs(),
        "keys.json": keys(),
        "packed.json": packed(),
        "cards.json": cards(),
        "facts.json": facts(),
        "choices.json": choices(),
        "told.json": told(),
        "tokens.json": tokens(),
        "reception.json": reception(),
        "grants.json": grants(),
        "credentials.json": credentials(),
        "roots.json": roots(),
        "shipped.json": shipped(),
        "shipped-v2.json": shipped_v2(),
        "accountability.json": accountability(),
        "refusals.json": refusals(),
        "issuers.json": issuers(),
        "grant-rows.json": grant_rows(),
        "hardware-keys.json": hardware_keys(),
        "passkeys.json": passkeys(),
        "renditions.json": renditions(),
    }


def written(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name, content in build().items():
        (HERE / name).write_text(written(content), encoding="utf-8")
