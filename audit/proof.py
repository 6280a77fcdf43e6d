"""Inclusion proofs as text that a stranger can check offline: C2SP tlog-proof.

c2sp.org/tlog-proof@v1
extra <base64>                  (optional, authenticated by nothing)
index <position of the leaf>
<hashes from the leaf's sibling up, base64, one a line>

<signed checkpoint, verbatim>
"""

import re
from base64 import b64encode
from dataclasses import dataclass

from audit.checkpoint import Checkpoint, CheckpointError, decode, parse_and_verify
from audit.tree import HASH_SIZE, TreeError, verify_inclusion
from records.errors import CoffreError

HEADER = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63  # a tree of 2^63 leaves
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


class ProofError(CoffreError):
    """A text that is no inclusion proof, or one that proves nothing about the leaf at hand."""


@dataclass(frozen=True, slots=True)
class LogProof:
    """Audit path (32-byte hashes, leaf's sibling first) of leaf `index` under the signed `checkpoint`."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None


def format_proof(proof: LogProof) -> str:
    """The proof as text; files are called `….tlog-proof`."""
    extra = [] if proof.extra is None else [f"extra {b64encode(proof.extra).decode()}"]
    hashes = [b64encode(value).decode() for value in proof.hashes]
    return "\n".join([HEADER, *extra, f"index {proof.index}", *hashes, "", proof.checkpoint])


def parse_proof(text: str) -> LogProof:
    """Read a proof, unverified. ProofError `proof_malformed`."""
    head, blank, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines.pop(0) != HEADER:
        raise _malformed()
    extra = _bytes(lines.pop(0)[6:]) if lines and lines[0].startswith("extra ") else None
    index = _INDEX.fullmatch(lines.pop(0)) if lines else None
    hashes = tuple(_bytes(line) for line in lines)
    if index is None or len(hashes) > MAX_HASHES or any(len(value) != HASH_SIZE for value in hashes):
        raise _malformed()
    return LogProof(int(index[1]), hashes, checkpoint, extra)


def verify_proof(proof: LogProof, leaf: bytes, origin: str, public: bytes) -> Checkpoint:
    """Check that the leaf hash stands in the log at the proof's index; returns the checkpoint that says so.

    `origin` and `public` (Ed25519, 32 bytes) are pinned by the caller. CheckpointError for the note,
    ProofError `proof_refused` for the path.
    """
    checkpoint = parse_and_verify(proof.checkpoint, origin, public)
    try:
        verify_inclusion(leaf, proof.index, checkpoint.size, proof.hashes, checkpoint.root)
    except TreeError:
        raise ProofError(
            "The proof does not show this leaf in the log: ask for it again.", code="proof_refused"
        ) from None
    return checkpoint


def _bytes(text: str) -> bytes:
    try:
        return decode(text)
    except CheckpointError:
        raise _malformed() from None


def _malformed() -> ProofError:
    return ProofError("This is not an inclusion proof in the C2SP tlog-proof format.", code="proof_malformed")
