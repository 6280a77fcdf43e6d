"""Every answer about a record has its line, on every route, for whoever asks and whatever is there.

The routes are those of the application: one that is new fails here until it says what it logs. Hidden and
absent take the same statements, searches and openings, on the same chain, and read alike; so do refused and
no record, but for the chain.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from coffre.demo_authority.identities import Identities
from coffre.demonstration.files import data as demo_data
from coffre.installation.install import initialise
from coffre.settings import load
from coffre.wiring import System
from keyvault.process.guard import Guard
from keyvault.quotas import DEFAULT_QUOTAS, Quota
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.holder.changing import CardChange
from records.vocabulary.codes import Action, Role
from tests.integration.hiding import hide_from_patient
from tests.integration.route_rows import BLOCKED, IN_EMERGENCY, REASON, ROWS, SILENT, Place, Route, Row, team
from tests.integration.support import HOSPITAL, PRACTICE, Coffre, Patient, bearer, new_ins
from tests.integration.watched_app import Cost, WatchedApp
from tests.own_information import allergy
from tests.services.warm import WarmServer

_DOCTORS = count(1)


def by_get(rows: Iterable[Row]) -> list[Any]:
    """In make test, these rows but for HEAD, which `test_each_answer_has_its_lines` asks of each."""
    return [pytest.param(row, marks=[pytest.mark.long] if row.method == "HEAD" else []) for row in rows]


class Unnoted(Identities):
    """As an authority elsewhere issues them: of its own an operator may issue a thousand an hour."""

    def _logged(self, role: Role, subject: str, **claims: Any) -> str:
        return self._issue(role, subject, **claims)


@dataclass
class World:
    """A record with something to see and something hidden, one that opposes emergencies, and none."""

    watched: WatchedApp
    holder: str
    places: Mapping[str, Place]
    attending: list[str] = field(default_factory=list)

    def guard(self) -> Guard:
        assert isinstance(self.watched.system.guard, Guard)
        return self.watched.system.guard

    def issue_to_many(self) -> None:
        """One operator issues an identity for each case, more than people are issued to in an hour."""
        vault = self.guard()._vault
        many = {**DEFAULT_QUOTAS.credential, Role.OPERATOR: Quota(100_000, 100_000)}
        quotas = replace(DEFAULT_QUOTAS, credential=many)
        vault.settings = replace(vault.settings, quotas=quotas)

    def doctor(self, *given: Action, structure: str = PRACTICE) -> str:
        """A professional who never asked before: what an hour remembers of others changes nothing."""
        rpps = f"89971{next(_DOCTORS):07d}"
        for action in given:
            self._change(action, rpps)
        if Action.NAME_ATTENDING in given:
            self.attending.append(rpps)
        return Unnoted(self.watched.system).professional(rpps, "10", structure)

    def _change(self, action: Action, rpps: str) -> None:
        record = self.guard().reader.find(Call(token=self.holder), self.places["permit"].ins)
        assert not isinstance(record, Denied)
        wanted = CardChange(action=action, professional=rpps)
        changed = self.guard().reader.change_card(Call(token=self.holder), record.record_id, wanted)
        assert not isinstance(changed, Denied)

    def actor(self, row: Row, case: str, *, emergency: bool) -> str:
        if row.holder and not emergency and case not in ("refused", "nobody"):
            return self.holder
        if row.holder and row.page:
            return Unnoted(self.watched.system).patient(new_ins())
        others = case in ("refused", "nobody")
        blocked = BLOCKED if row.of_all and others else PRACTICE
        given = [] if emergency or others else [Action.AUTHORISE]
        if given and row.attending:
            given.append(Action.NAME_ATTENDING)
        return self.doctor(*given, structure=blocked)

    def ask(self, row: Row, case: str, *, emergency: bool = False) -> tuple[httpx.Response, Cost]:
        place, token = self.places[case], self.actor(row, case, emergency=emergency)
        path = (row.template.replace(":path}", "}") + row.query).format(
            **place.address, document_id=row.document(place)
        )
        more = self._page(row, place, path, token, emergency) if row.page else None
        more = more or self._call(row, place, token, emergency)
        with self.watched.costing() as cost:
            answer = self.watched.ask(row.method, path, **more)
        while self.attending:  # they would be told of each emergency
            self._change(Action.REMOVE_ATTENDING, self.attending.pop())
        return answer, cost

    def _call(self, row: Row, place: Place, token: str, emergency: bool) -> dict[str, Any]:
        headers, body = bearer(token), row.body(place) if row.body else None
        if emergency and row.template == "/grants":
            body = {**(body or {}), **IN_EMERGENCY}
        elif emergency:
            headers |= {"Coffre-Purpose": IN_EMERGENCY["purpose"], "Coffre-Reason": quote(REASON)}
        return {"headers": headers, **({} if body is None else {"data" if row.form else "json": body})}

    def _page(self, row: Row, place: Place, path: str, token: str, emergency: bool) -> dict[str, Any]:
        cookie = self.watched.browser(token)
        headers = {"Cookie": cookie, "Sec-Fetch-Site": "same-origin"}
        if row.body is None:
            return {"headers": headers}
        fields = {**row.body(place), **(IN_EMERGENCY if emergency else {})}
        return {"headers": headers, "data": {**fields, "csrf": self.watched.csrf(cookie, path)}}


def _study(coffre: Coffre, patient: Patient, lab: str, seed: int) -> dict[str, Any]:
    assert coffre.stow(lab, patient.ct(slices=2, size=32, seed=seed), patient.ins).status_code == 200
    (images,) = (UUID(d["id"]) for d in patient.documents()[:1])
    study = patient.documents()[0]["study_uid"]
    path = f"/dicomweb/studies/{study}/instances"
    instance = patient.call("GET", path).json()[0]
    return {
        "study": study,
        "series": instance["0020000E"]["Value"][0],
        "sop": instance["00080018"]["Value"][0],
        "images": images,
    }


def _sent(coffre: Coffre, patient: Patient, number: int, *labels: str) -> dict[str, UUID]:
    content = demo_data.report_pdf() + b"\n%%%d\n" % number
    answer = coffre.publish_pdf(coffre.depositor(HOSPITAL), patient.ins, content, labels=labels)
    assert answer.status_code == 201, answer.text
    submission = answer.headers["content-location"].rpartition("/")[2]
    return {"pdf": UUID(answer.json()["id"]), "sent": UUID(submission)}


def _pdf(coffre: Coffre, patient: Patient, number: int) -> UUID:
    return _sent(coffre, patient, number)["pdf"]


def _declared(coffre: Coffre, patient: Patient, number: int) -> UUID:
    resource = allergy(f"Allergie {number}")  # copies of one content are masked together
    answer = coffre.http.post("/fhir/AllergyIntolerance", json=resource, headers=bearer(patient.token))
    assert answer.status_code == 201, answer.text
    return UUID(answer.headers["location"].rpartition("/")[2])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    data: Path = tmp_path_factory.mktemp("routes") / "data"
    initialise(load(data=data))
    with WarmServer(data) as server:
        coffre = Coffre(data, server)
        lab, patient, opposed = coffre.depositor(), coffre.open_record(), coffre.open_record()
        seen = Place(
            patient.ins,
            patient.public_id,
            **_study(coffre, patient, lab, 1),
            **_sent(coffre, patient, 1),
            own=_pdf(coffre, patient, 2),
            told=_sent(coffre, patient, 7, "INVISIBLE_PATIENT")["pdf"],
            entry=_declared(coffre, patient, 1),
        )
        masked = Place(
            patient.ins,
            patient.public_id,
            **_study(coffre, patient, lab, 2),
            **_sent(coffre, patient, 3),
            own=_pdf(coffre, patient, 4),
            told=_pdf(coffre, patient, 8),
            entry=_declared(coffre, patient, 2),
        )
        for document in (masked.images, masked.pdf, masked.told, masked.entry):
            path = f"/documents/{document}/labels"
            assert patient.call("PUT", path, json=["MASQUE_PS"]).status_code == 200
        other = Place(
            opposed.ins,
            opposed.public_id,
            **_study(coffre, opposed, lab, 3),
            **_sent(coffre, opposed, 5),
            own=_pdf(coffre, opposed, 6),
            told=_pdf(coffre, opposed, 9),
            entry=_declared(coffre, opposed, 3),
        )
        modes = {"bris_de_glace": False, "centre_15": False}
        assert opposed.call("PUT", "/emergency", json=modes).status_code == 200
        shut_out = opposed.call("POST", "/blocked-structures", json={"structure": BLOCKED})
        assert shut_out.status_code == 201
        seen = replace(seen, team=UUID(patient.call("POST", "/teams", json=team(seen)).json()["team"]))
    unknown = {"study": "1.2.3.4.5", "series": "1.2.3.4.6", "sop": "1.2.3.4.7"}
    ids = {name: uuid4() for name in ("images", "pdf", "sent", "own", "told", "entry")}
    absent = Place(patient.ins, patient.public_id, **unknown, **ids)
    nobody = replace(absent, ins=new_ins(), record=uuid4())
    places = {"permit": seen, "hidden": masked, "absent": absent, "refused": other, "nobody": nobody}
    with System(load(data=data), vault_here=True) as system:
        found = World(WatchedApp(system), patient.token, places)
        found.issue_to_many()
        hide_from_patient(found.guard()._vault, masked.own, None)
        for case in places:  # caches are warm, and chain 0 of this process has its row
            found.ask(ROWS[1], case)
        for row in ROWS:  # whoever holds a record asks again and again: later refusals are counted
            if row.holder and row.things:
                found.ask(row, "absent")
        yield found


def read_alike(answer: httpx.Response) -> tuple[object, ...]:
    """What an answer says, without what it repeats of its address and sign-in."""
    text = re.sub(r'value="[^"]*"|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{64}|\d{15}', "", answer.text)
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    headers["content-length"] = str(len(text)) if answer.text else ""
    return answer.status_code, text, headers


def routes(world: World) -> set[Route]:
    found = iter_route_contexts(world.watched.app.router.routes)
    return {
        (method, re.sub(r":(fhir_id|declared|declared_alone)\}", "}", each.path))
        for each in found
        for method in each.methods or ()
        if each.path and method != "HEAD"
    }


def test_every_route_says_what_it_logs(world: World) -> None:
    told = {row.route for row in ROWS} | frozenset().union(*SILENT.values())
    assert routes(world) == told


@pytest.mark.parametrize("row", ROWS, ids=str)
@pytest.mark.requirement("R15", "R54")
def test_each_answer_has_its_lines(world: World, row: Row) -> None:
    found = {case: world.ask(row, case) for case in row.cases}
    assert {case: cost.lines for case, (_, cost) in found.items()} == {
        case: row.lines.get(case, 1) for case in row.cases
    }
    assert not any(cost.windows for _, cost in found.values())
    # of a permit there may be a notice: a choice that changed, a professional's first reading
    assert not any(cost.notices for case, (_, cost) in found.items() if case in ("refused", "nobody"))
    status = found["permit"][0].status_code
    assert status == row.refused_to_all or status < 400, found["permit"][0].text
    _compare(found)


@pytest.mark.parametrize("row", by_get(row for row in ROWS if row.emergencies), ids=str)
def test_and_in_an_emergency_its_window_and_notice(world: World, row: Row) -> None:
    found = {case: world.ask(row, case, emergency=True) for case in row.cases}
    permitted = set() if row.holder else {"permit"} if row.by_id else {"permit", "hidden", "absent"}
    for case, (answer, cost) in found.items():
        begun = int(case in permitted)
        looked_for = begun and row.looks_for_it
        expected = 1 if row.holder else row.lines.get(case, 1) + looked_for
        assert (case, cost.lines, cost.windows, cost.notices) == (case, expected, begun, begun), answer.text
    _compare(found)


ONE_VERB = (
    "/records/find",
    "/records/{ins}/consents",
    "/dossier",
    "/accord",
    "/fhir/DocumentReference/{id}",
    "/fhir/Binary/{id}",
)
"""Nothing comes before the verb that answers."""


@pytest.mark.parametrize("row", by_get(row for row in ROWS if row.template not in ONE_VERB), ids=str)
def test_a_vault_that_fails_on_the_way_to_the_verb_tells_nobody_of_a_record(world: World, row: Row) -> None:
    with world.watched.vault_failing_after_the_first_verb():
        found = [world.ask(row, case) for case in row.cases]
    assert found[0][0].status_code >= 500
    assert len({str(read_alike(answer)) for answer, _ in found}) == 1


@pytest.mark.parametrize("emergency", [False, True], ids=["normal", "emergency"])
@pytest.mark.parametrize(
    "row", by_get(row for row in ROWS if row.searched and not (row.page or row.holder)), ids=str
)
def test_nor_does_an_index_that_fails(world: World, row: Row, emergency: bool) -> None:
    with world.watched.index_failing():
        found = [world.ask(row, case, emergency=emergency) for case in row.cases]
    assert found[0][0].status_code >= 500
    assert len({str(read_alike(answer)) for answer, _ in found}) == 1
    begun = [int(emergency and case == "permit" and row.looks_for_it) for case in row.cases]
    if row.things and any(begun):
        begun[:3] = [1, 1, 1]  # a right to the record, whatever is in it
    # the process that asked knows of the record already: what began says so, though nobody saw anything
    assert [(cost.lines, cost.windows, cost.notices) for _, cost in found if emergency] == [
        (each or cost.lines, each, each) for each, (_, cost) in zip(begun, found, strict=True) if emergency
    ]
    assert emergency or not any(cost.windows or cost.notices for _, cost in found)


def _compare(found: Mapping[str, tuple[httpx.Response, Cost]]) -> None:
    if "hidden" in found:
        (hidden, cost), (absent, other) = found["hidden"], found["absent"]
        assert read_alike(hidden) == read_alike(absent)
        assert cost.statements == other.statements
        assert (cost.searches, cost.opened, cost.chains) == (other.searches, other.opened, other.chains)
    if "refused" not in found:
        return
    (refused, cost), (nobody, other) = found["refused"], found["nobody"]
    assert read_alike(refused) == read_alike(nobody)
    assert cost.statements == other.statements
    assert (cost.searches, cost.opened) == (other.searches, other.opened)
