"""Measures the holder's choices: decisions, one among 100 000 authorisations, a choice to its effect, and a
page of a long record with labels and scopes. Four minutes.

The vault in this process on SQLite, without the index and HTTP, which choices do not touch.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from benchmarks.tools.measuring import compete, table
from benchmarks.vault.lists import filled, installed
from keyvault.keys.cards import open_facts
from keyvault.keys.choices import keep_authorisations
from keyvault.keys.document_facts import keep_facts
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.lists.filling import ListPage
from keyvault.verbs.reader.lists.listing import Listing
from records.access import Facts, RecordFacts
from records.card.consent import ConsentRecord
from records.choices.authorisations import Authorisation, Ground, Scope
from records.documents.facts import DocumentFacts
from records.policy import decide, visible
from records.vocabulary.codes import Action, Label
from tests.integration.vault.bench import DOCTOR, NOON, Person, VaultBench
from tests.unit.records.test_policy_table import DOCUMENTS, LINES, RECORDS, ask

MANY, LENGTH, ROUNDS, TIMES = 100_000, 10_000, 40, 40
AT_ONCE = 5_000
CIRCLE = UUID(int=1)


def run() -> None:
    table("The decision alone, in one thread", ("what", "figure"), [*_decisions()])
    with tempfile.TemporaryDirectory() as made:
        vault = installed(Path(made))
        try:
            rows = [("a choice to its effect: authorised, then listed", *_effect(vault), "")]
            rows += _among_many(vault)
            rows += _long_records(vault)
            table("A call of the vault, on SQLite", ("what", "CPU ms", "p95 ms", "goal"), rows)
        finally:
            vault.close()


def _decisions() -> Iterable[tuple[str, str]]:
    """Each situation of the policy's table, in turn; and a list whose documents are judged together."""
    asked = [
        (ask(who, does, purpose), Facts(RecordFacts(*RECORDS[record]), DOCUMENTS[document]))
        for who, does, purpose, record, document, _ in LINES
    ]
    one = compete({"": lambda: [decide(request, facts) for request, facts in asked]}, ROUNDS)[""]
    yield "decisions a second", f"{len(asked) / one.cpu:,.0f}"
    request = ask("doctor", "search", "normal")
    documents = [each for each in DOCUMENTS.values() if each is not None] * 100
    facts = Facts(RecordFacts(*RECORDS["chosen"]))
    many = compete({"": lambda: visible(request, facts, documents)}, ROUNDS)[""]
    yield "documents of a list judged a second", f"{len(documents) / many.cpu:,.0f}"


def _effect(vault: VaultBench) -> tuple[str, str]:
    """From the holder's call to the end of the first list that goes by it, revocations in between."""
    person = vault.person()
    filled(vault, person, 10)
    doctor = vault.doctor()

    def authorised() -> None:
        vault.change(person, Action.AUTHORISE, DOCTOR)
        assert isinstance(vault.reader.list(doctor, person.record_id, ListPage()), Listing)
        vault.change(person, Action.REVOKE, DOCTOR)
        assert isinstance(vault.reader.list(doctor, person.record_id, ListPage()), Denied)

    cpu, p95 = _timed(authorised)
    return f"{cpu / 2:.1f}", f"{p95 / 2:.1f}"


def _among_many(vault: VaultBench) -> list[tuple[str, str, str, str]]:
    """The same list by a professional who is one of so many; rounds take turns."""
    doctor, works = vault.doctor(), {}
    for count in (1, MANY):
        person = vault.person()
        filled(vault, person, 10)
        vault.change(person, Action.AUTHORISE, DOCTOR)
        _authorise(vault, person, count - 1)
        works[count] = _listed(vault, doctor, person, 10)
    found = compete({str(count): work for count, work in works.items()}, TIMES)
    alone, among = (found[str(count)].cpu * 1000 for count in works)
    goal = f"<= 1.2 times: {among / alone:.2f}"
    return [
        ("list, of one authorisation", f"{alone:.2f}", "", ""),
        (f"list, of {MANY:,}", f"{among:.2f}", "", goal),
    ]


def _authorise(vault: VaultBench, person: Person, count: int) -> None:
    """So many others, as rows alone: their events change nothing of what a decision reads."""
    context = vault.guard.reader._vault
    consent = ConsentRecord("patient", "online", NOON)
    given = [
        Authorisation(f"8{number:011}", (Ground(CIRCLE, NOON, None, consent),)) for number in range(count)
    ]
    for first in range(0, count, AT_ONCE):
        with vault.store.inner.writing() as tx:
            card = context.open(tx, tx.get("record", record_id=person.record_id)).card
            keep_authorisations(tx, card, given[first : first + AT_ONCE])


def _long_records(vault: VaultBench) -> list[tuple[str, str, str, str]]:
    """Half masked or not announced; what is shown is one in so many, or everything that is not masked."""
    found = []
    for name, scope, one_in in (
        ("authorised for all, every second masked", Scope.ALL, 1),
        ("shown one in 2", Scope.CHOSEN, 2),
        ("shown one in 10", Scope.CHOSEN, 10),
        ("shown one in 100", Scope.CHOSEN, 100),
        ("shown none", Scope.CHOSEN, LENGTH + 1),
    ):
        person = vault.person()
        filled(vault, person, LENGTH)
        vault.change(person, Action.AUTHORISE, DOCTOR)
        _choose(vault, person, scope, one_in)
        cpu, p95 = _timed(_listed(vault, vault.doctor(), person, None), times=20)
        found.append((f"list of {LENGTH:,}, first page: {name}", f"{cpu:.1f}", f"{p95:.1f}", "<= 50 ms"))
    return found


def _choose(vault: VaultBench, person: Person, scope: Scope, one_in: int) -> None:
    """Facts and ground as the verbs would leave them, in one transaction."""
    context = vault.guard.reader._vault
    with vault.store.inner.writing() as tx:
        card = context.open(tx, tx.get("record", record_id=person.record_id)).card
        consent = ConsentRecord("patient", "online", NOON)
        own = Ground(CIRCLE, NOON, None, consent, scope)
        rows = tx.find("authorisation", record_id=person.record_id)
        keep_authorisations(tx, card, [Authorisation(DOCTOR, (own,))], rows)
        documents = tx.find("document", record_id=person.record_id)
        facts = open_facts(card, documents)
        for number, row in enumerate(documents):
            keep_facts(tx, card, row, _labelled(facts[row["document_id"]], number, scope, one_in))


def _labelled(facts: DocumentFacts, number: int, scope: Scope, one_in: int) -> DocumentFacts:
    masked = number % 2 == 1 and scope is Scope.ALL
    labels = frozenset({Label.MASQUE_PS}) if masked else facts.labels
    shown = number % one_in == 0 and one_in <= LENGTH and scope is Scope.CHOSEN
    return replace(facts, labels=labels, shown_to=frozenset({CIRCLE}) if shown else frozenset())


def _listed(vault: VaultBench, doctor: Call, person: Person, count: int | None) -> Callable[[], None]:
    def listed() -> None:
        answer = vault.reader.list(doctor, person.record_id, ListPage())
        assert isinstance(answer, Listing)
        assert count is None or len(answer.documents) == count

    return listed


def _timed(work: Callable[[], None], times: int = TIMES) -> tuple[float, float]:
    """Median CPU and p95 of wall, in milliseconds."""
    work()
    cpus, walls = [], []
    for _ in range(times):
        cpu, began = time.process_time(), time.perf_counter()
        work()
        cpus.append(1000 * (time.process_time() - cpu))
        walls.append(1000 * (time.perf_counter() - began))
    return statistics.median(cpus), statistics.quantiles(walls, n=20)[-1]
