"""A line of the access log in a file of its own, checked without Coffre, vault or network.

The file is a C2SP tlog-proof whose `extra` is canonical JSON: what the holder was given beside the line.

{"format": "coffre-log-line-v1", "seq", "prev", "salt", "event", "entry"}

`entry` is the text in the tree, `event` the text that its `detail_hash` binds with `salt`; `prev` and `seq`
say where the line stands in the record's chain, and nothing in the tree binds those.
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.audit_event import access_line
from audit.chains import check_entry, detail_hash, plain
from audit.checkpoint import Checkpoint, parse_and_verify, parse_text, text_of
from audit.proof import ProofError, parse_proof
from audit.tree import HASH_SIZE, leaf_hash, verify_inclusion

FORMAT = "coffre-log-line-v1"
_MEMBERS = {"format", "seq", "prev", "salt", "event", "entry"}


@dataclass(frozen=True, slots=True)
class ProvenLine:
    """What a file proves: this line was entered at `index` of the log that `checkpoint` signs.

    `line` is what the access log says of it (docs/api.md).
    """

    index: int
    leaf: bytes
    checkpoint: Checkpoint
    seq: int
    line: Mapping[str, Any]


def check_line_proof(text: str, public: bytes, origin: str | None = None) -> ProvenLine:
    """Check one file under the log's key (Ed25519, 32 bytes, from elsewhere) and, where given, its name.

    Raises CheckpointError (`audit.checkpoint`), TreeError `not_included`, LogFault `entry_malformed`,
    ProofError `proof_malformed`, `line_malformed`, `event_changed`, `event_differs`.
    """
    proof = parse_proof(text)
    signer = parse_text(text_of(proof.checkpoint)).origin if origin is None else origin
    checkpoint = parse_and_verify(proof.checkpoint, signer, public)
    line = _line(proof.extra)
    leaf, told = check_line(line)
    verify_inclusion(proof.index, checkpoint.size, leaf, checkpoint.root, proof.hashes)
    return ProvenLine(proof.index, leaf, checkpoint, line["seq"], told)


def check_line(line: Mapping[str, Any]) -> tuple[bytes, Mapping[str, Any]]:
    """Check that an entry has its one form and binds this event, and that both say the same.

    `line` has text members `entry`, `event` and `salt`. Answers the leaf hash and the line of the access log.
    Raises LogFault `entry_malformed`, ProofError `event_changed`, `event_differs`.
    """
    entry = line["entry"].encode()
    leaf = leaf_hash(entry)
    return leaf, _event(line, check_entry(leaf, entry, None))


def _line(extra: bytes | None) -> dict[str, Any]:
    try:
        line = json.loads(extra or b"")
        sound = set(line) == _MEMBERS and line["format"] == FORMAT and plain(line).encode() == extra
        sound = sound and type(line["seq"]) is int and len(_unb64(line["salt"])) == HASH_SIZE
        sound = sound and isinstance(line["entry"], str) and isinstance(line["event"], str)
    except (ValueError, TypeError, RecursionError):
        sound = False
    if not sound:
        raise ProofError("The proof does not carry a line of the access log.", code="line_malformed")
    return dict(line)


def _event(line: Mapping[str, Any], entry: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        event = json.loads(line["event"])
        same = plain(event) == line["event"]
        same = same and detail_hash(_unb64(line["salt"]), event) == entry["detail_hash"]
    except (ValueError, TypeError, RecursionError):
        same = False
    if not same:
        raise ProofError("The event is not the one that the entry was written with.", code="event_changed")
    try:
        told = access_line(event)
        agreed = _told(told) == {name: entry[name] for name in _told(told)}
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        agreed = False
    if not agreed:
        raise ProofError("Entry and event say different things.", code="event_differs")
    return told


def _told(line: Mapping[str, Any]) -> dict[str, Any]:
    """What the entry, which is in clear, says as well."""
    return {
        "time": round(datetime.fromisoformat(line["time"]).timestamp() * 1000),
        "action": line["action"],
        "outcome": line["outcome"],
        "reason": line["decision"],
        "purpose": line["purpose"],
        "object": line.get("object"),
    }


def _unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
