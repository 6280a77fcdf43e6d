"""Writes log-proofs.json beside this script: `python tests/vectors/make_log_vectors.py`.

Proofs of the log, true and false ones, for whoever checks them: the verifier in Python, the page's in
ECMAScript, a stranger's. Built from RFC 6962, C2SP's texts and docs/formats.md section 5, with nothing of
Coffre imported and nothing random. `verdict` is "sound" or the code of the fault.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FILE = Path(__file__).parent / "log-proofs.json"
ORIGIN, OTHER_ORIGIN = "audit.coffre.example/test", "audit.elsewhere.example/test"
KEY, OTHER_KEY = (Ed25519PrivateKey.from_private_bytes(seed * 32) for seed in (b"l", b"m"))
PUBLIC, OTHER_PUBLIC = (key.public_key().public_bytes_raw() for key in (KEY, OTHER_KEY))
SIZE = 13
RECORD = "0d1c8f3e-6a55-4f0b-9c1e-2f4f3b6a7d10"
DOCUMENT = "7e1b9a54-2f0d-4c9b-8a77-5d3b1f2c4e66"
Hashes = list[bytes]


def digest(*parts: object) -> bytes:
    return hashlib.sha256(":".join(map(str, parts)).encode()).digest()


def canonical(value: Any) -> str:
    """RFC 8785 for what stands here: ASCII names, text, whole numbers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def std(data: bytes) -> str:
    return base64.b64encode(data).decode()


# The tree, word for word as RFC 6962 section 2.1 has it


def leaf(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def split(count: int) -> int:
    width = 1
    while width * 2 < count:
        width *= 2
    return width


def root(leaves: Hashes) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node(root(leaves[:k]), root(leaves[k:]))


def path(m: int, leaves: Hashes) -> Hashes:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), root(leaves[k:])]
    return [*path(m - k, leaves[k:]), root(leaves[:k])]


def grown(m: int, leaves: Hashes, is_whole: bool = True) -> Hashes:
    if m == len(leaves):
        return [] if is_whole else [root(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*grown(m, leaves[:k], is_whole), root(leaves[k:])]
    return [*grown(m - k, leaves[k:], False), root(leaves[:k])]


# Lines of an access log


def line(number: int) -> dict[str, Any]:
    time_ms = 1_790_000_000_000 + number * 60_000
    event: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "type": {"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest"},
        "subtype": [{"system": "urn:coffre:action", "code": "retrieve"}],
        "action": "R",
        "recorded": f"2026-09-21T14:{13 + number:02}:20.000+00:00",
        "outcome": "0" if number % 3 else "4",
        "outcomeDesc": "authorised" if number % 3 else "not_authorised",
        "purposeOfEvent": [{"coding": [{"system": "urn:oid:1.2.250.1.213.1.1.4.248", "code": "normal"}]}],
        "agent": [
            {
                "requestor": True,
                "type": {"text": "professional"},
                "who": {"identifier": {"system": "urn:oid:1.2.250.1.71.4.2.1", "value": "899700024450"}},
            }
        ],
        "source": {"observer": {"display": "coffre vault"}},
        "entity": [
            {"what": {"identifier": {"system": "urn:coffre:record", "value": RECORD}}},
            {"what": {"identifier": {"system": "urn:coffre:object", "value": DOCUMENT}}},
            {"detail": [{"type": "reason", "valueString": "Né à l’étranger : 𝒳, \u2028 et « é »"}]},
        ],
    }
    salt = digest("salt", number)
    text = canonical(event)
    entry = {
        "v": 1,
        "time": time_ms,
        "action": "retrieve",
        "outcome": "permit" if number % 3 else "deny",
        "reason": event["outcomeDesc"],
        "purpose": "normal",
        "actor": url(digest("actor", number)),
        "record": url(digest("record", number)),
        "object": DOCUMENT,
        "commitment": None,
        "grant": None,
        "line_hash": url(digest("line", number)),
        "detail_hash": url(hashlib.sha256(salt + text.encode()).digest()),
    }
    return {"seq": number + 1, "prev": "", "salt": url(salt), "event": text, "entry": canonical(entry)}


def lines() -> list[dict[str, Any]]:
    found, prev = [], bytes(32)
    for number in range(SIZE):
        found.append(line(number) | {"prev": url(prev)})
        prev = leaf(found[-1]["entry"].encode())
    return found


LINES = lines()
LEAVES = [leaf(each["entry"].encode()) for each in LINES]
FORK = [*LEAVES[:6], digest("another entry"), *LEAVES[7:]]


def note(size: int, top: bytes, origin: str = ORIGIN, key: Ed25519PrivateKey = KEY, name: str = "") -> str:
    text = f"{origin}\n{size}\n{std(top)}\n"
    name, public = name or origin, key.public_key().public_bytes_raw()
    key_id = hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]
    return f"{text}\n— {name} {std(key_id + key.sign(text.encode()))}\n"


def inclusion() -> Iterator[dict[str, Any]]:
    def case(name: str, verdict: str, index: int, size: int, of: bytes, top: bytes, hashes: Hashes) -> Any:
        found = {"name": name, "verdict": verdict, "index": index, "size": size, "leaf": std(of)}
        return {**found, "root": std(top), "hashes": [std(each) for each in hashes]}

    for size in range(1, SIZE + 1):
        tree = LEAVES[:size]
        for index in {0, size // 2, size - 1}:
            where = f"leaf {index} of {size}"
            yield case(where, "sound", index, size, LEAVES[index], root(tree), path(index, tree))
    top, hashes = root(LEAVES), path(5, LEAVES)
    yield case("the entry changed", "not_included", 5, 13, digest("changed"), top, hashes)
    yield case("the entry of another place", "not_included", 5, 13, LEAVES[4], top, hashes)
    yield case("another place", "not_included", 4, 13, LEAVES[5], top, hashes)
    yield case("another root", "not_included", 5, 13, LEAVES[5], root(FORK), hashes)
    yield case("the entry dropped", "not_included", 5, 12, LEAVES[5], root(LEAVES[:5] + LEAVES[6:]), hashes)
    yield case("a hash lacking", "not_included", 5, 13, LEAVES[5], top, hashes[:-1])
    yield case("a hash too many", "not_included", 5, 13, LEAVES[5], top, [*hashes, hashes[0]])
    yield case("hashes in another order", "not_included", 5, 13, LEAVES[5], top, hashes[::-1])
    inner = node(LEAVES[4], LEAVES[5])
    yield case("a node for a leaf", "not_included", 5, 13, inner, top, hashes[1:])
    yield case("a node for a leaf, its place too", "not_included", 2, 13, inner, top, hashes[1:])
    yield case("past the end", "no_such_leaf", 13, 13, LEAVES[5], top, hashes)
    yield case("a short hash", "bad_hash", 5, 13, LEAVES[5], top, [hashes[0][:31], *hashes[1:]])


def consistency() -> Iterator[dict[str, Any]]:
    def case(name: str, verdict: str, old: int, before: bytes, new: int, after: bytes, hashes: Hashes) -> Any:
        found = {"name": name, "verdict": verdict, "old": old, "old_root": std(before), "new": new}
        return {**found, "new_root": std(after), "hashes": [std(each) for each in hashes]}

    for new in range(1, SIZE + 1):
        for old in range(1, new + 1):
            tree = LEAVES[:new]
            hashes = grown(old, tree)
            yield case(f"{old} to {new}", "sound", old, root(LEAVES[:old]), new, root(tree), hashes)
    before, after, hashes = root(LEAVES[:6]), root(LEAVES), grown(6, LEAVES)
    yield case("a fork of equal size", "inconsistent", 13, root(FORK), 13, after, [])
    yield case("rewritten before the old end", "inconsistent", 7, root(FORK[:7]), 13, after, grown(7, LEAVES))
    yield case("an older tree", "inconsistent", 13, after, 6, before, hashes)
    yield case("from nothing", "empty_tree", 0, hashlib.sha256(b"").digest(), 13, after, [])
    yield case("a hash lacking", "inconsistent", 6, before, 13, after, hashes[:-1])
    yield case("a hash too many", "inconsistent", 6, before, 13, after, [*hashes, hashes[0]])
    yield case("no hash", "inconsistent", 6, before, 13, after, [])
    yield case("a short hash", "bad_hash", 6, before, 13, after, [hashes[0][:31], *hashes[1:]])
    for at in range(len(hashes)):
        changed = [*hashes[:at], digest("changed", at), *hashes[at + 1 :]]
        yield case(f"hash {at} changed", "inconsistent", 6, before, 13, after, changed)


def checkpoints() -> Iterator[dict[str, Any]]:
    def case(name: str, verdict: str, text: str, origin: str = ORIGIN, public: bytes = PUBLIC) -> Any:
        return {"name": name, "verdict": verdict, "note": text, "origin": origin, "public": url(public)}

    true = note(SIZE, root(LEAVES))
    text, _, signature = true.partition("\n\n")
    witness = f"— witness.example {std(b'wits' + bytes(64))}\n"
    yield case("signed", "sound", true)
    yield case("with a witness's line", "sound", true + witness)
    yield case("another log's", "checkpoint_origin", note(SIZE, root(LEAVES), OTHER_ORIGIN))
    other_name = note(SIZE, root(LEAVES), name=OTHER_ORIGIN)
    yield case("another name signs", "checkpoint_signature", other_name)
    yield case("another key", "checkpoint_signature", note(SIZE, root(LEAVES), key=OTHER_KEY))
    yield case("under another pinned key", "checkpoint_signature", true, public=OTHER_PUBLIC)
    yield case("another size", "checkpoint_signature", true.replace("\n13\n", "\n14\n"))
    yield case(
        "another root",
        "checkpoint_signature",
        note(SIZE, root(FORK)).partition("\n\n")[0] + "\n\n" + signature,
    )
    yield case("not signed", "checkpoint_malformed", text + "\n")
    yield case("a witness alone", "checkpoint_signature", text + "\n\n" + witness)
    forged = f"— {ORIGIN} {std(base64.b64decode(signature.split()[2])[:4] + bytes(64))}\n"
    yield case("a second line of the key is false", "checkpoint_signature", true + forged)
    yield case(
        "an extension line", "checkpoint_malformed", note(SIZE, root(LEAVES)).replace("\n\n", "\nmore\n\n")
    )
    yield case("a size with a leading zero", "checkpoint_malformed", true.replace("\n13\n", "\n013\n"))
    yield case("a carriage return", "checkpoint_malformed", true.replace("\n", "\r\n"))
    yield case("nothing", "checkpoint_malformed", "")


def line_cases() -> Iterator[dict[str, Any]]:
    def case(name: str, verdict: str, **changes: Any) -> dict[str, Any]:
        return {"name": name, "verdict": verdict, "line": LINES[4] | changes}

    entry, event = json.loads(LINES[4]["entry"]), json.loads(LINES[4]["event"])
    yield case("as it was written", "sound")
    yield {"name": "a refusal", "verdict": "sound", "line": LINES[3]}
    yield case(
        "another person", "event_changed", event=LINES[4]["event"].replace("899700024450", "899700024468")
    )
    yield case("another salt", "event_changed", salt=url(bytes(32)))
    yield case("another line's event", "event_changed", event=LINES[5]["event"], salt=LINES[5]["salt"])
    yield case(
        "a member lacking",
        "entry_malformed",
        entry=canonical({k: v for k, v in entry.items() if k != "grant"}),
    )
    yield case("a member too many", "entry_malformed", entry=canonical(entry | {"more": 1}))
    yield case("another version", "entry_malformed", entry=canonical(entry | {"v": 2}))
    yield case("spaces", "entry_malformed", entry=json.dumps(entry, sort_keys=True))
    twice = LINES[4]["entry"].replace('"v":1', '"v":1,"v":1')
    yield case("a name twice", "entry_malformed", entry=twice)
    yield case("no entry", "entry_malformed", entry="")
    for name, value in (
        ("time", 1),
        ("action", "search"),
        ("outcome", "deny"),
        ("object", None),
        ("reason", "x"),
    ):
        yield case(f"the entry says another {name}", "event_differs", entry=canonical(entry | {name: value}))
    spaced = json.dumps(event, sort_keys=True)
    bound = url(hashlib.sha256(digest("salt", 4) + spaced.encode()).digest())
    yield case(
        "an event of another form",
        "event_changed",
        event=spaced,
        entry=canonical(entry | {"detail_hash": bound}),
    )


def chains() -> Iterator[dict[str, Any]]:
    links = [
        {"seq": each["seq"], "leaf": url(of), "prev": each["prev"]}
        for each, of in zip(LINES, LEAVES, strict=True)
    ]

    def case(name: str, verdict: str, shown: list[dict[str, Any]]) -> dict[str, Any]:
        return {"name": name, "verdict": verdict, "links": shown[::-1]}

    yield case("from the first to the last", "sound", links)
    yield case("a page of it", "sound", links[4:9])
    yield case("a line dropped", "chain_gap", links[:5] + links[6:])
    yield case(
        "a line changed", "chain_link", [*links[:5], links[5] | {"leaf": url(digest("x"))}, *links[6:]]
    )
    yield case(
        "two lines changed places",
        "chain_link",
        [*links[:5], links[6] | {"seq": 6}, links[5] | {"seq": 7}, *links[7:]],
    )
    renumbered = [each | {"seq": each["seq"] - 1} for each in links[6:]]
    yield case("a line dropped, the rest numbered anew", "chain_link", links[:5] + renumbered)
    yield case(
        "the first names a predecessor", "chain_link", [links[0] | {"prev": url(digest("x"))}, *links[1:]]
    )
    yield case("one in the middle names none", "chain_link", [links[0], links[1] | {"prev": url(bytes(32))}])


def growths() -> Iterator[dict[str, Any]]:
    def case(name: str, verdict: str, before: str, now: str, hashes: Hashes) -> dict[str, Any]:
        return {
            "name": name,
            "verdict": verdict,
            "before": before,
            "now": now,
            "hashes": [std(h) for h in hashes],
        }

    six, all_ = note(6, root(LEAVES[:6])), note(SIZE, root(LEAVES))
    yield case("the same", "same", all_, all_, [])
    yield case("grown", "grown", six, all_, grown(6, LEAVES))
    yield case("a fork of equal size", "fork", all_, note(SIZE, root(FORK)), [])
    yield case("rolled back", "rollback", all_, six, grown(6, LEAVES))
    seven = note(7, root(LEAVES[:7]))
    yield case("rewritten", "rewritten", seven, note(SIZE, root(FORK)), grown(7, FORK))
    yield case("grown, without its proof", "rewritten", six, all_, [])


def proof(number: int, size: int = SIZE, *, signed: str = "", extra: dict[str, Any] | None = None) -> str:
    """A line's file: C2SP tlog-proof."""
    said = {"format": "coffre-log-line-v1", **LINES[number]} if extra is None else extra
    hashes = [std(each) for each in path(number, LEAVES[:size])]
    head = ["c2sp.org/tlog-proof@v1", f"extra {std(canonical(said).encode())}", f"index {number}", *hashes]
    return "\n".join([*head, "", signed or note(size, root(LEAVES[:size]))])


def files() -> Iterator[dict[str, Any]]:
    def case(name: str, verdict: str, text: str, origin: str = ORIGIN, public: bytes = PUBLIC) -> Any:
        return {"name": name, "verdict": verdict, "file": text, "origin": origin, "public": url(public)}

    true = {"format": "coffre-log-line-v1", **LINES[8]}
    yield case("a line", "sound", proof(8))
    yield case("the only line", "sound", proof(0, 1))
    yield case(
        "another entry",
        "not_included",
        proof(8, extra=true | {k: LINES[7][k] for k in ("entry", "event", "salt")}),
    )
    other = LINES[8]["event"].replace("authorised", "emergency")
    yield case("another event", "event_changed", proof(8, extra=true | {"event": other}))
    yield case("a fork's signature", "not_included", proof(8, signed=note(SIZE, root(FORK))))
    yield case("another log", "checkpoint_origin", proof(8, signed=note(SIZE, root(LEAVES), OTHER_ORIGIN)))
    yield case("another key", "checkpoint_signature", proof(8), public=OTHER_PUBLIC)
    yield case("another place", "not_included", proof(8).replace("index 8", "index 9"))
    yield case("a place with a leading zero", "proof_malformed", proof(8).replace("index 8", "index 08"))
    yield case("a member too many", "line_malformed", proof(8, extra=true | {"more": 1}))
    yield case("another format", "line_malformed", proof(8, extra=true | {"format": "coffre-log-line-v2"}))
    without = "\n".join(each for each in proof(8).split("\n") if not each.startswith("extra "))
    yield case("a proof of something else", "line_malformed", without)
    yield case("another version", "proof_malformed", proof(8).replace("@v1", "@v2", 1))


def build() -> dict[str, Any]:
    return {
        "origin": ORIGIN,
        "public": url(PUBLIC),
        "inclusion": list(inclusion()),
        "consistency": list(consistency()),
        "checkpoints": list(checkpoints()),
        "lines": list(line_cases()),
        "chains": list(chains()),
        "growths": list(growths()),
        "files": list(files()),
    }


def written(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(written(build()), encoding="utf-8")
