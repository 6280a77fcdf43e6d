"""A professional's own actions (R56): under the own credential alone, by the page, whatever became of the
records.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.log.own_actions import OwnAction, OwnActions
from records.errors import CoffreError
from records.vocabulary.codes import Action, Outcome, PurposeOfUse, ReasonCode, Role
from tests.integration.vault.bench import DOCTOR, HOSPITAL, PRACTICE, STRANGER, Person, VaultBench, new_ins
from tests.integration.vault.test_issuers import Door, added


def own(vault: VaultBench, call: Call, **asked: object) -> OwnActions:
    answer = vault.reader.own_actions(call, **asked)  # type: ignore[arg-type]
    assert isinstance(answer, OwnActions)
    return answer


def every(vault: VaultBench, call: Call, limit: int) -> Iterator[OwnAction]:
    """All pages, but for the lines that asking for them adds."""
    page = own(vault, call, limit=limit)
    while True:
        yield from (each for each in page.actions if each.action != Action.READ_OWN_LOG)
        if page.following is None:
            return
        page = own(vault, call, limit=limit, before=page.following)


def looks(vault: VaultBench, person: Person, call: Call) -> None:
    """And a second goes by: lines of one instant have no order of their own."""
    vault.reader.documents(call, person.record_id, [])
    vault.clock.advance(1)


@pytest.mark.requirement("R56")
def test_they_say_when_where_what_and_whose_record(vault: VaultBench, person: Person) -> None:
    vault.authorise(person)
    looks(vault, person, vault.doctor())
    found = own(vault, vault.doctor())
    asked, looked = found.actions
    assert found.actor["rpps"] == DOCTOR and found.following is None
    assert (asked.action, asked.decision) == ("read_own_log", ReasonCode.OWN_ACTIONS)
    assert (looked.action, looked.outcome, looked.purpose) == ("search", "permit", "normal")
    assert (looked.record, looked.decision) == (person.public_id, ReasonCode.AUTHORISED)


def test_nobody_else_s_are_among_them(vault: VaultBench, person: Person) -> None:
    for rpps in (DOCTOR, STRANGER):
        vault.authorise(person, rpps)
    looks(vault, person, vault.doctor())
    looks(vault, person, vault.doctor(STRANGER))
    for call in (vault.doctor(), vault.doctor(STRANGER)):
        assert [each.action for each in own(vault, call).actions] == ["read_own_log", "search"]


def test_wherever_one_works_and_by_whichever_door_one_came_they_are_one_s_own(
    vault: VaultBench, person: Person
) -> None:
    """A person is known by the national number, not by who signed the credential or what that calls her."""
    vault.authorise(person)
    door = Door(vault, "https://cards.example")
    added(vault, door.new(Role.PROFESSIONAL))
    calls = [vault.doctor(), vault.doctor(structure=HOSPITAL), door.doctor(subject="card 1")]
    for call in calls:
        looks(vault, person, call)
    assert [each.structure for each in own(vault, calls[2]).actions] == [
        PRACTICE,
        PRACTICE,
        HOSPITAL,
        PRACTICE,
    ]


def test_what_was_refused_reads_alike_with_and_without_a_record(vault: VaultBench, person: Person) -> None:
    """Else the own lines would tell who has a record, and who blocked whom."""
    vault.change(person, Action.BLOCK, STRANGER)
    call = vault.doctor(STRANGER)
    for name in (person.ins, new_ins()):
        assert isinstance(vault.reader.resolve(call, name), Denied)
        vault.clock.advance(1)
    _, nobody, blocked = own(vault, call).actions
    assert nobody.outcome is Outcome.DENY
    assert replace(nobody, at=0, leaf=b"") == replace(blocked, at=0, leaf=b"")
    assert (blocked.record, blocked.decision, blocked.object) == (None, None, None)


def test_pages_are_whole_whatever_their_size(vault: VaultBench, person: Person) -> None:
    """Lines of one instant among them: the clock of these tests stands still."""
    vault.authorise(person)
    for second in range(7):
        vault.reader.documents(vault.doctor(), person.record_id, [])
        vault.clock.advance(second % 2)
    for limit in (1, 3, 100):
        found = list(every(vault, vault.doctor(), limit))
        assert len({each.leaf for each in found}) == len(found) == 7
        assert [each.at for each in found] == sorted((each.at for each in found), reverse=True)


def test_a_period_is_from_its_first_second_to_before_its_last(vault: VaultBench, person: Person) -> None:
    vault.authorise(person)
    instants = []
    for _ in range(3):
        looks(vault, person, vault.doctor())
        instants.append(int(vault.clock()) - 1)
        vault.clock.advance(60)
    asked = own(vault, vault.doctor(), since=instants[1], until=instants[2])
    assert [each.at // 1000 for each in asked.actions] == [instants[1]]
    first = own(vault, vault.doctor(), since=instants[0], limit=2)
    rest = own(vault, vault.doctor(), since=instants[1], before=first.following)
    assert first.following is not None and all(each.at // 1000 >= instants[1] for each in rest.actions)


def test_they_outlive_the_keys_of_the_record(vault: VaultBench, person: Person) -> None:
    vault.authorise(person)
    looks(vault, person, vault.doctor())
    for table in ("wrapped_key", "record_key"):
        vault.sql(f"DELETE FROM {table} WHERE record_id = ?", person.record_id.bytes)  # noqa: S608
    found = own(vault, vault.doctor())
    assert [(each.action, each.record) for each in found.actions[1:]] == [("search", person.public_id)]


def test_they_are_a_professional_s_in_ordinary_care(vault: VaultBench, person: Person) -> None:
    role, purpose = ReasonCode.ROLE_NOT_ENTITLED, ReasonCode.PURPOSE_NOT_ENTITLED
    assert vault.reader.own_actions(person.call) == Denied(role)
    assert vault.reader.own_actions(Call(token=vault.depositor())) == Denied(role)
    assert vault.reader.own_actions(vault.operator()) == Denied(role)
    glass = replace(vault.doctor(), purpose=PurposeOfUse.BRIS_DE_GLACE, reason="Patient inconscient")
    assert vault.reader.own_actions(glass) == Denied(purpose)


@pytest.mark.parametrize("column", ["own", "officer"])
def test_a_line_that_is_not_the_one_written_is_not_shown(
    vault: VaultBench, person: Person, column: str
) -> None:
    vault.authorise(person)
    looks(vault, person, vault.doctor())
    vault.sql(f"UPDATE accountability SET {column} = zeroblob(80)")  # noqa: S608
    with pytest.raises(CoffreError) as refused:
        own(vault, vault.doctor())
    assert refused.value.code == "own_line_altered"
