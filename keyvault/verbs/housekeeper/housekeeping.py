"""The housekeeper's verbs: sequence and sign the log, keep the day keys, end what is over."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from audit.canonical import canonical
from keyvault.context import Vault
from keyvault.credentials import withdrawn
from keyvault.credentials.issuers_document import signed_issuers
from keyvault.keys.contacts import forget_old_codes
from keyvault.keys.reception_keys import new_day_key, signed_reception_key
from keyvault.log import sequencer
from keyvault.quotas import forget_old
from keyvault.restore import shipping
from keyvault.restore.frozen import laid_open
from keyvault.verbs import jobs
from keyvault.verbs.housekeeper.archiving import archive_ended
from keyvault.verbs.housekeeper.legal_clocks import run_clocks
from keyvault.verbs.leases import OPEN
from keyvault.verbs.open_emergencies import forget_windows
from records.durations import HOUR_MS
from records.errors import CoffreError

DAY_KEY_LIFE_MS = 72 * HOUR_MS  # after the end of its day
MOST_CLOSED = 1_000


class HousekeepingVerbs:
    """For the housekeeper; every verb may run in any number of copies."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def sequence(self) -> sequencer.Sequenced:
        return self._vault.sequencer.sequence()

    def checkpoint(self) -> str | None:
        return self._vault.sequencer.checkpoint()

    def ship(self) -> int | None:
        """Have the second place hold what is signed; answers how many entries it has, if there is one."""
        shipper = self._vault.shipper
        return shipper.ship() if shipper else None

    def forget_shipped(self) -> int:
        """Remove what the second place may no longer hold, since it would outlive what is shredded."""
        shipper = self._vault.shipper
        return shipper.forget() if shipper else 0

    def day_keys(self) -> dict[str, str]:
        """Make sure of today's and tomorrow's reception key; answers their signed documents by day."""
        now = datetime.fromtimestamp(self._vault.now_ms() / 1000, UTC)
        days = [now.date(), now.date() + timedelta(days=1)]
        documents = {day.isoformat(): self._day_key(day.isoformat()) for day in days}
        self._vault.open_days()  # now, and not when a submission waits for them
        return documents

    def _day_key(self, day: str) -> str:
        vault = self._vault
        with vault.day_keys.writing() as tx:
            present = tx.get("day_key", day=day)
            if present is not None:
                return str(present["document"])
            start = datetime.fromisoformat(day).replace(tzinfo=UTC)
            # an upload that begins before midnight may still be sealed in the following hour
            key = new_day_key(day, int((start + timedelta(hours=25)).timestamp()))
            signing = vault.keyring.signing("reception")
            signed = signed_reception_key(key.published, signing.public, signing.sign)
            document = canonical(signed).decode()
            row = {
                "day": day,
                "public": key.public,
                "wrap": vault.keyring.wrap_day_key(day, key.private),
                "not_after": key.not_after,
                "document": document,
                "destroyed_at": None,
            }
            if tx.insert_new("day_key", row):
                return document
            made = tx.get("day_key", day=day)  # by another process meanwhile: there is one key a day
            assert made is not None
            return str(made["document"])

    def issuers_document(self) -> str:
        """Whose credentials are accepted, signed for intake and the readers; it lasts a day.

        A frozen vault tells it as well: intake takes deposits meanwhile.
        """
        vault = self._vault
        with laid_open(vault.store).reading() as tx:
            known = [each.issuer for each in vault.issuers.all(tx)]
        signing = vault.keyring.signing("reception")
        return signed_issuers(known, vault.now_ms() // 1000, signing.public, signing.sign)

    def destroy_day_keys(self, oldest_unsettled_ms: int | None) -> list[str]:
        """Destroy reception keys 72 h after their day, unless a submission of that time isn't settled.

        `oldest_unsettled_ms`: when the oldest unsettled submission was received, None where all are.
        """
        now = self._vault.now_ms()
        limit = min(now, oldest_unsettled_ms if oldest_unsettled_ms is not None else now)
        destroyed = []
        with self._vault.day_keys.writing() as tx:
            for row in tx.find("day_key", destroyed_at=None):
                end = row["not_after"] * 1000
                if end + DAY_KEY_LIFE_MS <= now and end <= limit:
                    tx.update("day_key", {"wrap": None, "destroyed_at": now}, day=row["day"])
                    destroyed.append(row["day"])
        self._vault.open_days()
        return destroyed

    def never_adopted(self, objects: Iterable[tuple[UUID, int]]) -> list[tuple[UUID, int]]:
        """Those of the objects that the vault never adopted: an object may go only if it is listed here."""
        wanted = list(objects)
        with self._vault.store.reading() as tx:
            rows = tx.find("blob", blob_id__in=[blob for blob, _ in wanted])
        adopted = {(row["blob_id"], row["version"]) for row in rows}
        return [each for each in wanted if each not in adopted]

    def end_leases(self) -> int:
        """End every lease, on submissions and on the log; for who knows that none of the holders lives."""
        with self._vault.store.writing() as tx:
            tx.delete("lease", name__in=[sequencer.LEASE, shipping.LEASE])
            tx.update("job", {"worker": None, "lease_until": 0}, state__in=jobs.IN_HAND)
            return tx.update("ingest", {"worker": None, "lease_until": 0}, state=OPEN)

    def expire(self) -> None:
        """Carry out what legal clocks have due, and archive choices that ended; drop counters, emergency
        windows, grants and proofs that nothing relies on any more.
        """
        with self._vault.store.writing() as tx:
            forget_old(tx, self._vault.now_ms())
            forget_windows(tx, self._vault.now_ms())
            withdrawn.forget(tx, self._vault.now_ms())
            forget_old_codes(tx, self._vault.now_ms() // 1000)
            tx.delete("grant", expires__lt=self._vault.now_ms() // 1000 - 3600)
            tx.delete("proof", expires__lt=self._vault.now_ms() // 1000)
        self._close_refusals()
        archive_ended(self._vault)
        run_clocks(self._vault)

    def _close_refusals(self) -> None:
        """Write the lines of hours that are over, each by itself; what can't be written holds up nothing."""
        vault, failed = self._vault, None
        with vault.store.reading() as tx:
            over = tx.find("refusal", order="hour", limit=MOST_CLOSED, hour__lt=vault.now_ms() // HOUR_MS)
        for row in over:
            try:
                with vault.transaction() as transaction:
                    transaction.refusals.close(row["refusal"])
            except CoffreError as error:
                failed = error
        if failed is not None:
            raise failed
