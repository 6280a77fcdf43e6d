"""One document after its deposit: refused and taken after all, archived and back, deleted (R31, R32)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.documents.changes import DOCUMENT_CHANGES, LONGEST_REASON, DocumentChange, changed
from records.documents.facts import DocumentFacts, HoldersRefusal, labelled_alike
from records.errors import CoffreError, Conflict, Invalid
from records.vocabulary.codes import Action, DocumentState
from tests.unit.records.factories import NOW, REPORT

ARCHIVED = replace(REPORT, state=DocumentState.ARCHIVED)
DELETED = replace(REPORT, state=DocumentState.DELETED)
REPLACED = replace(REPORT, state=DocumentState.DEPRECATED)
REFUSED = replace(REPORT, refused=HoldersRefusal(NOW, "Erreur"))


@pytest.mark.parametrize(
    ("before", "action", "after"),
    [
        (REPORT, Action.ARCHIVE, ARCHIVED),
        (ARCHIVED, Action.ARCHIVE, ARCHIVED),
        (ARCHIVED, Action.UNARCHIVE, REPORT),
        (REPORT, Action.UNARCHIVE, REPORT),
        (REPORT, Action.DELETE, DELETED),
        (ARCHIVED, Action.DELETE, DELETED),
        (REPLACED, Action.DELETE, DELETED),
        (DELETED, Action.DELETE, DELETED),
        (REFUSED, Action.ADMIT, REPORT),
        (REPORT, Action.ADMIT, REPORT),
    ],
)
def test_r32_a_change_leads_to_its_state_and_may_be_repeated(
    before: DocumentFacts, action: Action, after: DocumentFacts
) -> None:
    assert changed(before, DocumentChange(action), NOW) == after
    assert changed(after, DocumentChange(action), NOW + 1) == after


@pytest.mark.parametrize(
    ("before", "action"),
    [
        (DELETED, Action.ARCHIVE),
        (DELETED, Action.UNARCHIVE),
        (REPLACED, Action.ARCHIVE),
        (REPLACED, Action.UNARCHIVE),
    ],
)
def test_r32_what_was_deleted_or_replaced_is_not_archived(before: DocumentFacts, action: Action) -> None:
    with pytest.raises(Conflict) as refusal:
        changed(before, DocumentChange(action), NOW)
    assert refusal.value.code == "bad_transition"


@pytest.mark.requirement("R31")
def test_r31_a_refusal_keeps_its_day_and_the_newest_reason() -> None:
    refused = changed(REPORT, DocumentChange(Action.REFUSE, " Ce n'est pas moi \n"), NOW)
    assert refused.refused == HoldersRefusal(NOW, "Ce n'est pas moi")
    again = changed(refused, DocumentChange(Action.REFUSE, "Erreur de dossier"), NOW + 5)
    assert again.refused == HoldersRefusal(NOW, "Erreur de dossier")


@pytest.mark.parametrize("reason", [None, "", " \n", "x" * (LONGEST_REASON + 1)])
def test_r31_a_document_is_refused_for_a_written_reason(reason: str | None) -> None:
    with pytest.raises(Invalid) as refusal:
        changed(REPORT, DocumentChange(Action.REFUSE, reason), NOW)
    assert refusal.value.code == "reason_missing"


@pytest.mark.requirement("R31")
def test_r31_who_refused_one_copy_refused_them_all() -> None:
    other = replace(REPORT, author_structure="1750000009")
    assert [each.refused for each in labelled_alike([REFUSED, other])] == [REFUSED.refused] * 2


@given(
    st.sampled_from([REPORT, ARCHIVED, DELETED, REPLACED, REFUSED]),
    st.sampled_from(sorted(DOCUMENT_CHANGES)),
    st.text(max_size=600),
)
def test_a_change_touches_state_or_refusal_and_nothing_else(
    before: DocumentFacts, action: Action, reason: str
) -> None:
    try:
        after = changed(before, DocumentChange(action, reason), NOW)
    except CoffreError:
        return
    assert replace(after, state=before.state, refused=before.refused) == before
    assert DocumentFacts.from_json(after.to_json()) == after
