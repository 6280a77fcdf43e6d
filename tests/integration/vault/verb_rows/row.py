"""Every verb of the vault's doors: how it is called in a test, and what it writes into the log.

A row arranges what its verb needs and answers the call. `events` are the lines of one call, "action outcome",
in their order. A verb is in `ROWS` or in `NO_ROW`; one that never logs says in `NO_EVENT` why.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from keyvault.process.guard import ReaderDoor
from records.imaging.attributes import Level
from records.imaging.search import ImagingSearch
from tests.integration.vault.bench import (
    VaultBench,
)
from tests.integration.vault.test_jobs import STUDY

Act = Callable[[], object]
Arrange = Callable[[VaultBench], Act]
PDF = b"%PDF-1.7 compte rendu"
OF_STUDY = ImagingSearch(Level.STUDY, study=STUDY)


@dataclass(frozen=True)
class Row:
    """A call of `verb`. `whole`: it changes everything in one transaction, or nothing."""

    verb: str
    case: str
    events: tuple[str, ...]
    whole: bool
    arrange: Arrange

    def __str__(self) -> str:
        return f"{self.verb}, {self.case}" if self.case else self.verb


ROWS: list[Row] = []


def is_the_readers(door: str, verb: str) -> bool:
    """A verb that the gateway shares with the reader, and that does the same at both doors."""
    return door == "gateway" and verb != "release" and hasattr(ReaderDoor, verb)


def row(verb: str, *events: str, case: str = "", whole: bool = True) -> Callable[[Arrange], Arrange]:
    def noted(arrange: Arrange) -> Arrange:
        ROWS.append(Row(verb, case, events, whole, arrange))
        return arrange

    return noted


_READS = "it reads, and answers nothing of a person"
_LEASED = "what it answers is read under the lease of a submission, whose opening is on the log"
NO_EVENT: Mapping[str, str] = {
    "worker.release_ingest": "a deposit has its event where it is adopted or refused",
    "worker.release_ingest_many": "a deposit has its event where it is adopted or refused",
    "worker.settle_many": "what was received goes, after the event of its deposit",
    "housekeeper.settle_many": "what was received goes, after the event of its deposit",
    "worker.job": "it names a job; opening it is logged",
    "worker.hold_job": "a lease alone; opening the job is logged",
    "worker.give_back": "a lease alone",
    "worker.settle": "what was received goes, after the event of its deposit",
    "worker.tokens": _LEASED,
    "worker.part_tokens": _LEASED,
    "worker.identifier_token": _LEASED,
    "worker.differing_traits": _LEASED,
    "housekeeper.settle": "what was received goes, after the event of its deposit",
    "housekeeper.waiting_jobs": _READS,
    "housekeeper.never_adopted": _READS,
    "housekeeper.changed_states": _READS,
    "housekeeper.sequence": "it places the log's own entries",
    "housekeeper.checkpoint": "it signs the log",
    "housekeeper.ship": "it copies the log",
    "housekeeper.forget_shipped": "it ends copies of the log, after a term that is fixed",
    "housekeeper.day_keys": "its keys are published, each signed",
    "housekeeper.issuers_document": "it signs what two operators decided, each time with its events",
    "housekeeper.destroy_day_keys": "it ends keys after a term that is fixed, when no deposit needs them",
    "housekeeper.end_leases": "a lease alone",
    "housekeeper.take_notices": "a notice has the event of what it tells of",
    "housekeeper.ack_notice": "a notice has the event of what it tells of",
    "operator.move_records": "two operators began the rotation, which is on the log",
    **{
        f"inspector.{verb}": _READS
        for verb in (
            "adopted_blobs",
            "adopted_rows",
            "blobs_named",
            "documents_in_hand",
            "documents_named",
            "parts_of",
            "rows_named",
            "notices",
            "status",
            "verify_log",
        )
    },
    **{
        f"public.{verb}": "anybody may read it"
        for verb in (
            "consistency",
            "delivery",
            "known_issuers",
            "last_checkpoint",
            "proof",
            "proofs",
            "public_keys",
            "tile",
            "watched_doors",
        )
    },
}

NO_ROW: Mapping[str, str] = {
    **{verb: why for verb, why in NO_EVENT.items() if verb.partition(".")[0] in ("inspector", "public")},
    "housekeeper.ship": "it writes to a second place: test_second_place.py",
    "housekeeper.forget_shipped": "it writes to a second place: test_second_place.py",
    "housekeeper.day_keys": "it writes to a database of its own: test_day_keys.py",
    "housekeeper.destroy_day_keys": "it writes to a database of its own: test_day_keys.py",
}


# what rows need
