"""What the holder gives one professional: rows of their own, and what they show."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import pytest

from keyvault.keys import choices
from keyvault.verbs.call import Denied
from keyvault.verbs.reader.grants.reading import Disclosed, ResolvedRecord
from keyvault.verbs.reader.grants.releasing import Released
from keyvault.verbs.reader.holder.choices import Choices
from keyvault.verbs.reader.holder.choosing import Chosen
from keyvault.verbs.reader.lists.filling import ListPage
from keyvault.verbs.reader.lists.listing import Listing
from records.card.card import CardAuthorisation
from records.choices.authorisations import DocumentKind, Scope
from records.errors import Invalid, NotFound
from records.vocabulary.codes import Action, ReasonCode
from records.vocabulary.document_types import class_of
from tests.integration.hiding import hide_from_patient
from tests.integration.vault.bench import (
    ATTENDING,
    DOCTOR,
    HOSPITAL,
    LABORATORY,
    REPORT,
    STRANGER,
    Deposited,
    Person,
    VaultBench,
    rows_of,
)
from tests.integration.vault.test_law import reseal_as_first_format
from tests.integration.vault.test_statements import cost


@contextmanager
def opened_rows() -> Iterator[list[str]]:
    """The professionals whose rows are opened meanwhile."""
    opened: list[str] = []
    original = choices.open_authorisation

    def watching(*args):  # type: ignore[no-untyped-def]
        found = original(*args)
        opened.append(found.professional)
        return found

    choices.open_authorisation = watching
    try:
        yield opened
    finally:
        choices.open_authorisation = original


def numbers(count: int) -> list[str]:
    return [f"8{each:011}" for each in range(count)]


def listed(vault: VaultBench, person: Person, call: object) -> set[UUID]:
    listing = vault.reader.list(call, person.record_id, ListPage())  # type: ignore[arg-type]
    assert isinstance(listing, Listing)
    return {each.document_id for each in listing.documents}


def choose(
    vault: VaultBench, person: Person, *documents: Deposited, kinds: tuple[DocumentKind, ...] = ()
) -> Chosen:
    named = [each.document_id for each in documents]
    chosen = vault.reader.choose(person.call, person.record_id, DOCTOR, named, kinds)
    assert isinstance(chosen, Chosen)
    return chosen


class TestRows:
    def test_a_decision_reads_and_opens_one_row_whatever_their_number(
        self, vault: VaultBench, person: Person
    ) -> None:
        vault.authorise(person)
        costs = []
        for _ in range(2):
            vault.reader.resolve(vault.doctor(), person.ins)
            with cost(vault) as spent, opened_rows() as opened:
                assert isinstance(vault.reader.resolve(vault.doctor(), person.ins), ResolvedRecord)
            assert opened == [DOCTOR]
            costs.append(spent)
            for each in numbers(60):
                vault.authorise(person, each)
        assert costs[0] == costs[1]

    def test_pages_hold_each_authorisation_once(self, vault: VaultBench, person: Person) -> None:
        for each in numbers(7):
            vault.authorise(person, each)
        vault.change(person, Action.REVOKE, numbers(7)[3])
        found, after = [], None
        for _ in range(3):
            page = vault.reader.choices(person.call, person.record_id, after, 3)
            assert isinstance(page, Choices) and page.own is not None
            found += [each["professional"] for each in page.own["authorisations"]]
            after = page.following
            if after is None:
                break
        assert sorted(found) == [each for each in numbers(7) if each != numbers(7)[3]]

    def test_who_forgets_a_row_permits_nothing(self, vault: VaultBench, person: Person) -> None:
        vault.authorise(person)
        vault.sql("DELETE FROM authorisation")
        assert vault.reader.resolve(vault.doctor(), person.ins) == Denied(ReasonCode.NOT_AUTHORISED)


class TestCardsOfEarlierVersions:
    GIVEN = (CardAuthorisation(DOCTOR, 0, None), CardAuthorisation(STRANGER, 0, 2**40))

    @pytest.mark.parametrize("change", ["revoke", "block", "authorise"])
    def test_all_move_to_rows_with_the_next_change(
        self, vault: VaultBench, person: Person, change: str
    ) -> None:
        reseal_as_first_format(vault, person, self.GIVEN)
        for rpps in (DOCTOR, STRANGER):
            assert isinstance(vault.reader.resolve(vault.doctor(rpps), person.ins), ResolvedRecord)
        page = vault.reader.choices(person.call, person.record_id)
        assert isinstance(page, Choices) and page.own is not None
        assert [each["professional"] for each in page.own["authorisations"]] == [DOCTOR, STRANGER]
        with vault.logging() as seen:
            vault.change(person, Action(change), ATTENDING)
        assert [event.told[0] for event in seen].count("move_choices") == (3 if change != "block" else 2)
        assert vault.sql("SELECT count(*) FROM authorisation WHERE state='live'")[0][0] == 2 + (
            change == "authorise"
        )
        for rpps in (DOCTOR, STRANGER):
            assert isinstance(vault.reader.resolve(vault.doctor(rpps), person.ins), ResolvedRecord)
        vault.guard.inspector.verify_log()
        vault.change(person, Action.REVOKE, DOCTOR)
        assert vault.reader.resolve(vault.doctor(), person.ins) == Denied(ReasonCode.NOT_AUTHORISED)
        vault.guard.inspector.verify_log()

    def test_a_job_moves_all_and_a_run_again_finds_none(self, vault: VaultBench, person: Person) -> None:
        reseal_as_first_format(vault, person, self.GIVEN)
        vault.person()
        move = vault.guard.operator.move_choices
        counted = move(dry_run=True)
        assert (counted.cards, counted.authorisations) == (1, 2)
        assert vault.sql("SELECT count(*) FROM authorisation") == [(0,)]
        assert move() == counted
        assert vault.sql("SELECT count(*) FROM authorisation") == [(2,)]
        for rpps in (DOCTOR, STRANGER):
            assert isinstance(vault.reader.resolve(vault.doctor(rpps), person.ins), ResolvedRecord)
        again = move()
        assert (again.cards, again.after) == (0, None)
        beyond = move(UUID(int=2**128 - 1))
        assert beyond.records == 0
        vault.guard.inspector.verify_log()

    def test_where_both_exist_the_row_counts(self, vault: VaultBench, person: Person) -> None:
        vault.authorise(person)
        vault.change(person, Action.REVOKE, DOCTOR)
        reseal_as_first_format(vault, person, self.GIVEN)
        assert vault.reader.resolve(vault.doctor(), person.ins) == Denied(ReasonCode.NOT_AUTHORISED)
        vault.change(person, Action.BLOCK, ATTENDING)
        assert vault.reader.resolve(vault.doctor(), person.ins) == Denied(ReasonCode.NOT_AUTHORISED)
        assert isinstance(vault.reader.resolve(vault.doctor(STRANGER), person.ins), ResolvedRecord)


class TestScope:
    def test_who_is_shown_one_document_finds_no_other(self, vault: VaultBench, person: Person) -> None:
        shown, other = vault.deposit(person), vault.deposit(person, b"other")
        vault.change(person, Action.AUTHORISE, DOCTOR, scope=Scope.CHOSEN)
        call = vault.doctor()
        assert listed(vault, person, call) == set()
        chosen = choose(vault, person, shown)
        assert chosen.documents == (shown.document_id,)
        assert listed(vault, person, call) == {shown.document_id}
        disclosed = vault.reader.documents(call, person.record_id, rows_of(shown, other))
        assert isinstance(disclosed, Disclosed)
        assert [each.document_id for each in disclosed.documents] == [shown.document_id]
        assert isinstance(vault.release(call, person, [shown])[0], Released)
        released, _ = vault.release(call, person, [other])
        assert isinstance(released, Released) and released.objects == ()
        later = vault.deposit(person, b"tomorrow's")
        assert listed(vault, person, call) == {shown.document_id}
        choose(vault, person, later)
        assert listed(vault, person, call) == {later.document_id}
        vault.change(person, Action.AUTHORISE, DOCTOR, scope=Scope.ALL)
        assert len(listed(vault, person, call)) == 3
        vault.guard.inspector.verify_log()

    def test_a_kind_shows_what_arrives_tomorrow(self, vault: VaultBench, person: Person) -> None:
        vault.authorise(person)
        kind = choose(vault, person, kinds=(DocumentKind(class_of(REPORT)),))
        assert kind.to_json()["kinds"] == [{"class": class_of(REPORT), "domain": None}]
        later = vault.deposit(person)
        assert listed(vault, person, vault.doctor()) == {later.document_id}

    def test_the_author_s_structure_and_the_attending_doctor_are_shown_the_rest(
        self, vault: VaultBench, person: Person
    ) -> None:
        own = vault.deposit(person)
        for rpps in (DOCTOR, ATTENDING):
            vault.change(person, Action.AUTHORISE, rpps, scope=Scope.CHOSEN)
        vault.change(person, Action.NAME_ATTENDING, ATTENDING)
        assert listed(vault, person, vault.doctor(structure=LABORATORY)) == {own.document_id}
        assert listed(vault, person, vault.doctor(ATTENDING)) == {own.document_id}
        assert listed(vault, person, vault.emergency()) == {own.document_id}

    def test_copies_of_one_content_are_shown_together(self, vault: VaultBench, person: Person) -> None:
        first = vault.deposit(person)
        second = vault.deposit(person, structure=HOSPITAL)
        vault.change(person, Action.AUTHORISE, DOCTOR, scope=Scope.CHOSEN)
        assert set(choose(vault, person, first).documents) == {first.document_id, second.document_id}
        third = vault.deposit(person, structure="1750000077")
        assert third.document_id in listed(vault, person, vault.doctor())
        assert choose(vault, person).documents == ()
        assert listed(vault, person, vault.doctor()) == set()

    def test_a_grant_ends_with_the_choice_that_it_rests_on(self, vault: VaultBench, person: Person) -> None:
        shown = vault.deposit(person)
        vault.authorise(person)
        choose(vault, person, shown)
        released, _ = vault.release(vault.doctor(), person, [shown])
        assert isinstance(released, Released)
        grant, blob = UUID(released.grant["id"]), released.objects[0]
        assert vault.reader.recheck(grant, *blob)
        choose(vault, person)
        assert not vault.reader.recheck(grant, *blob)
        choose(vault, person, shown)
        assert vault.reader.recheck(grant, *blob)

    def test_what_the_holder_does_not_see_cannot_be_chosen(self, vault: VaultBench, person: Person) -> None:
        hidden = vault.deposit(person)
        hide_from_patient(vault.guard._vault, hidden.document_id, None)
        vault.authorise(person)
        with vault.logging() as seen:
            for named in (hidden.document_id, uuid4()):
                with pytest.raises(NotFound):
                    vault.reader.choose(person.call, person.record_id, DOCTOR, [named], [])
        assert seen[0].told == ("choose", "deny", "no_such_document")

    def test_who_has_no_authorisation_is_shown_nothing(self, vault: VaultBench, person: Person) -> None:
        shown = vault.deposit(person)
        vault.authorise(person, STRANGER)
        vault.change(person, Action.REVOKE, STRANGER)
        for rpps in (DOCTOR, STRANGER):
            with pytest.raises(NotFound):
                vault.reader.choose(person.call, person.record_id, rpps, [shown.document_id], [])
        vault.authorise(person)
        with pytest.raises(Invalid):
            vault.reader.choose(person.call, person.record_id, DOCTOR, [], [DocumentKind("no class")])

    def test_the_holder_reads_what_was_chosen(self, vault: VaultBench, person: Person) -> None:
        shown, _ = vault.deposit(person), vault.deposit(person, b"other")
        vault.authorise(person)
        choose(vault, person, shown, kinds=(DocumentKind(None, "CARDIO"),))
        found = vault.reader.choices(person.call, person.record_id, about=DOCTOR)
        assert isinstance(found, Choices) and found.own is not None
        assert (found.own["scope"], found.own["documents"]) == ("chosen", [str(shown.document_id)])
        nobody = vault.reader.choices(person.call, person.record_id, about=STRANGER)
        assert nobody == Choices(None)
