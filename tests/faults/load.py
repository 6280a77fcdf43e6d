"""A mixed load of a few client threads: deposits, grants, lists, the holder's choices; all written down."""

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import httpx

from coffre.demonstration.files import data as demo_data
from keyvault.grants.grant import new_recipient
from records.people.identity import INS_NIR_TEST
from records.text.base64url import b64, unb64
from tests.faults.ledger import Ledger, SentDeposit, SentPart
from tests.integration.support import DOCTOR, bearer, document_reference, multipart, related

PAUSE_S = 0.02
PATIENCE_S = 90
"""Longer than any fault: whoever gives up earlier can't know in which order two calls took effect."""


@dataclass(frozen=True)
class Person:
    """A record with the credentials that act on it."""

    ins: str
    holder: str
    depositor: str
    doctor: str


class Load:
    """Starts the threads; `stop` waits for them. A broken connection ends a thread's present call only.

    `excuses` says of an answer that refuses whether it may be one: none may, unless there is a fault.
    """

    def __init__(
        self,
        url: str,
        people: list[Person],
        ledger: Ledger,
        seed: int,
        excuses: Callable[[httpx.Response], bool] = lambda _: False,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._url = url
        self._ledger = ledger
        self._excuses = excuses
        self._pause_s = pause_s
        self._stopping = threading.Event()
        self._threads = []
        for number, person in enumerate(people):
            for work in (self._deposits, self._reads_and_chooses):
                chance = random.Random(f"{seed}/{number}/{work.__name__}")
                self._threads.append(threading.Thread(target=self._run, args=(work, person, chance)))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _run(
        self,
        work: Callable[[httpx.Client, Person, random.Random], None],
        person: Person,
        chance: random.Random,
    ) -> None:
        with httpx.Client(base_url=self._url, timeout=PATIENCE_S) as http:
            while not self._stopping.is_set():
                with suppress(httpx.TransportError):  # killed: what was asked stays unanswered
                    work(http, person, chance)
                self._stopping.wait(self._pause_s)

    # deposits

    def _deposits(self, http: httpx.Client, person: Person, chance: random.Random) -> None:
        kind = chance.choice(("study", "mixed", "grow", "again", "report", "async"))
        if kind == "report":
            self._report(http, person, chance)
            return
        seed = chance.randrange(2**31) if kind != "grow" else chance.randrange(3)
        files = _study(person.ins, seed)
        if kind == "grow":  # images that join a study, some of them sent before
            files = chance.sample(files, 2)
        parts = [(content, True) for content in files]
        if kind == "mixed":
            parts.insert(chance.randrange(3), (files[0][:200], False))
        self._store(http, person, parts, later=kind == "async")
        if kind == "again":
            self._store(http, person, parts, later=False)

    def _store(
        self, http: httpx.Client, person: Person, parts: list[tuple[bytes, bool]], *, later: bool
    ) -> None:
        sent = tuple(SentPart.of(content, good=good) for content, good in parts)
        deposit = self._ledger.sends(SentDeposit(person.ins, person.depositor, sent))
        headers = {**bearer(person.depositor), "Content-Type": related()}
        if later:
            headers["Prefer"] = "respond-async"
        answer = http.post(
            f"/records/{person.ins}/dicomweb/studies",
            content=multipart(content for content, _ in parts),
            headers=headers,
        )
        self._answered(deposit, answer)

    def _report(self, http: httpx.Client, person: Person, chance: random.Random) -> None:
        content = demo_data.report_pdf() + b"\n%% %d\n" % chance.randrange(2**31)
        deposit = SentDeposit(person.ins, person.depositor, (SentPart.of(content),))
        self._ledger.sends(deposit)
        body = document_reference(person.ins, content)
        answer = http.post("/fhir/DocumentReference", json=body, headers=bearer(person.depositor))
        self._answered(deposit, answer)

    def _answered(self, deposit: SentDeposit, answer: httpx.Response) -> None:
        deposit.judged = bool(answer.content)
        deposit.place = answer.headers.get("content-location")
        deposit.status = answer.status_code
        if not deposit.acknowledged:
            self._refused("a deposit was", answer)

    # reading and choosing, one thread per person so that the order of its calls is known

    def _reads_and_chooses(self, http: httpx.Client, person: Person, chance: random.Random) -> None:
        allowed = chance.random() < 0.5
        if not self._choose(http, person, allowed):
            return  # not known what holds now
        for _ in range(chance.randrange(1, 4)):
            self._grant(http, person, allowed)
        if chance.random() < 0.5:
            self._label(http, person, chance)
        if chance.random() < 0.3:
            value = {"bris_de_glace": chance.random() < 0.5, "centre_15": True}
            key = (person.ins, "set_emergency")
            self._change(http, person, key, value, "PUT", "/emergency", value)

    def _choose(self, http: httpx.Client, person: Person, allowed: bool) -> bool:
        key = (person.ins, "authorise")
        if allowed:
            body = {"professional": DOCTOR}
            return self._change(http, person, key, True, "POST", "/authorisations", body)
        return self._change(http, person, key, False, "DELETE", f"/authorisations/{DOCTOR}", None)

    def _change(
        self,
        http: httpx.Client,
        person: Person,
        key: tuple[str, ...],
        value: object,
        method: str,
        path: str,
        body: object,
    ) -> bool:
        """Whether it is acknowledged."""
        self._ledger.asks(key, value)
        answer = http.request(
            method, f"/records/{person.ins}{path}", json=body, headers=bearer(person.holder)
        )
        if answer.is_success:
            self._ledger.told(key, value)
        else:
            self._refused(f"{key[1]} was", answer)
        return answer.is_success

    def _refused(self, what: str, answer: httpx.Response) -> None:
        if not self._excuses(answer):
            self._ledger.blames(f"{what} answered {answer.status_code}: {answer.text[:200]}")

    def _grant(self, http: httpx.Client, person: Person, allowed: bool) -> None:
        """As the doctor, after the holder's choice was acknowledged."""
        _, public = new_recipient()
        body = {"record": person.ins, "recipient": b64(public)}
        answer = http.post("/grants", json=body, headers=bearer(person.doctor))
        if answer.status_code != (201 if allowed else 403):
            state = "an authorisation" if allowed else "a revocation"
            self._refused(f"a grant after {state} was", answer)
        if answer.status_code == 201:
            self._ledger.granted(person.ins, unb64(answer.json()["event"]))

    def _label(self, http: httpx.Client, person: Person, chance: random.Random) -> None:
        listed = http.get(f"/records/{person.ins}/documents", headers=bearer(person.holder))
        if listed.status_code != 200:
            self._refused("a list was", listed)
            return
        if documents := listed.json()["documents"]:
            document = chance.choice(documents)["id"]
            value = chance.choice(([], ["MASQUE_PS"]))
            key = (person.ins, "label", document)
            self._change(http, person, key, value, "PUT", f"/documents/{document}/labels", value)


def _study(ins: str, seed: int) -> list[bytes]:
    return [content for _, content in demo_data.ct_study(ins, INS_NIR_TEST, slices=3, size=16, seed=seed)]
