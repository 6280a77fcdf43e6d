"""Signed checkpoints of the log: C2SP tlog-checkpoint in a C2SP signed-note, Ed25519 (signature type 0x01).

    <origin>
    <size>
    <root in standard base64>

    — <origin> <base64 of key id(4) || signature(64)>

The key's name is the origin. Lines by other keys (witnesses) are ignored, as signed-note asks; extension
lines are refused, because this log signs none and nobody could audit them.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from audit.tree import HASH_SIZE
from records.errors import CoffreError

MAX_NOTE = 131_072  # characters: far more than the 16 signatures signed-note asks a verifier to accept
ED25519 = b"\x01"
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_REFUSED = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")
_SIGNATURE = re.compile(r"— (\S+) (\S+)")


class CheckpointError(CoffreError):
    """A note that is not a checkpoint of this log, signed by its key."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """State of the log: `size` leaves under `root` (32 bytes), in the log named `origin`."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The note text that is signed: three lines, each ended by a newline."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


def key_id(name: str, public: bytes) -> bytes:
    """Key id of an Ed25519 note key: SHA-256(name || 0x0A || 0x01 || public key), first 4 bytes."""
    return sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def sign(checkpoint: Checkpoint, sign: Callable[[bytes], bytes], public: bytes) -> str:
    """The checkpoint as a signed note; `sign` gives `public`'s 64-byte Ed25519 signature of the text.

    CheckpointError `checkpoint_malformed` where no verifier would accept the outcome.
    """
    if parse_text(checkpoint.text()) != checkpoint or not _is_key_name(checkpoint.origin):
        raise _malformed()
    return sign_note(checkpoint.text(), checkpoint.origin, sign, public)


def parse_and_verify(note: str, origin: str, public: bytes) -> Checkpoint:
    """The checkpoint in a note that carries, under `origin`, the signature of `public` (32 bytes, pinned).

    CheckpointError `checkpoint_malformed`, `checkpoint_origin` (another log's, or another name signs),
    `checkpoint_signature` (no signature by this key, or a false one).
    """
    text, _ = split_note(note)
    checkpoint = parse_text(text)
    if checkpoint.origin != origin:
        raise CheckpointError(
            "The checkpoint belongs to another log: compare its first line with the origin.",
            code="checkpoint_origin",
        )
    open_note(note, origin, public)
    return checkpoint


def parse_text(text: str) -> Checkpoint:
    """Read a checkpoint's text, unverified. CheckpointError `checkpoint_malformed`."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0] or not _DECIMAL.fullmatch(lines[1]):
        raise _malformed()
    root = _decode(lines[2])
    if len(root) != HASH_SIZE:
        raise _malformed()
    return Checkpoint(lines[0], int(lines[1]), root)


def text_of(note: str) -> str:
    """Text of a note, unverified. CheckpointError `checkpoint_malformed`."""
    text, _ = split_note(note)
    return text


def sign_note(text: str, name: str, sign: Callable[[bytes], bytes], public: bytes) -> str:
    """A signed note with one signature line; `text` ends with a newline."""
    line = b64encode(key_id(name, public) + sign(text.encode())).decode()
    return f"{text}\n— {name} {line}\n"


def open_note(note: str, name: str, public: bytes) -> str:
    """Text of a note signed by the Ed25519 key `public` under `name`; one false line of its own spoils it."""
    text, signatures = split_note(note)
    expected = key_id(name, public)
    ours = [value[4:] for signer, value in signatures if (signer, value[:4]) == (name, expected)]
    if not ours or not all(_is_signature(public, value, text.encode()) for value in ours):
        raise CheckpointError(
            "The note carries no valid signature by this key: compare the public key with the published one.",
            code="checkpoint_signature",
        )
    return text


def split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Text of a note, and name and bytes (key id, signature) of each signature line; nothing is verified."""
    text, blank, lines = note.rpartition("\n\n")
    if not blank or len(note) > MAX_NOTE or _REFUSED.search(note) or not lines.endswith("\n"):
        raise _malformed()
    return text + "\n", [_signature(line) for line in lines[:-1].split("\n")]


def standard_base64(text: str) -> bytes:
    """Bytes of standard base64 (RFC 4648 section 4) in its one canonical spelling, else ValueError."""
    data = b64decode(text, validate=True)
    if b64encode(data).decode() != text:
        raise ValueError("another spelling")
    return data


def _decode(text: str) -> bytes:
    try:
        return standard_base64(text)
    except ValueError:
        raise _malformed() from None


def _signature(line: str) -> tuple[str, bytes]:
    parts = _SIGNATURE.fullmatch(line)
    if parts is None or not _is_key_name(parts[1]):
        raise _malformed()
    return parts[1], _decode(parts[2])


def _is_key_name(name: str) -> bool:
    return bool(re.fullmatch(r"[^\s+]+", name))


def _is_signature(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _malformed() -> CheckpointError:
    return CheckpointError("This is not a signed checkpoint in the C2SP format.", code="checkpoint_malformed")
