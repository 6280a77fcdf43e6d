"""Findings of `coffre check`, as data: a stable code, a sentence that says what to do, what mends it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

MOST_LISTED = 1_000
"""Findings that are kept to be shown; beyond them they are counted."""

SENTENCES: Mapping[str, str] = {
    "log_broken": "The log does not verify: keep everything as it is, and compare with a backup.",
    "blob_unknown": "The vault never adopted this published blob: restore the vault.",
    "blob_differs": "Index and vault describe this blob differently: restore the one that was altered.",
    "blob_unpublished": "The vault adopted this blob and the index lacks it: restore the index.",
    "blob_closed": "The key of this blob does not open: restore the vault's rows of its record.",
    "object_missing": "The object of this blob is gone: bring it back from a backup of the objects.",
    "object_cut": "The object of this blob has another size: bring it back from a backup of the objects.",
    "object_altered": "The bytes of this object changed: bring it back from a backup of the objects.",
    "received_missing": "What was received is gone before its verdict: its sender has to send it again.",
    "row_unknown": "The vault never sealed this details row: restore the vault.",
    "row_differs": "This details row is not the one that the vault sealed: restore the index.",
    "row_unpublished": "The vault sealed this details row and the index lacks it: restore the index.",
    "row_closed": "The key of this details row does not open: restore the vault's rows of its record.",
    "document_unknown": "The vault knows no such document: restore the vault.",
    "document_differs": "Index and vault place this document differently: restore the one that was altered.",
    "state_differs": "The index shows another state than the vault's.",
    "instance_astray": "This instance does not lie inside its blob: restore the index.",
    "instance_of_another": "Vault and index give this instance to two documents: restore the altered one.",
    "upload_left": "An upload was begun two days ago and never ended.",
    "blob_left": "This blob was not kept, and is not swept yet.",
    "submission_left": "This submission has its verdict and is not settled.",
}
REPAIRED_BY: Mapping[str, str] = {
    "state_differs": "copy the state from the vault",
    "upload_left": "sweep",
    "blob_left": "sweep",
    "submission_left": "sweep",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, at an object, row or submission named by `where`."""

    code: str
    where: str

    @property
    def sentence(self) -> str:
        return SENTENCES[self.code]


@dataclass(slots=True)
class Findings:
    """All of them counted, the first ones listed; what was looked at, by kind."""

    counts: Counter[str] = field(default_factory=Counter)
    listed: list[Finding] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    def add(self, code: str, where: object) -> None:
        if code not in SENTENCES:
            raise KeyError(code)
        self.counts[code] += 1
        if len(self.listed) < MOST_LISTED:
            self.listed.append(Finding(code, _named(where)))

    def forget(self, codes: Mapping[str, str]) -> None:
        """Drop findings of these codes, to look for them again."""
        for code in codes:
            self.counts.pop(code, None)
        self.listed = [finding for finding in self.listed if finding.code not in codes]

    @property
    def sound(self) -> bool:
        return not self.counts

    @property
    def repairs(self) -> dict[str, int]:
        """What can be repaired, by code."""
        return {code: count for code, count in self.counts.items() if code in REPAIRED_BY}


def _named(where: object) -> str:
    if isinstance(where, tuple):
        first, second = where
        return f"{first}/{second}"
    return str(where) if isinstance(where, (UUID, str)) else repr(where)
