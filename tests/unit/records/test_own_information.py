"""Own information: which resources keep the rules, what they mean, and how versions follow one another."""

import copy
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.documents.facts import DocumentFacts
from records.profile.elements import EntryRefused
from records.profile.entries import kept_entry, read_entry
from records.profile.kinds import ENTRY_TYPES, KINDS, EntryKind
from records.profile.replacing import Replaced, may_succeed, succeeded, successor
from records.vocabulary.codes import DocumentState, Label
from records.vocabulary.depositing import Depositor, may_deposit
from tests.json_places import places, put
from tests.own_information import EVERY_KIND, allergy, blood_group, contact, treatment
from tests.unit.records.factories import REPORT

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
DECLARED = replace(REPORT, type_code="DOCPAT08", author="", author_structure="")


def test_there_is_an_example_of_each_kind_and_it_keeps_the_rules() -> None:
    assert {read_entry(resource).kind for resource in EVERY_KIND.values()} == set(EntryKind)
    assert {read_entry(resource).kind for resource in EVERY_KIND.values()} == set(EVERY_KIND)


@pytest.mark.requirement("R34")
def test_every_kind_is_a_type_that_the_holder_alone_deposits() -> None:
    for code in ENTRY_TYPES:
        assert [each for each in Depositor if may_deposit(each, code)] == [Depositor.HOLDER]


@given(data=st.data())
def test_any_value_anywhere_is_judged_and_what_is_kept_stays_as_it_was_sent(data: st.DataObject) -> None:
    resource = EVERY_KIND[data.draw(st.sampled_from(sorted(EVERY_KIND)))]
    sent = put(resource, data.draw(st.sampled_from([*places(resource)])), data.draw(JSON))
    before = copy.deepcopy(sent)
    try:
        found = read_entry(sent)
    except EntryRefused as refused:
        assert refused.code.startswith("entry_") and len(refused.where) <= 200
        assert kept_entry(sent) is None if isinstance(sent, dict) else True
        return
    assert found.resource == before == sent
    assert found.rule is KINDS[found.kind]


@given(st.sampled_from(sorted(EVERY_KIND)), st.text(min_size=1, max_size=40), JSON)
def test_a_member_that_the_rules_do_not_know_is_refused_and_never_repeated(
    name: str, member: str, value: Any
) -> None:
    resource = EVERY_KIND[name]
    known = {*KINDS[EntryKind(name)].members, "resourceType", "id", "meta"}
    if member in known:
        return
    with pytest.raises(EntryRefused) as refused:
        read_entry({**resource, member: value})
    assert refused.value.code == "entry_member_unknown"
    assert refused.value.where in (f"{resource['resourceType']}.{member}", f"{resource['resourceType']}.?")


@pytest.mark.parametrize("name", EVERY_KIND)
def test_every_required_member_is_missed(name: str) -> None:
    resource = EVERY_KIND[name]
    for member, rule in KINDS[EntryKind(name)].members.items():
        if not rule.required:
            continue
        without = {each: value for each, value in resource.items() if each != member}
        with pytest.raises(EntryRefused) as refused:
            read_entry(without)
        assert refused.value.code in ("entry_member_missing", "entry_kind_unknown")


@pytest.mark.parametrize(
    "date",
    ["", "1849", "2023-13", "2023-02-30", "23-02-01", "2023-2-1", "2023-02-01T10:00", "0", "2023-02-01 "],
)
def test_what_is_no_date_is_none(date: str) -> None:
    with pytest.raises(EntryRefused) as refused:
        read_entry(allergy(recordedDate=date))
    assert (refused.value.code, refused.value.where) == ("entry_date_bad", "AllergyIntolerance.recordedDate")


@pytest.mark.parametrize("date", ["1950", "1950-06", "1950-06-30", "2023-02-01T10:00:00+01:00"])
def test_a_date_is_as_exact_as_it_is_known(date: str) -> None:
    assert read_entry(allergy(recordedDate=date)).date == date


def test_a_period_ends_after_it_began() -> None:
    same = {"start": "2021", "end": "2021"}
    assert read_entry(treatment() | {"effectivePeriod": same}).date == "2021"
    with pytest.raises(EntryRefused) as refused:
        read_entry(treatment() | {"effectivePeriod": {"start": "2022-01", "end": "2021-12-31"}})
    assert refused.value.code == "entry_date_bad"


@pytest.mark.parametrize("bad", [" ", "\t", "a\x00b", "a\u202eb", "\ud800", "x" * 256, "deux\nlignes"])
def test_a_line_can_be_read_and_shown(bad: str) -> None:
    with pytest.raises(EntryRefused) as refused:
        read_entry(allergy(bad))
    assert (refused.value.code, refused.value.where) == ("entry_value_bad", "AllergyIntolerance.code.text")


def test_what_counts_no_longer_says_so_in_the_words_of_fhir() -> None:
    assert read_entry(allergy(status="entered-in-error")).removed
    assert read_entry(blood_group(status="entered-in-error")).removed
    assert read_entry(contact(active=False)).removed
    assert not any(read_entry(each).removed for each in EVERY_KIND.values())


def test_a_relative_with_two_roles_is_of_no_kind() -> None:
    both = [*contact()["relationship"], *contact(role="NOK")["relationship"]]
    with pytest.raises(EntryRefused) as refused:
        read_entry(contact() | {"relationship": both})
    assert refused.value.code == "entry_kind_unknown"


@given(st.sets(st.sampled_from(Label)), st.sets(st.sampled_from(Label)), st.sets(st.uuids(), max_size=3))
@pytest.mark.requirement("R36")
def test_a_successor_is_never_shown_to_more_than_the_former_and_hidden_no_less(
    before: set[Label], stated: set[Label], circles: set[UUID]
) -> None:
    former = replace(DECLARED, labels=frozenset(before), shown_to=frozenset(circles))
    new = replace(DECLARED, document_id=uuid4(), labels=frozenset(stated))
    found = successor(former, new)
    assert found.labels == former.labels | new.labels
    assert (found.shown_to, found.replaces) == (former.shown_to, former.document_id)
    assert succeeded(former).state is DocumentState.DEPRECATED


@pytest.mark.parametrize(
    ("former", "new"),
    [
        (replace(DECLARED, state=DocumentState.DEPRECATED), DECLARED),
        (replace(DECLARED, state=DocumentState.DELETED), DECLARED),
        (replace(DECLARED, author_structure="1750000003"), DECLARED),
        (DECLARED, replace(DECLARED, author="899700024450")),
        (DECLARED, replace(DECLARED, type_code="EXPPAT_1")),
        (replace(DECLARED, kind="study"), DECLARED),
    ],
)
@pytest.mark.requirement("R32")
def test_only_the_newest_of_one_s_own_is_replaced(former: DocumentFacts, new: DocumentFacts) -> None:
    assert may_succeed(DECLARED, DECLARED)
    assert not may_succeed(former, new)


def test_what_is_replaced_is_named_by_two_ids() -> None:
    named = Replaced(uuid4(), uuid4())
    assert Replaced.of_json(named.to_json()) == named
    assert Replaced.of_json(None) is None
