"""Whatever a reader's verb tells of a record by breaking the glass leaves its line, window and notice there.

The verbs are those of the doors: a new one fails here until it says how it is asked of a record.
"""

from collections.abc import Callable, Mapping
from uuid import UUID, uuid4

import pytest

from keyvault.crypto.search_tokens import TokenField
from keyvault.grants.grant import new_recipient
from keyvault.process.guard import ReaderDoor
from keyvault.process.wire import verbs_of
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.lists.filling import ListPage
from records.fhir.search.fhir_search import DOCUMENT, FhirSearch
from records.imaging.attributes import Level
from records.imaging.search import ImagingSearch
from records.vocabulary.codes import ReasonCode
from tests.integration.vault.bench import Deposited, Person, VaultBench, new_ins, rows_of

Ask = Callable[[ReaderDoor, Call, str, UUID, Deposited], object]

TELLING: Mapping[str, Ask] = {
    "resolve": lambda at, call, name, *_: at.resolve(call, name),
    "find": lambda at, call, name, *_: at.find(call, name),
    "list": lambda at, call, _, record, __: at.list(call, record, ListPage()),
    "search": lambda at, call, _, record, __: at.search(call, record, ImagingSearch(Level.STUDY)),
    "search_documents": lambda at, call, _, record, __: at.search_documents(
        call, record, FhirSearch(DOCUMENT)
    ),
    "documents": lambda at, call, _, record, sent: at.documents(call, record, rows_of(sent)),
    "document": lambda at, call, _, record, sent: at.document(call, sent.document_id, rows_of(sent)),
    "choices": lambda at, call, _, record, __: at.choices(call, record),
    "tokens": lambda at, call, _, record, __: at.tokens(call, record, [(TokenField.STUDY, "1.2")]),
    "release": lambda at, call, _, record, sent: at.release(
        call, record, rows_of(sent), documents=None, recipient=new_recipient()[1]
    ),
}
NOT_IN_AN_EMERGENCY: Mapping[str, str] = {
    "events": "no emergency reads the log (R26)",
    **dict.fromkeys(
        (
            "change_card",
            "choose",
            "label",
            "change_labels",
            "notices",
            "acknowledge",
            "contacts",
            "put_contact",
            "confirm_contact",
        ),
        "the holder's alone",
    ),
    "delete_contact": "the holder's alone",
    "announce": "who announces is in ordinary care",
    **dict.fromkeys(("form_team", "record_consent", "change_team"), "who records a consent has heard it"),
    "refuse_document": "the holder's alone",
    "change_document": "an author's, and no emergency's",
    "follow_deposits": "of one's own deposits, in no emergency",
    "search_deposits": "a depositor's alone",
    "recheck": "of a grant, whose release has its line",
    "own_actions": "the caller's own lines; no record is named",
    "renew": "of a grant, whose release has its line",
}


def test_every_verb_says_how_it_could_tell_of_a_record() -> None:
    assert TELLING.keys() | NOT_IN_AN_EMERGENCY.keys() == {*verbs_of(ReaderDoor)}


def begun(vault: VaultBench) -> tuple[int, int]:
    """Emergency windows, and notices that wait."""
    ((windows,),) = vault.sql("SELECT count(*) FROM emergency_window")
    ((notices,),) = vault.sql("SELECT count(*) FROM notice")
    return windows, notices


@pytest.mark.parametrize("summarised", [True, False], ids=["summarised", "without a summary"])
@pytest.mark.parametrize("verb", TELLING)
@pytest.mark.requirement("R26", "R54", "R57")
def test_the_first_answer_has_a_line_in_that_record_a_window_and_a_notice(
    vault: VaultBench, person: Person, verb: str, summarised: bool
) -> None:
    sent = vault.deposit(person)
    if not summarised:
        vault.sql("DELETE FROM document_summary")
    before = begun(vault)
    with vault.logging() as seen:
        answer = TELLING[verb](vault.reader, vault.emergency(), person.ins, person.record_id, sent)
    assert not isinstance(answer, Denied)
    (line,) = seen
    assert line.chain_id == person.record_id and line.told[1:] == ("permit", "emergency")
    windows, notices = begun(vault)
    assert (windows - before[0], notices - before[1]) == (1, 1)


@pytest.mark.parametrize("verb", TELLING)
def test_where_there_is_none_nothing_is_told_and_nothing_begins(
    vault: VaultBench, person: Person, verb: str
) -> None:
    sent = vault.deposit(person)
    vault.allow(person, bris_de_glace=False)
    before = begun(vault)
    refused = TELLING[verb](vault.reader, vault.emergency(), person.ins, person.record_id, sent)
    call, nobody = vault.emergency(), new_ins()
    if verb == "document":
        absent: object = vault.reader.document(call, uuid4(), [])
    else:
        absent = TELLING[verb](vault.reader, call, nobody, uuid4(), sent)
    assert isinstance(refused, Denied) and isinstance(absent, Denied)
    assert absent.reason in (ReasonCode.NO_SUCH_RECORD, ReasonCode.NO_SUCH_DOCUMENT)
    assert begun(vault) == before
