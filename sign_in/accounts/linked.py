"""Identities of a provider that patients have linked to their account, in their table: found by the name of
issuer and subject, sealed to it with the account that they are of.
"""

from uuid import UUID

from keyvault.credentials.account_keys import AccountKeys, Named, Sealed
from records.errors import Conflict
from sign_in.store import AccountTransaction


class LinkedIdentities:
    """One of each account at most, and each of one account."""

    def __init__(self, keys: AccountKeys) -> None:
        self._keys = keys

    def holder(self, tx: AccountTransaction, issuer: str, subject: str) -> UUID | None:
        """The account that whom `issuer` calls `subject` (sub) may enter."""
        name = self._name(issuer, subject)
        row = tx.get("linked_identity", linked_identity=name)
        # not the column: whoever writes to the table without the key moves nobody into another's account
        return None if row is None else UUID(self._keys.open(Sealed.LINKED, name, row["sealed"])["account"])

    def is_linked(self, tx: AccountTransaction, account_id: UUID) -> bool:
        return bool(tx.find("linked_identity", account_id=account_id, limit=1))

    def link(self, tx: AccountTransaction, account_id: UUID, issuer: str, subject: str, now_ms: int) -> None:
        """In the place of the one of before. Raises `Conflict` "identity_linked" for another account's."""
        self.unlink(tx, account_id)
        name = self._name(issuer, subject)
        sealed = self._keys.seal(Sealed.LINKED, name, {"account": str(account_id)})
        row = {"linked_identity": name, "account_id": account_id, "sealed": sealed, "made_at": now_ms}
        if not tx.insert_new("linked_identity", row):
            raise Conflict("This identity is linked to another account.", code="identity_linked")

    def unlink(self, tx: AccountTransaction, account_id: UUID) -> None:
        tx.delete("linked_identity", account_id=account_id)

    def _name(self, issuer: str, subject: str) -> bytes:
        return self._keys.name(Named.LINKED, issuer, subject)
