"""Inclusion proofs as text that a stranger can check offline: C2SP tlog-proof.

c2sp.org/tlog-proof@v1
extra <base64 of data that nothing authenticates; absent where there is none>
index <position of the leaf>
<hashes from the leaf's sibling up, base64, one a line>

<signed checkpoint, verbatim>
"""

import re
from base64 import b64encode
from dataclasses import dataclass

from audit.checkpoint import standard_base64
from audit.tree import HASH_SIZE
from records.errors import CoffreError

HEADER = "c2sp.org/tlog-proof@v1"
LONGEST = 1_048_576
"""Characters of one proof: an entry and an event of their largest sizes, in base64, and more hashes than any
tree has.
"""

_INDEX = re.compile(r"index (0|[1-9][0-9]{0,15})")


class ProofError(CoffreError):
    """A text that is no proof, or a proof that proves nothing."""


@dataclass(frozen=True, slots=True)
class LogProof:
    """Audit path (32-byte hashes, leaf's sibling first) of leaf `index` under the signed `checkpoint`.

    `extra` is whatever its writer put beside it: trust it no further than it was checked.
    """

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
    """Read one proof, unverified. ProofError `proof_malformed`."""
    head, blank, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if len(text) > LONGEST or not blank or lines.pop(0) != HEADER:
        raise _malformed()
    extra = _decoded(lines.pop(0)[6:]) if lines and lines[0].startswith("extra ") else None
    index = _INDEX.fullmatch(lines.pop(0)) if lines else None
    hashes = tuple(map(_decoded, lines))
    if index is None or not all(len(value) == HASH_SIZE for value in hashes):
        raise _malformed()
    return LogProof(int(index[1]), hashes, checkpoint, extra)


def split_proofs(text: str) -> list[str]:
    """The proofs of a file that has several, one after the other: each begins with the header's line."""
    start = f"{HEADER}\n"
    if not text.startswith(start):
        raise _malformed()
    pieces = re.split(rf"^{re.escape(start)}", text, flags=re.MULTILINE)
    return [start + piece for piece in pieces[1:]]


def _decoded(text: str) -> bytes:
    try:
        return standard_base64(text)
    except ValueError:
        raise _malformed() from None


def _malformed() -> ProofError:
    return ProofError("This is no proof of the log in the C2SP format (tlog-proof).", code="proof_malformed")
