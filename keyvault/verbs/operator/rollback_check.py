"""The check that a record's newest card, facts and contacts, and the issuers, are those that events name.

The vault's tables alone can't tell an older card put back with its digest; the log can, since each change is
an event that carries the new version and the digest of the sealed bytes (docs/formats.md section 2).
"""

from collections.abc import Collection
from uuid import UUID

from audit.audit_event import access_line
from audit.view import ChainEvent, LogFault
from keyvault.credentials.issuers import Issuer
from keyvault.keys.choices import read_together
from keyvault.keys.contacts import contact_digest
from keyvault.keys.issuers import issuer_digest
from keyvault.store import Row, VaultTransaction

_Sealed = tuple[str, str]  # version and digest, as events tell them


class RollbackCheck:
    """Fed with the opened events of one chain 1, oldest first; then `check`ed against the record's rows."""

    def __init__(self) -> None:
        self._card: _Sealed | None = None
        self._facts: dict[str, _Sealed] = {}
        self._contacts: dict[str, _Sealed] = {}
        self._choices: dict[str, dict[str, _Sealed]] = {"authorisation": {}, "circle": {}}

    def note(self, event: ChainEvent) -> None:
        if event.event is None:
            return
        line = access_line(event.event)
        if "card_digest" in line:
            self._card = (line["card_version"], line["card_digest"])
        if "facts_digest" in line:
            self._facts[line["object"]] = (line["facts_version"], line["facts_digest"])
        if "contact_digest" in line:
            self._contacts[line["contact"]] = (line["contact_version"], line["contact_digest"])
        for table, named in self._choices.items():
            if f"{table}_digest" in line:
                named[line[table]] = (line[f"{table}_version"], line[f"{table}_digest"])
            for name, version, digest in read_together(line.get(f"{table}s", "")):
                named[name] = (version, digest)

    def check(self, tx: VaultTransaction, record_id: UUID) -> None:
        """Raises LogFault `card_rolled_back`, `facts_rolled_back`, `contact_rolled_back`,
        `authorisation_rolled_back` or `circle_rolled_back`.

        A card seals the record's state: whoever opens it (`keyvault/keys/cards.py`) compares the row's copy.
        """
        record = tx.get("record", record_id=record_id)
        if record is not None and self._card is not None and self._card != _sealed(record, "card"):
            raise LogFault("card_rolled_back", "A record's card is not the newest that its events name.")
        for row in tx.find("document", record_id=record_id):
            newest = self._facts.get(str(row["document_id"]), ("1", row["facts_digest"].hex()))
            if newest != _sealed(row, "facts"):
                raise LogFault("facts_rolled_back", "A document's labels aren't the newest that events name.")
        if self._contacts != _contacts(tx, record_id):
            raise LogFault("contact_rolled_back", "A holder's contact is not the newest that events name.")
        if record is None:
            return
        for table, key in (("authorisation", "person"), ("circle", "circle_id")):
            self._check_choices(tx, record_id, table, key)

    def _check_choices(self, tx: VaultTransaction, record_id: UUID, table: str, key: str) -> None:
        """Rows are never deleted: each has its events, and each that an event names is there."""
        here = {
            _name(row[key]): (str(row["version"]), row["digest"].hex())
            for row in tx.find(table, record_id=record_id)
        }
        if here != self._choices[table]:
            raise LogFault(
                f"{table}_rolled_back", f"A record's {table} rows are not the newest that its events name."
            )


class IssuersCheck:
    """Fed with the opened events of every chain 0; then `check`ed against the table of issuers.

    Chains of several processes interleave: the newest of an issuer is the one with the highest version.
    """

    def __init__(self) -> None:
        self._newest: dict[tuple[str, str], tuple[int, str]] = {}

    def note(self, event: ChainEvent) -> None:
        line = access_line(event.event) if event.event is not None else {}
        if "issuer_digest" not in line:
            return
        place, told = (
            (line["issuer"], line["issuer_key"]),
            (int(line["issuer_version"]), line["issuer_digest"]),
        )
        self._newest[place] = max(told, self._newest.get(place, told))

    def check(self, tx: VaultTransaction, pinned: Collection[Issuer]) -> None:
        """Rows are never deleted; those that no event names are the pinned ones, in their first version.

        Raises LogFault `issuer_rolled_back`.
        """
        rows = tx.find("issuer")
        here = {(row["name"], row["key_id"]): (row["version"], issuer_digest(row["sealed"])) for row in rows}
        first = {(each.name, each.key_id) for each in pinned}
        unnamed = here.keys() - self._newest.keys()
        as_begun = all(place in first and here[place][0] == 1 for place in unnamed)
        if not as_begun or any(here.get(place) != told for place, told in self._newest.items()):
            raise LogFault("issuer_rolled_back", "The issuers are not the newest that events name.")


def _name(key: bytes | UUID) -> str:
    """The key of a row as events tell it."""
    return key.hex() if isinstance(key, bytes) else str(key)


def _contacts(tx: VaultTransaction, record_id: UUID) -> dict[str, _Sealed]:
    rows = tx.find("contact", record_id=record_id)
    return {row["kind"]: (str(row["version"]), contact_digest(row)) for row in rows}


def _sealed(row: Row, name: str) -> _Sealed:
    return str(row[f"{name}_version"]), (row[f"{name}_digest"] or b"").hex()
