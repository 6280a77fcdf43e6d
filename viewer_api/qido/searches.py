"""The use cases of QIDO-RS: search in one record, decided and logged by the vault in one call."""

from collections.abc import Sequence

from keyvault.crypto.search_tokens import TokenField, check_value
from keyvault.process.guard import ReaderDoor
from keyvault.verbs.call import Call
from keyvault.verbs.reader.document.own_deposits import DepositsSought, FoundDeposits
from keyvault.verbs.reader.lists.searching import FoundImaging
from keyvault.verbs.rows import sealed_rows
from records.errors import CoffreError, Invalid, NotFound
from records.imaging.studies import Study
from records.vocabulary.identifier_warnings import STUDY_UID_SHARED
from storage.ports.index import ReaderIndex
from viewer_api.conflicts import sentences
from viewer_api.named_records import resolve
from viewer_api.qido.answers import Page, item_json, items_of
from viewer_api.qido.parameters import Query
from viewer_api.record_pages import RecordPages
from viewer_api.refusals import NotAuthorised, permitted

PATIENT_ID = "00100020"
MOST_ROWS = 500
"""Details rows of own submissions that one search opens."""
_NOTHING_ACROSS = frozenset({"not_authorised", "bad_ins", "bad_oid", "no_such_document"})


class Searches:
    """Without their transport. `public_url` is what answers name."""

    def __init__(self, index: ReaderIndex, vault: ReaderDoor, public_url: str) -> None:
        self._index = index
        self._vault = vault
        self._public_url = public_url.rstrip("/")

    def in_record(self, call: Call, query: Query, locator: str) -> Page:
        """Raises `NotAuthorised`; `NotFound` where the study of the address isn't there for the caller."""
        asked = query.without(PATIENT_ID).search  # in one record any identifier of the patient will do
        for uid in asked.named or ():
            check_value(TokenField.STUDY, uid)
        pages = RecordPages(self._index, self._vault, call, resolve(self._vault, call, locator))
        found = pages.search(asked)
        if asked.study is not None and not found.named:
            raise NotFound("There is no such study in this record.", code="no_such_document")
        root = f"{self._public_url}/records/{found.public_id}/dicomweb"
        items = [item_json(each, query, root) for each in items_of(found.studies, asked, found.skipped)]
        return _page(found, items, _cautions(pages, found.studies))

    def of_depositor(self, call: Call, query: Query) -> Page:
        """A depositor's own submissions, whatever the record: by study, instance, accession number or day.

        Raises `Invalid` "bad_query" where none of these is named.
        """
        asked = query.search
        if asked.found_by is None:
            raise Invalid(
                "Name what you deposited: a StudyInstanceUID, a SOPInstanceUID, an AccessionNumber without "
                "wild cards, or one day as StudyDate.",
                code="bad_query",
            )
        kind, values = asked.found_by
        for each in values:
            check_value(TokenField(kind), each)
        sought = permitted(self._vault.search_deposits(call, asked))
        assert isinstance(sought, DepositsSought)
        rows = self._index.deposited(sought.depositor, sought.field, sought.tokens, MOST_ROWS + 1)
        found = permitted(self._vault.search_deposits(call, asked, sealed_rows(rows[:MOST_ROWS])))
        assert isinstance(found, FoundDeposits)
        items = [item_json(each, query, None) for each in items_of(found.studies, asked, found.skipped)]
        return Page(items, found.left > 0, found.left, len(rows) > MOST_ROWS)

    def of_patient(self, call: Call, query: Query) -> Page:
        """Across records nothing is searched: without the patient's INS, or without right, it is empty."""
        named = query.search.asked_of(PATIENT_ID)
        if len(named) != 1:
            return Page([])
        try:
            return self.in_record(call, query, named[0])
        except (NotAuthorised, CoffreError) as error:
            if error.code in _NOTHING_ACROSS:
                return Page([])
            raise


def _page(found: FoundImaging, items: list[dict[str, object]], cautions: tuple[str, ...]) -> Page:
    return Page(items, found.left > 0, found.left, found.cut, cautions, found.public_id)


def _cautions(pages: RecordPages, studies: Sequence[Study]) -> tuple[str, ...]:
    """What has to be known of identifiers that two structures used."""
    documents = [document for each in studies for document in each.documents]
    codes = frozenset().union(*pages.conflicts(documents).values())
    if any(each.shared for each in studies):
        codes |= {STUDY_UID_SHARED}
    return tuple(sentences(codes))
