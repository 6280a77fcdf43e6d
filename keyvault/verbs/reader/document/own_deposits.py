"""`search_deposits`: what a depositor finds of its own submissions, whatever their records (docs/vault.md).

The index finds rows by tokens that the vault makes; whose they are, the vault knows from the submissions that
it opened. Each record of which something is shown has the line of it.
"""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from uuid import UUID

from keyvault.context import Vault
from keyvault.crypto.search_tokens import TokenField, study_day
from keyvault.keys.cards import changed_meanwhile, open_facts
from keyvault.keys.reception import depositor_token
from keyvault.opened_records import Moved, OpenedRecord
from keyvault.store import Row, VaultTransaction
from keyvault.transaction import Transaction
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.caller import allow_next, caller
from keyvault.verbs.preamble import Preamble
from keyvault.verbs.reader.lists.imaging_page import ImagingPage
from keyvault.verbs.reader.lists.snapshot import MOST_SNAPSHOTS
from keyvault.verbs.rows import SealedRow, genuine, open_rows
from records import policy
from records.documents.summaries import summary_of
from records.imaging.attributes import Level
from records.imaging.items import may_hold, studies_found
from records.imaging.search import ImagingSearch
from records.imaging.studies import ImagingDocument, Study
from records.people.actors import Actor
from records.policy import Facts
from records.rules.request import general_objection
from records.vocabulary.codes import Action, Outcome, ReasonCode


@dataclass(frozen=True, slots=True)
class DepositsSought:
    """What the index finds rows by: tokens of values of one field, among those of one depositor. Nothing was
    disclosed, and nothing logged.
    """

    depositor: bytes
    field: str
    tokens: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class FoundDeposits:
    """Like `FoundImaging`, over several records."""

    studies: tuple[Study, ...] = field(repr=False)
    skipped: int
    left: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """A study of one record, as its depositor sees it."""

    record: OpenedRecord
    study: Study


class OwnDepositsVerbs:
    """For the reader process."""

    _vault: Vault

    def search_deposits(
        self, call: Call, asked: ImagingSearch, rows: Sequence[SealedRow] | None = None
    ) -> FoundDeposits | DepositsSought | Denied:
        """Without `rows`, what the index finds them by; with them, a page of what they hold.

        Raises `ValueError` for a search that names nothing by which deposits are found.
        """
        vault = self._vault
        if asked.found_by is None:
            raise ValueError("the reader searches deposits by what names them")
        actor = caller(vault, call, "search_deposits", study=asked.study, after=None)
        preamble = Preamble.of(call, actor, Action.SEARCH_DEPOSITS)
        for _ in range(MOST_SNAPSHOTS):
            with vault.store.reading() as tx:
                seen = [] if rows is None else _look(vault, tx, preamble, rows)
            with suppress(Moved), vault.transaction() as transaction:
                objection = general_objection(preamble.request(transaction.now))
                if objection is not None:
                    return preamble.refuse(transaction, vault.system_chain, objection)
                if rows is None:
                    allow_next(transaction, call, "search_deposits", None)
                    return _sought(vault, actor, asked)
                return _told(vault, transaction, preamble, *_page(seen, asked))
        raise changed_meanwhile()


def _sought(vault: Vault, actor: Actor, asked: ImagingSearch) -> DepositsSought:
    assert asked.found_by is not None
    kind, values = asked.found_by
    name, structure = TokenField(kind), actor.structure or ""
    if name is TokenField.STUDY_DAY:
        values = tuple(study_day(structure, date.fromisoformat(each)) for each in values)
    tokens = tuple(vault.token(name, each) for each in values)
    return DepositsSought(_depositor(actor), kind, tokens)


def _depositor(actor: Actor) -> bytes:
    return depositor_token(actor.issuer, actor.subject, actor.structure or "")


def _look(vault: Vault, tx: VaultTransaction, preamble: Preamble, rows: Sequence[SealedRow]) -> list[_Seen]:
    """Open what is this depositor's and may be seen, newest study first."""
    assert preamble.actor is not None
    own = _own(tx, _depositor(preamble.actor), rows)
    documents = tx.find("document", document_id__in=sorted({row.document_id for row in own}))
    by_record: dict[UUID, list[Row]] = defaultdict(list)
    for each in documents:
        by_record[each["record_id"]].append(each)
    found: list[_Seen] = []
    for record_id, mine in sorted(by_record.items()):
        record = vault.open(tx, tx.get("record", record_id=record_id))
        found += [_Seen(record, study) for study in _studies(vault, tx, preamble, record, mine, own)]
    return sorted(found, key=lambda each: each.study.documents[0].created_at, reverse=True)


def _own(tx: VaultTransaction, depositor: bytes, rows: Sequence[SealedRow]) -> list[SealedRow]:
    """Those of its submissions; what a job made of several submissions is whose the document is."""
    submissions = sorted({row.submission_id for row in rows})
    mine = {
        each["submission_id"]
        for each in tx.find("ingest", submission_id__in=submissions)
        if each["depositor"] == depositor
    }
    jobs = {each["job_id"] for each in tx.find("job", job_id__in=submissions)}
    return [row for row in rows if row.submission_id in mine | jobs]


def _studies(
    vault: Vault,
    tx: VaultTransaction,
    preamble: Preamble,
    record: OpenedRecord,
    documents: Sequence[Row],
    own: Sequence[SealedRow],
) -> list[Study]:
    facts = open_facts(record.card, documents)
    request = preamble.request(vault.now_ms() // 1000)
    seen = {each.document_id for each in policy.visible(request, Facts(record.facts), facts.values())}
    opened = open_rows(tx, record.key, genuine(tx, own, seen))
    studies: dict[str, list[ImagingDocument]] = defaultdict(list)
    for row in sorted(documents, key=lambda row: (row["created_at"], row["document_id"]), reverse=True):
        document_id = row["document_id"]
        if document_id not in opened:
            continue
        summary = summary_of(opened[document_id])
        structure = facts[document_id].author_structure
        if summary.study_uid:
            made = ImagingDocument(document_id, structure, row["created_at"], summary, opened[document_id])
            studies[summary.study_uid].append(made)
    return [Study(tuple(each)) for each in studies.values()]


def _page(seen: Sequence[_Seen], asked: ImagingSearch) -> tuple[FoundDeposits, list[_Seen]]:
    """The page, and what it discloses by record."""
    conditions = asked.conditions
    records = {id(each.study): each for each in seen}
    matching = (study for study, _ in studies_found((each.study for each in seen), conditions))
    if asked.level is Level.STUDY:
        shown = tuple(islice(matching, asked.offset, asked.offset + asked.limit))
        found = FoundDeposits(shown, 0, sum(1 for _ in islice(matching, asked.beyond)))
        return found, [records[id(study)] for study in shown]
    details = {each.document_id: each.details for one in seen for each in one.study.documents}
    page, taken = ImagingPage(asked, details), []
    for study in matching:
        before = len(page.studies)
        goes_on = not may_hold(study, conditions) or page.add(study)
        if len(page.studies) > before:
            taken.append(records[id(study)])
        if not goes_on:
            break
    return FoundDeposits(tuple(page.studies), page.skipped, page.left), taken


def _told(
    vault: Vault,
    transaction: Transaction,
    preamble: Preamble,
    found: FoundDeposits,
    shown: Sequence[_Seen],
) -> FoundDeposits | Denied:
    """Count the records and write each its line; where nothing is shown, one on chain 0.

    Raises `Moved` where a record changed since it was read.
    """
    records = {each.record.row["record_id"]: each.record for each in shown}
    names = [vault.touched(each.row, record_id) for record_id, each in records.items()]
    if preamble.over_quota(transaction, names or [preamble.counted]):
        return preamble.refuse(transaction, vault.system_chain, ReasonCode.QUOTA_EXCEEDED)
    for record_id, known in sorted(records.items()):
        row = transaction.rows.get("record", record_id=record_id)
        record = vault.unmoved(transaction.rows, row, known, lock=True)
        count = sum(len(each.study.documents) for each in shown if each.record is known)
        told = {"record": record.row["public_id"], "details": {"documents": count}}
        transaction.append(record.chain, preamble.event(Outcome.PERMIT, ReasonCode.AUTHOR, **told))
    if not records:
        nothing = {"details": {"documents": 0}}
        transaction.append(vault.system_chain, preamble.event(Outcome.PERMIT, ReasonCode.AUTHOR, **nothing))
    return found
