"""Inclusion proofs as text that a stranger can check offline: C2SP tlog-proof.

c2sp.org/tlog-proof@v1
index <position of the leaf>
<hashes from the leaf's sibling up, base64, one a line>

<signed checkpoint, verbatim>
"""

from base64 import b64encode
from dataclasses import dataclass

HEADER = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class LogProof:
    """Audit path (32-byte hashes, leaf's sibling first) of leaf `index` under the signed `checkpoint`."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str


def format_proof(proof: LogProof) -> str:
    """The proof as text; files are called `….tlog-proof`."""
    hashes = [b64encode(value).decode() for value in proof.hashes]
    return "\n".join([HEADER, f"index {proof.index}", *hashes, "", proof.checkpoint])
