"""Erase what was retired: once the longest older grant has expired the key goes, and only then the object."""

from collections.abc import Sequence

from keyvault.context import Vault
from keyvault.grants.grant import LONGEST_GRANT
from keyvault.grants.signed_urls import LONGEST_LIFE
from keyvault.keys.blob_keys import RETIRED
from keyvault.transaction import Transaction
from keyvault.verbs import jobs
from keyvault.verbs.content_end import Key, erase_blob, key_of
from records.vocabulary.codes import Action

CLOCKS_APART = 300  # seconds
KEPT_MS = (LONGEST_GRANT + LONGEST_LIFE + CLOCKS_APART) * 1000


class RetiringVerbs:
    """Part of the housekeeper's door."""

    _vault: Vault

    def erase_retired(self, objects: Sequence[Key]) -> list[Key]:
        """Erase the keys of those retired long enough; answers every object that nothing opens any more.

        Among them are those that the vault does not know: their keys went before, or never were.
        """
        wanted = set(objects)
        with self._vault.transaction() as transaction:
            rows = transaction.rows.find("blob", blob_id__in=[blob for blob, _ in objects])
            known = {key_of(row): row for row in rows if key_of(row) in wanted}
            over = transaction.now_ms - KEPT_MS
            due = [key for key, row in known.items() if row["state"] == RETIRED and row["retired_at"] <= over]
            # in one order of records, so that two housekeepers at once don't wait for each other
            for record_id, key in sorted((known[key]["record_id"], key) for key in due):
                erase_blob(transaction, record_id, key)
            if due:
                self._log(transaction, len(due))
        return [key for key in objects if key not in known or key in set(due)]

    def _log(self, transaction: Transaction, count: int) -> None:
        vault = self._vault
        told = jobs.maintained(vault, Action.ERASE, details={"blobs": count})
        transaction.append(vault.system_chain, told)
