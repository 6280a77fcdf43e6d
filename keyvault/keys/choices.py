"""Rows of the holder's choices about professionals, sealed under the card key (docs/formats.md section 2).

A change is a new sealed version in the place of the row, whose digest its event names. Nothing is deleted:
where no row is, nothing is permitted.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from keyvault.crypto.envelope import derive
from keyvault.crypto.sealed_json import authorisation_aad, circle_aad, open_json, seal_json
from keyvault.keys.cards import OpenedCard, altered, changed_meanwhile
from keyvault.store import Row, VaultTransaction
from records.card.consent import ConsentRecord
from records.choices.authorisations import Authorisation, Ground, day_of_end
from records.choices.circles import Circle, counting
from records.vocabulary.codes import ConsentMeans

LIVE, ARCHIVED = "live", "archived"
LARGEST_SEARCH = 300
MOST_TEAMS = 500
"""Shown at once; what ended yesterday is archived."""
TOLD_AT_ONCE = 100
"""Rows that one event names, so that it stays a line that a log can show."""
_DECOY, _NOBODY = OpenedCard(UUID(int=0), 0, None, bytes(32)), "899700000000"


@dataclass(frozen=True, slots=True)
class KeptChoice:
    """The version and the digest of a row as it was just written, for its event."""

    name: str
    version: int
    digest: bytes

    def told(self, of: str) -> dict[str, Any]:
        """The details of the event: `of` is authorisation or circle."""
        return {of: self.name, f"{of}_version": self.version, f"{of}_digest": self.digest.hex()}


def told_together(kept: Iterable[KeptChoice], of: str = "authorisation") -> dict[str, str]:
    """The detail of an event that names many rows, in the plural; `read_together` reads it."""
    return {f"{of}s": " ".join(f"{each.name}:{each.version}:{each.digest.hex()}" for each in kept)}


def read_together(detail: str) -> Iterator[tuple[str, str, str]]:
    """Name, version and digest of each row."""
    for each in detail.split():
        name, version, digest = each.split(":")
        yield name, version, digest


def person_of(opened: OpenedCard, professional: str) -> bytes:
    """32 bytes that stand for a professional in one record, and in no other."""
    key = derive(opened.key, bytes(32), b"coffre-person-key-v1\0")
    return hmac.digest(key, b"coffre-person-v1\0" + professional.encode(), "sha256")


def counting_authorisation(
    tx: VaultTransaction, opened: OpenedCard, professional: str
) -> Authorisation | None:
    """The authorisation that decides about one professional: one row by its key, and the circles of its
    grounds where it has some. Where there is none, a decoy is opened: that costs the same.
    """
    row = authorisation_row(tx, opened, professional)
    if row is None:
        open_authorisation(_DECOY, _decoy())
        return None
    found = open_authorisation(opened, row)
    circles = sorted({each.circle for each in found.grounds if each.of_team})
    return counting(found, open_circles(tx, opened, circles) if circles else {})


@cache
def _decoy() -> Row:
    """Sealed once, opened each time."""
    given = ConsentRecord(by=_NOBODY, how=ConsentMeans.ONLINE, at=0)
    authorisation = Authorisation(_NOBODY, (Ground(_DECOY.record_id, 0, None, given),))
    person = person_of(_DECOY, _NOBODY)
    aad = authorisation_aad(_DECOY.record_id, person, 1)
    return {"person": person, **_columns(_DECOY, authorisation.to_json(), aad, 1, False, None)}


def authorisation_row(tx: VaultTransaction, opened: OpenedCard, professional: str) -> Row | None:
    return tx.get("authorisation", record_id=opened.record_id, person=person_of(opened, professional))


def authorisation_rows(tx: VaultTransaction, opened: OpenedCard, professionals: Iterable[str]) -> list[Row]:
    """The rows that these professionals have."""
    people = [person_of(opened, each) for each in professionals]
    return [
        row
        for at in range(0, len(people), LARGEST_SEARCH)
        for row in tx.find(
            "authorisation", record_id=opened.record_id, person__in=people[at : at + LARGEST_SEARCH]
        )
    ]


def open_authorisation(opened: OpenedCard, row: Row) -> Authorisation:
    """Raises CoffreError `card_altered` where the row is not the one that its digest names, or what stands
    beside it is not what it seals.
    """
    aad = authorisation_aad(opened.record_id, row["person"], row["version"])
    found = Authorisation.from_json(_opened(opened, row, aad))
    if person_of(opened, found.professional) != row["person"]:
        raise altered()
    _check_copies(row, found.archived, found.ends_at())
    return found


def open_circles(tx: VaultTransaction, opened: OpenedCard, circles: Sequence[UUID]) -> dict[UUID, Circle]:
    """The circles that are there, by id."""
    rows = tx.find("circle", record_id=opened.record_id, circle_id__in=circles)
    return {row["circle_id"]: open_circle(opened, row) for row in rows}


def running_teams(tx: VaultTransaction, opened: OpenedCard) -> list[Circle]:
    """Teams and lists that were not ended, the newest first."""
    rows = tx.find("circle", limit=MOST_TEAMS, record_id=opened.record_id, state=LIVE)
    return sorted((open_circle(opened, row) for row in rows), key=lambda each: -each.since)


def open_circle(opened: OpenedCard, row: Row) -> Circle:
    """Raises CoffreError `card_altered` like `open_authorisation`."""
    found = Circle.from_json(
        _opened(opened, row, circle_aad(opened.record_id, row["circle_id"], row["version"]))
    )
    if found.circle_id != row["circle_id"]:
        raise altered()
    _check_copies(row, found.archived, found.ends_at())
    return found


def keep_authorisations(
    tx: VaultTransaction, opened: OpenedCard, changed: Iterable[Authorisation], present: Iterable[Row] = ()
) -> list[KeptChoice]:
    """Seal the next version of each; `present` are the rows that some have. New ones go in together."""
    rows = {row["person"]: row for row in present}
    new, kept = [], []
    for each in changed:
        person = person_of(opened, each.professional)
        version = rows[person]["version"] + 1 if person in rows else 1
        aad = authorisation_aad(opened.record_id, person, version)
        columns = _columns(opened, each.to_json(), aad, version, each.archived, each.ends_at())
        kept.append(KeptChoice(person.hex(), version, columns["digest"]))
        if person in rows:
            _replace(tx, "authorisation", columns, record_id=opened.record_id, person=person)
        else:
            new.append({"record_id": opened.record_id, "person": person, **columns})
    tx.insert("authorisation", *new)
    return kept


def keep_circle(tx: VaultTransaction, opened: OpenedCard, circle: Circle, present: Row | None) -> KeptChoice:
    """Seal the next version of a team or list; `present` is the row that it has."""
    version = present["version"] + 1 if present is not None else 1
    aad = circle_aad(opened.record_id, circle.circle_id, version)
    columns = _columns(opened, circle.to_json(), aad, version, circle.archived, circle.ends_at())
    key = {"record_id": opened.record_id, "circle_id": circle.circle_id}
    if present is not None:
        _replace(tx, "circle", columns, **key)
    else:
        tx.insert("circle", {**key, **columns})
    return KeptChoice(str(circle.circle_id), version, columns["digest"])


def circle_id_of(opened: OpenedCard, by: str, request: UUID) -> UUID:
    """The id of the team that a request forms: whoever asks again with the same request id gets the same."""
    key = derive(opened.key, bytes(32), b"coffre-circle-id-key-v1\0")
    named = b"coffre-circle-id-v1\0" + request.bytes + by.encode()
    return UUID(bytes=hmac.digest(key, named, "sha256")[:16])


def _replace(tx: VaultTransaction, table: str, columns: dict[str, Any], **key: object) -> None:
    if tx.update(table, columns, **key, version=columns["version"] - 1) != 1:
        raise changed_meanwhile()


def _columns(
    opened: OpenedCard,
    content: Mapping[str, Any],
    aad: bytes,
    version: int,
    archived: bool,
    ends_at: int | None,
) -> dict[str, Any]:
    sealed = seal_json(opened.key, content, aad)
    return {
        "version": version,
        "state": ARCHIVED if archived else LIVE,
        "ends_on": day_of_end(ends_at),
        "sealed": sealed,
        "digest": hashlib.sha256(sealed).digest(),
    }


def _opened(opened: OpenedCard, row: Row, aad: bytes) -> dict[str, Any]:
    if not hmac.compare_digest(hashlib.sha256(row["sealed"]).digest(), row["digest"]):
        raise altered()
    return open_json(opened.key, row["sealed"], aad)


def _check_copies(row: Row, archived: bool, ends_at: int | None) -> None:
    if (row["state"], row["ends_on"]) != (ARCHIVED if archived else LIVE, day_of_end(ends_at)):
        raise altered()
