"""The housekeeper's verbs."""

from uuid import UUID, uuid4

from tests.integration.vault.bench import (
    DAY,
    HOUR,
    STRANGER,
    VaultBench,
)
from tests.integration.vault.verb_rows.arranged import (
    compacting,
    formed,
    noticed,
    planned,
    two_rows,
    unannounced,
)
from tests.integration.vault.verb_rows.row import Act, row


@row("housekeeper.sequence")
def sequence(vault: VaultBench) -> Act:
    vault.person()
    return vault.guard.housekeeper.sequence


@row("housekeeper.checkpoint")
def checkpoint(vault: VaultBench) -> Act:
    vault.person()
    vault.guard.housekeeper.sequence()
    return vault.guard.housekeeper.checkpoint


@row("housekeeper.plan_compaction", "compact permit")
def plan_compaction(vault: VaultBench) -> Act:
    person, parts = two_rows(vault)
    return lambda: vault.guard.housekeeper.plan_compaction(person.record_id, parts[0].document_id)


@row("housekeeper.waiting_jobs")
def waiting_jobs(vault: VaultBench) -> Act:
    planned(vault)
    return vault.guard.housekeeper.waiting_jobs


@row("housekeeper.issuers_document")
def issuers_document(vault: VaultBench) -> Act:
    return vault.guard.housekeeper.issuers_document


@row("housekeeper.never_adopted")
def never_adopted(vault: VaultBench) -> Act:
    return lambda: vault.guard.housekeeper.never_adopted([(uuid4(), 1)])


@row("housekeeper.end_leases")
def end_leases(vault: VaultBench) -> Act:
    vault.take(vault.receive(ins=vault.person().ins))
    return vault.guard.housekeeper.end_leases


@row("housekeeper.expire", "search deny", whole=False)
def expire(vault: VaultBench) -> Act:
    """Refusals of an hour that is over get the line that counts them."""
    person = vault.person()
    for _ in range(3):
        vault.reader.resolve(vault.doctor(STRANGER), person.ins)
    vault.clock.advance(2 * HOUR)
    return vault.guard.housekeeper.expire


@row("housekeeper.expire", "announce permit", "announce permit", case="legal clocks", whole=False)
def expire_clocks(vault: VaultBench) -> Act:
    """Two patients are told that something waits."""
    for _ in range(2):
        unannounced(vault)
    vault.clock.advance(14 * DAY)
    return vault.guard.housekeeper.expire


@row("housekeeper.expire", "archive_choices permit", case="choices that ended", whole=False)
def expire_choices(vault: VaultBench) -> Act:
    """A team and whoever was authorised beside it."""
    formed(vault)
    vault.clock.advance(367 * DAY)
    return vault.guard.housekeeper.expire


@row("housekeeper.take_notices")
def take_notices(vault: VaultBench) -> Act:
    noticed(vault)
    return lambda: vault.guard.housekeeper.take_notices("worker")


@row("housekeeper.ack_notice")
def ack_notice(vault: VaultBench) -> Act:
    noticed(vault)
    (notice, *_) = vault.guard.housekeeper.take_notices("worker")
    return lambda: vault.guard.housekeeper.ack_notice(notice.notice_id, "worker")


@row("housekeeper.erase_retired", "erase permit")
def erase_retired(vault: VaultBench) -> Act:
    job, adopt = compacting(vault)
    adopt()
    vault.worker.settle(job)
    blobs = [(UUID(bytes=blob), version) for blob, version in vault.sql("SELECT blob_id, version FROM blob")]
    vault.clock.advance(2 * DAY)
    return lambda: vault.guard.housekeeper.erase_retired(blobs)
