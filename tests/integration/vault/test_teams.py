"""Consent that is recorded, for a team and for a list: given in one act, ended in one (L1110-12, R17)."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from keyvault.keys.choices import TOLD_AT_ONCE
from keyvault.verbs.call import Denied
from keyvault.verbs.reader.grants.reading import ResolvedRecord
from keyvault.verbs.reader.holder import ending
from keyvault.verbs.reader.holder.changing import CardChange, Changed
from keyvault.verbs.reader.holder.choices import Choices
from keyvault.verbs.reader.holder.choosing import Chosen
from keyvault.verbs.reader.lists.filling import ListPage
from keyvault.verbs.reader.lists.listing import Listing
from records.card.consent import DEFAULT_DURATION
from records.choices.authorisations import Scope
from records.errors import Conflict, Invalid, NotFound
from records.vocabulary.codes import Action, ReasonCode, RecordState
from tests.integration.vault.bench import ATTENDING, DAY, DOCTOR, NOON, STRANGER, Person, VaultBench, new_ins
from tests.integration.vault.watched_store import Killed, Statement

NURSE = "899700012345"
NOT_AUTHORISED = Denied(ReasonCode.NOT_AUTHORISED)


def record(vault: VaultBench, person: Person, by: str = DOCTOR, **more: Any) -> dict[str, Any]:
    """What a professional recorded during a visit."""
    wanted = {"request": uuid4(), "name": "Consultation", "members": [], "how": "spoken"} | more
    answer = vault.reader.record_consent(vault.doctor(by), person.ins, **wanted)
    assert isinstance(answer, Changed)
    return answer.choices


def form(vault: VaultBench, person: Person, *members: str, **more: Any) -> dict[str, Any]:
    """A team that the holder authorises."""
    wanted = {"request": uuid4(), "name": "Équipe", "members": members} | more
    answer = vault.reader.form_team(vault.patient(person.ins), person.record_id, **wanted)
    assert isinstance(answer, Changed)
    return answer.choices


def change(
    vault: VaultBench, person: Person, team: dict[str, Any], action: Action, *members: str, by: str = ""
) -> Changed | Denied:
    call = vault.doctor(by) if by else vault.patient(person.ins)
    return vault.reader.change_team(call, person.record_id, UUID(team["team"]), action, members)


def reads(vault: VaultBench, person: Person, rpps: str = DOCTOR) -> bool:
    return isinstance(vault.reader.resolve(vault.doctor(rpps), person.ins), ResolvedRecord)


def own(vault: VaultBench, person: Person, **asked: Any) -> dict[str, Any]:
    found = vault.reader.choices(vault.patient(person.ins), person.record_id, **asked)
    assert isinstance(found, Choices) and found.own is not None
    return found.own


class TestRecordedByAProfessional:
    @pytest.mark.requirement("R17", "R18", "R57")
    def test_it_names_who_recorded_it_and_the_holder_is_told_at_once(
        self, vault: VaultBench, person: Person
    ) -> None:
        assert not reads(vault, person)
        with vault.logging() as seen:
            team = record(vault, person)
        assert team["consent"] == {"by": DOCTOR, "how": "spoken", "at": NOON}
        assert [line.told for line in seen] == [("record_consent", "permit", "consent_recorded")]
        assert ("consent_recorded", "patient") in vault.told()
        assert reads(vault, person)
        assert [each["consent"]["by"] for each in own(vault, person)["teams"]] == [DOCTOR]
        vault.guard.inspector.verify_log()

    def test_without_a_team_it_lasts_for_the_consultation(self, vault: VaultBench, person: Person) -> None:
        assert record(vault, person)["until"] == NOON + DAY
        vault.clock.advance(DAY)
        assert vault.reader.resolve(vault.doctor(), person.ins) == Denied(ReasonCode.AUTHORISATION_EXPIRED)
        with pytest.raises(Invalid) as refused:
            record(vault, person, until=NOON + 3 * DAY)
        assert refused.value.code == "bad_authorisation"

    @pytest.mark.requirement("R17")
    def test_one_consent_is_for_the_team_with_its_members(self, vault: VaultBench, person: Person) -> None:
        team = record(vault, person, members=[STRANGER, NURSE])
        assert (team["until"], team["members"]) == (NOON + DEFAULT_DURATION, 3)
        assert all(reads(vault, person, each) for each in (DOCTOR, STRANGER, NURSE))
        assert not reads(vault, person, ATTENDING)

    @pytest.mark.requirement("R18")
    def test_the_holder_contests_it_and_it_ends_for_all(self, vault: VaultBench, person: Person) -> None:
        team = record(vault, person, members=[STRANGER])
        with vault.logging() as seen:
            change(vault, person, team, Action.END_TEAM)
        (line,) = seen
        assert (line.line["contested"], line.line["professional"]) == ("True", DOCTOR)
        assert line.line["circle"] == team["team"]
        assert not reads(vault, person) and not reads(vault, person, STRANGER)
        assert own(vault, person)["teams"] == []
        vault.guard.inspector.verify_log()

    @pytest.mark.parametrize("how", ["online", "guessed"])
    def test_the_holder_consents_online_alone(self, vault: VaultBench, person: Person, how: str) -> None:
        with pytest.raises(Invalid) as refused:
            record(vault, person, how=how)
        assert refused.value.code == "bad_consent"
        assert not reads(vault, person)

    @pytest.mark.requirement("R19")
    def test_who_is_blocked_records_nothing_and_what_others_record_does_not_lift_it(
        self, vault: VaultBench, person: Person
    ) -> None:
        vault.change(person, Action.BLOCK, DOCTOR)
        named = (person.ins, uuid4(), "spoken", "Consultation")
        assert vault.reader.record_consent(vault.doctor(), *named) == Denied(ReasonCode.BLOCKED)
        record(vault, person, STRANGER, members=[DOCTOR])
        assert vault.reader.resolve(vault.doctor(), person.ins) == Denied(ReasonCode.BLOCKED)

    @pytest.mark.requirement("R30")
    def test_it_is_no_express_consent(self, vault: VaultBench, person: Person) -> None:
        occupational = vault.doctor(sector="SA13")
        named = (person.ins, uuid4(), "written", "Visite")
        assert vault.reader.record_consent(occupational, *named) == Denied(ReasonCode.CONSENT_MISSING)
        record(vault, person, STRANGER, members=[DOCTOR])
        assert vault.reader.resolve(occupational, person.ins) == Denied(ReasonCode.CONSENT_MISSING)

    def test_in_an_emergency_there_is_none_to_record(self, vault: VaultBench, person: Person) -> None:
        named = (person.ins, uuid4(), "spoken", "Urgence")
        assert vault.reader.record_consent(vault.emergency(), *named) == Denied(ReasonCode.READ_ONLY_PURPOSE)

    def test_where_there_is_no_record_it_is_refused(self, vault: VaultBench) -> None:
        refused = vault.reader.record_consent(vault.doctor(), new_ins(), uuid4(), "spoken", "Visite")
        assert refused == Denied(ReasonCode.NO_SUCH_RECORD)

    def test_what_the_holder_chose_for_one_is_not_widened(self, vault: VaultBench, person: Person) -> None:
        vault.deposit(person)
        vault.change(person, Action.AUTHORISE, DOCTOR, scope=Scope.CHOSEN)
        record(vault, person, STRANGER, members=[DOCTOR])
        listing = vault.reader.list(vault.doctor(structure="1750000055"), person.record_id, ListPage())
        assert isinstance(listing, Listing) and listing.documents == ()
        assert own(vault, person, about=DOCTOR)["scope"] == "chosen"
        vault.change(person, Action.AUTHORISE, STRANGER)
        chosen = vault.reader.choose(vault.patient(person.ins), person.record_id, STRANGER, [], [])
        assert isinstance(chosen, Chosen)  # of every ground, so that nothing else is shown
        by_team = vault.reader.list(vault.doctor(STRANGER), person.record_id, ListPage())
        assert isinstance(by_team, Listing) and by_team.documents == ()
        form(vault, person, DOCTOR)
        listing = vault.reader.list(vault.doctor(structure="1750000055"), person.record_id, ListPage())
        assert isinstance(listing, Listing) and len(listing.documents) == 1


class TestTeam:
    def test_who_joins_reads_and_who_leaves_reads_no_more(self, vault: VaultBench, person: Person) -> None:
        team = form(vault, person, DOCTOR)
        change(vault, person, team, Action.JOIN_TEAM, STRANGER)
        assert reads(vault, person, STRANGER)
        named = own(vault, person, team=UUID(team["team"]))["professionals"]
        assert sorted(named) == [DOCTOR, STRANGER]
        change(vault, person, team, Action.LEAVE_TEAM, STRANGER)
        assert not reads(vault, person, STRANGER) and reads(vault, person)
        vault.guard.inspector.verify_log()

    def test_a_grant_ends_with_the_team_that_it_rests_on(self, vault: VaultBench, person: Person) -> None:
        document, team = vault.deposit(person), form(vault, person, DOCTOR)
        released, _ = vault.release(vault.doctor(), person, [document])
        assert not isinstance(released, Denied)
        grant, blob = UUID(released.grant["id"]), released.objects[0]
        assert vault.reader.recheck(grant, *blob)
        change(vault, person, team, Action.END_TEAM)
        assert not vault.reader.recheck(grant, *blob)

    def test_leaving_keeps_what_was_given_besides(self, vault: VaultBench, person: Person) -> None:
        vault.authorise(person)
        team = form(vault, person, DOCTOR)
        change(vault, person, team, Action.LEAVE_TEAM, DOCTOR)
        assert reads(vault, person)

    def test_it_ends_with_its_time_for_who_joined_late_too(self, vault: VaultBench, person: Person) -> None:
        team = form(vault, person, DOCTOR, until=NOON + 10 * DAY)
        vault.clock.advance(9 * DAY)
        change(vault, person, team, Action.JOIN_TEAM, STRANGER)
        vault.clock.advance(DAY)
        assert not reads(vault, person, STRANGER)
        with pytest.raises(Conflict) as refused:
            change(vault, person, team, Action.JOIN_TEAM, NURSE)
        assert refused.value.code == "team_ended"

    def test_a_member_leaves_and_changes_nothing_else(self, vault: VaultBench, person: Person) -> None:
        team = form(vault, person, DOCTOR, STRANGER)
        for action, members in (
            (Action.LEAVE_TEAM, [STRANGER]),
            (Action.JOIN_TEAM, [NURSE]),
            (Action.END_TEAM, []),
        ):
            with pytest.raises(NotFound):
                change(vault, person, team, action, *members, by=DOCTOR)
        assert reads(vault, person, STRANGER)
        change(vault, person, team, Action.LEAVE_TEAM, DOCTOR, by=DOCTOR)
        assert not reads(vault, person)

    def test_who_recorded_it_changes_it_and_the_holder_is_told(
        self, vault: VaultBench, person: Person
    ) -> None:
        team = record(vault, person, members=[STRANGER])
        change(vault, person, team, Action.JOIN_TEAM, NURSE, by=DOCTOR)
        assert reads(vault, person, NURSE)
        assert vault.told("consent_recorded") == [("consent_recorded", "patient")] * 2
        change(vault, person, team, Action.END_TEAM, by=DOCTOR)
        assert not any(reads(vault, person, each) for each in (DOCTOR, STRANGER, NURSE))

    def test_who_forgets_its_row_permits_nothing(self, vault: VaultBench, person: Person) -> None:
        form(vault, person, DOCTOR)
        vault.sql("DELETE FROM circle")
        assert vault.reader.resolve(vault.doctor(), person.ins) == NOT_AUTHORISED

    @pytest.mark.parametrize("name", ["", "   ", "x" * 101, "une\nautre"])
    def test_its_name_is_one_line(self, vault: VaultBench, person: Person, name: str) -> None:
        with pytest.raises(Invalid) as refused:
            form(vault, person, DOCTOR, name=name)
        assert refused.value.code == "bad_team"


class TestList:
    GPS = tuple(f"8{number:011d}" for number in range(10_000_000_000, 10_000_001_000))

    def test_a_thousand_are_authorised_in_one_act_and_end_in_one(
        self, vault: VaultBench, person: Person
    ) -> None:
        lines = [*self.GPS[:997], "no number", self.GPS[0], "10001234567"]
        with vault.logging() as seen:
            team = form(vault, person, *lines, name="Réseau")
        assert len(seen) == 10 and {line.told[0] for line in seen} == {"form_team"}
        assert team["members"] == 997
        results = {each["line"]: each["result"] for each in team["results"]}
        assert (results[998], results[999], results[1000]) == ("bad_rpps", "repeated", "bad_rpps")
        assert all(results[line] == "authorised" for line in range(1, 998))
        assert reads(vault, person, self.GPS[996])
        vault.guard.inspector.verify_log()
        with vault.logging() as seen:
            change(vault, person, team, Action.END_TEAM)
        assert len(seen) == 1
        assert not reads(vault, person, self.GPS[0]) and not reads(vault, person, self.GPS[996])
        assert own(vault, person)["authorisations"] == []
        vault.guard.inspector.verify_log()

    def test_the_same_request_again_forms_no_second_list(self, vault: VaultBench, person: Person) -> None:
        request = uuid4()
        first = form(vault, person, *self.GPS[:3], request=request)
        again = form(vault, person, *self.GPS[:3], request=request)
        assert (again["team"], again["members"]) == (first["team"], 3)
        assert [each["result"] for each in again["results"]] == ["already"] * 3
        assert len(own(vault, person)["teams"]) == 1
        with pytest.raises(Conflict) as refused:
            form(vault, person, *self.GPS[:3], request=request, name="Autre")
        assert refused.value.code == "request_reused"
        change(vault, person, first, Action.END_TEAM)
        with pytest.raises(Conflict):
            form(vault, person, *self.GPS[:3], request=request)
        assert not reads(vault, person, self.GPS[0])

    @pytest.mark.parametrize("lines", [0, 1_001])
    def test_one_act_is_bounded(self, vault: VaultBench, person: Person, lines: int) -> None:
        with pytest.raises(Invalid) as refused:
            form(vault, person, *[*self.GPS, NURSE][:lines])
        assert refused.value.code == "bad_team"

    def test_where_no_line_is_a_number_no_list_begins(self, vault: VaultBench, person: Person) -> None:
        with pytest.raises(Invalid) as refused:
            form(vault, person, "1", "2")
        assert refused.value.code == "bad_rpps"
        assert vault.sql("SELECT count(*) FROM circle") == [(0,)]

    def test_a_row_put_back_is_told_by_the_log(self, vault: VaultBench, person: Person) -> None:
        team = form(vault, person, *self.GPS[:3])
        before = vault.sql("SELECT version, state, ends_on, sealed, digest FROM circle")[0]
        change(vault, person, team, Action.END_TEAM)
        vault.sql("UPDATE circle SET version=?, state=?, ends_on=?, sealed=?, digest=?", *before)
        with pytest.raises(Exception, match="circle rows are not the newest"):
            vault.guard.inspector.verify_log()


class TestWithdrawal:
    @pytest.mark.requirement("R17", "R18")
    def test_nobody_but_the_holder_reads_and_giving_again_revives_nobody(
        self, vault: VaultBench, person: Person
    ) -> None:
        vault.authorise(person)
        vault.change(person, Action.NAME_ATTENDING, ATTENDING)
        form(vault, person, STRANGER, NURSE)
        everybody = (DOCTOR, ATTENDING, STRANGER, NURSE)
        assert all(reads(vault, person, each) for each in everybody)
        vault.change(person, Action.WITHDRAW_CONSENT)
        for each in everybody:
            assert vault.reader.resolve(vault.doctor(each), person.ins) == Denied(ReasonCode.CONSENT_MISSING)
        assert isinstance(vault.reader.list(person.call, person.record_id, ListPage()), Listing)
        assert own(vault, person) | {"consent": None, "teams": [], "authorisations": []} == own(vault, person)
        vault.guard.inspector.verify_log()
        vault.change(person, Action.GIVE_CONSENT)
        assert own(vault, person)["consent"]["how"] == "online"
        assert not any(reads(vault, person, each) for each in everybody)
        vault.authorise(person)
        assert reads(vault, person)
        assert vault.told("consent_changed") == [("consent_changed", "patient")] * 2
        vault.guard.inspector.verify_log()

    @pytest.mark.requirement("R17", "R18")
    def test_of_very_many_each_transaction_ends_some_and_all_have_their_event(
        self, vault: VaultBench, person: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ending, "AT_ONCE", TOLD_AT_ONCE)
        form(vault, person, *TestList.GPS[:250])
        vault.store.forget()
        with vault.logging() as seen:
            vault.change(person, Action.WITHDRAW_CONSENT)
        assert [line.told[0] for line in seen] == ["withdraw_consent"] * 3
        assert sum(each.verb == "commit" for each in vault.store.statements) == 3
        assert own(vault, person) | {"teams": [], "authorisations": []} == own(vault, person)
        vault.guard.inspector.verify_log()

    @pytest.mark.requirement("R17", "R18")
    def test_cut_off_it_refuses_everybody_and_what_is_left_ends_before_consent_is_given_again(
        self, vault: VaultBench, person: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ending, "AT_ONCE", TOLD_AT_ONCE)
        doctors = TestList.GPS[:250]
        for each in doctors[::50]:
            vault.change(person, Action.AUTHORISE, each)
        form(vault, person, *doctors)
        begun: list[Statement] = []

        def killed(_: int, statement: Statement) -> bool:
            begun.append(statement)
            return [each.verb for each in begun].count("commit") == 2

        vault.store.fail = killed
        with pytest.raises(Killed):
            vault.change(person, Action.WITHDRAW_CONSENT)
        vault.store.fail = None
        left = vault.sql("SELECT count(*) FROM authorisation WHERE state = 'live'")
        assert left == [(150,)]
        for each in doctors[::50]:
            assert not reads(vault, person, each)
        vault.clock.advance(60)
        vault.change(person, Action.AUTHORISE, STRANGER)
        vault.change(person, Action.GIVE_CONSENT)
        assert reads(vault, person, STRANGER)
        assert not any(reads(vault, person, each) for each in doctors[::50])
        assert vault.sql("SELECT count(*) FROM authorisation WHERE state = 'live'") == [(1,)]
        vault.guard.inspector.verify_log()

    def test_a_professional_cannot_record_it_instead(self, vault: VaultBench, person: Person) -> None:
        vault.change(person, Action.WITHDRAW_CONSENT)
        named = (person.ins, uuid4(), "spoken", "Consultation")
        assert vault.reader.record_consent(vault.doctor(), *named) == Denied(ReasonCode.CONSENT_MISSING)

    @pytest.mark.requirement("R28")
    def test_emergencies_stay_until_they_are_opposed(self, vault: VaultBench, person: Person) -> None:
        vault.change(person, Action.WITHDRAW_CONSENT)
        assert isinstance(vault.reader.resolve(vault.emergency(), person.ins), ResolvedRecord)
        vault.allow(person, bris_de_glace=False)
        assert vault.reader.resolve(vault.emergency(), person.ins) == Denied(ReasonCode.OPTED_OUT)

    def test_a_suspended_record_loses_rights_and_gains_none(self, vault: VaultBench, person: Person) -> None:
        shown, other = vault.deposit(person), vault.deposit(person, b"other")
        vault.authorise(person)
        team = form(vault, person, STRANGER)
        vault.put_in_state(person, RecordState.SUSPENDED)
        suspended = Denied(ReasonCode.RECORD_SUSPENDED)
        call, at = vault.patient(person.ins), person.record_id
        assert vault.reader.form_team(call, at, uuid4(), "Équipe", [NURSE]) == suspended
        assert change(vault, person, team, Action.JOIN_TEAM, NURSE) == suspended
        narrowed = vault.reader.choose(call, at, DOCTOR, [shown.document_id], [])
        assert isinstance(narrowed, Chosen)
        assert vault.reader.choose(call, at, DOCTOR, [shown.document_id, other.document_id], []) == suspended
        assert isinstance(vault.reader.choose(call, at, DOCTOR, [], []), Chosen)
        assert vault.reader.choose(call, at, DOCTOR, [shown.document_id], []) == suspended
        assert isinstance(change(vault, person, team, Action.END_TEAM), Changed)
        vault.change(person, Action.WITHDRAW_CONSENT)
        assert vault.reader.change_card(call, at, CardChange(action=Action.GIVE_CONSENT)) == suspended


class TestArchiving:
    def test_what_ended_is_listed_no_longer_and_permits_as_little(
        self, vault: VaultBench, person: Person
    ) -> None:
        vault.authorise(person)
        form(vault, person, *TestList.GPS[:150], until=NOON + DAY)
        vault.clock.advance(3 * DAY)
        assert len(own(vault, person, most=500)["authorisations"]) == 151  # those that ran out, too
        with vault.logging() as seen:
            for _ in range(3):
                vault.guard.housekeeper.expire()
        assert [line.told[0] for line in seen] == ["archive_choices"] * 2
        shown = own(vault, person)
        assert [each["professional"] for each in shown["authorisations"]] == [DOCTOR]
        assert shown["teams"] == []
        over = vault.reader.resolve(vault.doctor(TestList.GPS[0]), person.ins)
        assert over == Denied(ReasonCode.AUTHORISATION_EXPIRED)
        assert reads(vault, person)
        vault.guard.inspector.verify_log()
        form(vault, person, TestList.GPS[0])
        assert reads(vault, person, TestList.GPS[0])

    def test_what_ends_today_waits_for_tomorrow(self, vault: VaultBench, person: Person) -> None:
        form(vault, person, DOCTOR, until=NOON + 60)
        vault.clock.advance(120)
        with vault.logging() as seen:
            vault.guard.housekeeper.expire()
        assert not seen
