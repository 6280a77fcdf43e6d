"""What the vault tells readers and the log of a decision that rests on an assumed cell of the matrix."""

import pytest

from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.grants.reading import Disclosed
from keyvault.verbs.reader.lists.filling import ListPage
from keyvault.verbs.reader.lists.listing import Listing
from records.errors import NotFound
from records.vocabulary.codes import Obligation, ReasonCode
from records.vocabulary.matrix_tables import MATRICES
from tests.integration.vault.bench import STRANGER, Deposited, Person, VaultBench, rows_of

TELL = Obligation.TELL_ASSUMED_RIGHT
VERSION = MATRICES.versions[-1].name
BIOLOGY, GENETICS, TRANSFER = "11502-2", "51969-4", "18761-7"


@pytest.fixture
def documents(vault: VaultBench, person: Person) -> dict[str, Deposited]:
    vault.authorise(person)
    return {
        each: vault.deposit(person, each.encode(), type_code=each) for each in (BIOLOGY, GENETICS, TRANSFER)
    }


@pytest.mark.requirement("R54")
def test_r54_lines_of_reading_name_the_version_that_decided(
    vault: VaultBench, person: Person, documents: dict[str, Deposited]
) -> None:
    rows = rows_of(*documents.values())
    with vault.logging() as seen:
        assert isinstance(vault.reader.documents(vault.doctor(), person.record_id, rows), Disclosed)
        vault.granted(vault.doctor(), person, documents[GENETICS])
        assert isinstance(
            vault.reader.documents(vault.doctor("899700024499"), person.record_id, rows), Denied
        )
        assert isinstance(vault.reader.documents(person.call, person.record_id, rows), Disclosed)
    assert [each.line.get("rules") for each in seen] == [VERSION, VERSION, VERSION, None]
    assert not any("basis" in each.line for each in seen)
    vault.sequence()
    vault.guard.inspector.verify_log()


#   profession                  shown
@pytest.mark.parametrize(
    ("profession", "shown", "assumed"),
    [
        ("10", {BIOLOGY, GENETICS, TRANSFER}, False),
        ("70", {BIOLOGY, TRANSFER}, True),
        ("36", {TRANSFER}, True),
    ],
)
@pytest.mark.requirement("R16")
def test_r16_a_list_says_what_is_shown_and_what_is_closed_by_assumption(
    vault: VaultBench,
    person: Person,
    documents: dict[str, Deposited],
    profession: str,
    shown: set[str],
    assumed: bool,
) -> None:
    call, rows = vault.doctor(profession=profession), rows_of(*documents.values())
    with vault.logging() as seen:
        listing = vault.reader.list(call, person.record_id, ListPage(), rows)
    assert isinstance(listing, Listing)
    assert {each.facts.type_code for each in listing.documents} == shown
    assert all((TELL in each.obligations) is assumed for each in listing.documents)
    assert (GENETICS in listing.closed_by_assumption) is assumed
    assert [(each.line["rules"], each.line.get("basis")) for each in seen] == [
        (VERSION, "assumed" if assumed else None)
    ]


@pytest.mark.requirement("R16")
def test_who_is_refused_is_told_alike_whether_there_is_such_a_document(
    vault: VaultBench, person: Person, documents: dict[str, Deposited]
) -> None:
    driver, doctor = vault.doctor(profession="36"), vault.doctor()
    hidden, absent = documents[GENETICS], vault.deposit(vault.person())
    for each in (hidden, absent):
        answer = vault.reader.document(driver, each.document_id, rows_of(each))
        assert answer == Denied(ReasonCode.NO_SUCH_DOCUMENT if each is hidden else ReasonCode.NOT_AUTHORISED)
        assert isinstance(answer, Denied) and answer.obligations == {TELL}
    told = [sentence(vault, call, person, each) for call, each in ((driver, hidden), (driver, absent))]
    assert told[0] == told[1] != sentence(vault, doctor, person, absent)
    assert "profession" in told[0]


def sentence(vault: VaultBench, call: Call, person: Person, deposited: Deposited) -> str:
    with pytest.raises(NotFound) as refusal:
        vault.release(call, person, [deposited], documents=[[deposited.document_id]])
    return refusal.value.sentence


@pytest.mark.requirement("R16")
def test_a_profession_that_reads_nothing_by_assumption_is_told_whatever_record_it_names(
    vault: VaultBench, person: Person
) -> None:
    vault.authorise(person)
    psychologist, unknown = vault.doctor(profession="93"), vault.doctor(STRANGER, profession="00")
    for call, told in ((psychologist, {TELL}), (unknown, set())):
        with vault.logging() as seen:
            answers = [vault.reader.resolve(call, ins) for ins in (person.ins, "277076322082910")]
        assert [each.reason for each in answers if isinstance(each, Denied)] == [
            ReasonCode.PROFESSION_NOT_ENTITLED,
            ReasonCode.NO_SUCH_RECORD,
        ]
        assert all(isinstance(each, Denied) and each.obligations == told for each in answers)
        assert {each.line.get("basis") for each in seen} == ({"assumed"} if told else {None})
