"""A stranger's check of lines that a patient kept: `python stranger.py FILE KEY`.

Written from docs/formats.md section 5, RFC 6962 and C2SP's tlog-proof and signed-note alone; it knows nothing
of Coffre's code. KEY is the log's Ed25519 key, base64url, from where the stranger trusts it.
"""

import base64
import hashlib
import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HEADER = "c2sp.org/tlog-proof@v1\n"


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def unurl(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def signed_tree(note: str, key: bytes) -> tuple[str, int, bytes]:
    """Name, size and root of the log, once its signature holds."""
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    name, size, root, nothing = text.split("\n")
    if nothing:
        raise SystemExit("false: this is no checkpoint of three lines")
    for line in signatures.splitlines():
        dash, signer, value = line.split(" ")
        raw = base64.b64decode(value, validate=True)
        if dash == "—" and signer == name and raw[:4] == sha(name.encode(), b"\n\x01", key)[:4]:
            Ed25519PublicKey.from_public_bytes(key).verify(raw[4:], text.encode())
            return name, int(size), base64.b64decode(root, validate=True)
    raise SystemExit("false: not signed by this key")


def root_from(index: int, size: int, leaf: bytes, hashes: list[bytes]) -> bytes:
    """RFC 6962 section 2.1.1, from the root down: which side of each split the leaf is on."""
    if size == 1:
        if hashes:
            raise SystemExit("false: hashes left over")
        return leaf
    if not hashes:
        raise SystemExit("false: hashes lacking")
    half = 1
    while half * 2 < size:
        half *= 2
    *below, sibling = hashes
    if index < half:
        return sha(b"\x01", root_from(index, half, leaf, below), sibling)
    return sha(b"\x01", sibling, root_from(index - half, size - half, leaf, below))


def check(proof: str, key: bytes) -> str:
    head, _, note = proof.partition("\n\n")
    _, extra, index, *hashes = head.split("\n")
    if not (extra.startswith("extra ") and index.startswith("index ")):
        raise SystemExit("false: a line with its entry is missing")
    name, size, root = signed_tree(note, key)
    line = json.loads(base64.b64decode(extra[6:], validate=True))
    if line["format"] != "coffre-log-line-v1":
        raise SystemExit("false: another format")
    at = int(index[6:])
    leaf = sha(b"\x00", line["entry"].encode())
    if not 0 <= at < size or root_from(at, size, leaf, [base64.b64decode(each) for each in hashes]) != root:
        raise SystemExit("false: this entry is not in the tree")
    entry, event = json.loads(line["entry"]), json.loads(line["event"])
    if unurl(entry["detail_hash"]) != sha(unurl(line["salt"]), line["event"].encode()):
        raise SystemExit("false: this event is not the entry's")
    who = event["agent"][0].get("who", {}).get("identifier", {}).get("value", "-")
    return f"{event['recorded']} {event['subtype'][0]['code']} {who} at {at} of {size} in {name}"


def main(file: str, key: str) -> None:
    proofs = Path(file).read_text(encoding="utf-8").split(HEADER)
    if proofs[0] or len(proofs) == 1:
        raise SystemExit("false: no proofs in this file")
    for proof in proofs[1:]:
        print(check(HEADER + proof, unurl(key)))


if __name__ == "__main__":
    main(*sys.argv[1:])
