"""A restarted server against everything that was ever acknowledged (issue of the faults, item 7).

Nothing acknowledged is lost, nothing is half visible, no grant follows an acknowledged revocation, the log is
complete and consistent, and after the sweeper no object and no row is an orphan.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from coffre.wiring import System
from content.series_metadata import read_series
from keyvault.crypto.sealed_blob import BlobKind
from tests.faults.blob_reading import whole
from tests.faults.ledger import Ledger, SentDeposit, digests
from tests.faults.storage_check import left_over, sweep, wait_until_idle
from tests.integration.support import DOCTOR, Coffre, Patient, bearer

FINAL = frozenset({"published", "rejected", "quarantined"})
KEPT = frozenset({"published", "duplicate"})
NOT_BACK = frozenset({502, 503})
SERIES_CAP = 2**26


@dataclass
class Checker:
    """`check` lists every fault that it finds and leaves the ledger with what turned out to be true."""

    coffre: Coffre
    ledger: Ledger
    longest_wait_s: float = 60.0
    unanswered_may_be_kept: bool = True  # where the server had no time to say so
    everything: bool = True  # open again what an earlier check opened, too
    faults: list[str] = field(default_factory=list)

    def check(self) -> None:
        """AssertionError with every fault found."""
        self.faults = list(self.ledger.faults)
        with self.coffre.system() as system:
            self.check_told(deposit for deposit in self.ledger.deposits if deposit.published)
            wait_until_idle(system, self.longest_wait_s)
            self._check_verdicts()
            for ins in self.ledger.holders:
                self._check_record(ins)
            self._check_log(system)
            sweep(system)
            self.faults += left_over(system)
        assert not self.faults, "\n".join(self.faults)

    # deposits

    def check_told(self, deposits: Iterable[SentDeposit]) -> None:
        """Who was told the verdict finds it again at once, before any worker could repeat the work."""
        for deposit in deposits:
            if (
                not self._known(deposit)
                and self._submission(deposit.place, deposit.token)["state"] not in FINAL
            ):
                self.faults.append(f"a verdict that was told is forgotten: {deposit.place}")

    def _known(self, deposit: SentDeposit) -> bool:
        return deposit.verified and not self.everything

    def _check_verdicts(self) -> None:
        for deposit in self.ledger.deposits:
            if not deposit.acknowledged or self._known(deposit):
                continue
            deposit.verified = True
            found = self._submission(deposit.place, deposit.token)
            outcomes = [part["outcome"] for part in found["parts"]]
            if found["state"] not in FINAL or len(outcomes) != len(deposit.parts):
                self.faults.append(f"no verdict for an acknowledged deposit: {deposit.place}: {found}")
            for outcome, part in zip(outcomes, deposit.parts, strict=False):
                if (outcome in KEPT) != part.good:
                    self.faults.append(f"wrong outcome {outcome} in {deposit.place}")

    def _submission(self, place: str | None, token: str) -> dict[str, Any]:
        """Asked again where somebody is not back yet."""
        assert place is not None
        until = time.monotonic() + self.longest_wait_s
        while True:
            answer = self.coffre.http.get(place, headers=bearer(token))
            if answer.status_code not in NOT_BACK or time.monotonic() > until:
                break
            time.sleep(0.1)
        if answer.status_code != 200:
            return {"state": f"missing ({answer.status_code})", "parts": []}
        found: dict[str, Any] = answer.json()
        return found

    # what each holder sees

    def _check_record(self, ins: str) -> None:
        deposits = self.ledger.of(ins)
        patient = Patient(self.coffre, ins, None, self.ledger.holders[ins])  # type: ignore[arg-type]
        listed = patient.documents()
        found = Counter(digest for document in listed for digest in self._files(patient, document))
        kept = digests(deposit for deposit in deposits if deposit.acknowledged)
        sent = digests(deposits) if self.unanswered_may_be_kept else kept
        self._blame(len(kept - found.keys()), f"acknowledged files are lost in {ins}")
        self._blame(len(found.keys() - sent), f"files that nobody sent or acknowledged are in {ins}")
        self._blame(sum(times > 1 for times in found.values()), f"files are kept twice in {ins}")
        self._check_choices(patient, listed)
        self._check_events(patient)

    def _files(self, patient: Patient, document: dict[str, Any]) -> tuple[bytes, ...]:
        known = (document["id"], document.get("instances"))
        if self.everything or known not in self.ledger.opened:
            self.ledger.opened[known] = tuple(self._open_whole(patient, document))
        return self.ledger.opened[known]

    def _open_whole(self, patient: Patient, document: dict[str, Any]) -> Iterator[bytes]:
        """The digest of every file of a listed document, each opened by a grant of its own."""
        grant = self.coffre.grant(patient.token, patient.ins, documents=[document["id"]])
        if grant.answer.status_code != 201:
            self.faults.append(f"a listed document can't be granted: {document['id']}: {grant.answer.text}")
            return
        body, urls = grant.open(), grant.answer.json()["urls"]
        contents = {}
        for blob in body.blobs:
            answer = self.coffre.http.get(urls[str(blob.sealed.ref.blob_id)])
            if answer.status_code != 200:
                self.faults.append(f"a granted object can't be read: {blob.sealed.ref.blob_id}")
                return
            contents[blob.sealed.ref.blob_id] = whole(blob, answer.content)
        for one in body.documents:
            file = contents[one.blob_id][one.offset : one.offset + one.length]
            self._blame(hashlib.sha256(file).digest() != one.sha256, f"{document['id']} opens otherwise")
            yield hashlib.sha256(file).digest()
        named = [blob for series in body.series for blob in series.blobs]
        beside = {blob.sealed.ref.blob_id for blob in body.blobs if blob.sealed.ref.kind is not BlobKind.PACK}
        self._blame(set(named) != beside, f"{document['id']} is granted in part")
        described = [
            blob for series in body.series for blob in body.blobs_of(series, BlobKind.SERIES_METADATA)
        ]
        instances = [
            instance for blob in described for instance in read_series(contents[blob], SERIES_CAP).instances
        ]
        if document["kind"] == "study":
            self._blame(len(instances) != document["instances"], f"{document['id']} is listed in part")
        for instance in instances:
            file = contents[instance.blob_id][instance.offset : instance.offset + instance.length]
            digest = hashlib.sha256(file).digest()
            self._blame(digest != instance.sha256, f"an image of {document['id']} opens otherwise")
            yield digest

    def _check_choices(self, patient: Patient, listed: list[dict[str, Any]]) -> None:
        """The value of every choice is one that may be; from now on it is that one."""
        choices = patient.call("GET", "/authorisations").json()
        authorised = {each["professional"] for each in choices["authorisations"]}
        labels = {document["id"]: document["labels"] for document in listed}
        actual = {
            "authorise": lambda key: DOCTOR in authorised,
            "set_emergency": lambda key: choices["emergency"],
            "label": lambda key: labels.get(key[2]),
        }
        for key, choice in self.ledger.choices.items():
            if key[0] != patient.ins:
                continue
            value = actual[key[1]](key)
            if value not in choice.possible:
                self.faults.append(f"{key[1]} of {patient.ins} is {value}, not one of {choice.possible}")
            choice.possible = [value]

    # the log

    def _check_events(self, patient: Patient) -> None:
        lines = sorted(all_lines(patient), key=lambda line: line["seq"])
        self._blame([line["seq"] for line in lines] != list(range(1, len(lines) + 1)), "the chain has gaps")
        permitted = Counter(line["action"] for line in lines if line["outcome"] == "permit")
        permitted["authorise"] += permitted["revoke"]  # both are values of one choice
        for (ins, action), counted in self.ledger.counts.items():
            if ins == patient.ins and not counted.acknowledged <= permitted[action] <= counted.asked:
                self.faults.append(f"{permitted[action]} events of {action} in {ins}, expected {counted}")
        leaves = {line["leaf"] for line in lines}
        granted = {leaf.hex() for ins, leaf in self.ledger.grants if ins == patient.ins}
        self._blame(len(granted - leaves), f"grants without their event in {patient.ins}")
        self._check_revocations(patient.ins, lines)

    def _check_revocations(self, ins: str, lines: list[dict[str, Any]]) -> None:
        authorised = False
        for line in lines:
            if line["outcome"] != "permit":
                continue
            if line["action"] in ("authorise", "revoke"):
                authorised = line["action"] == "authorise"
            of_doctor = line["actor"].get("rpps") == DOCTOR and line["action"] in ("search", "retrieve")
            if of_doctor and not authorised:
                self.faults.append(f"{line['action']} without authorisation in {ins}, event {line['seq']}")

    def _check_log(self, system: System) -> None:
        """Every event gets its place, and the whole log passes the offline verifier."""
        deadline = time.monotonic() + 20
        while system.guard.inspector.status()["log_pending"]:
            if time.monotonic() > deadline:
                self.faults.append("entries wait for their position for ever")
                break
            time.sleep(0.1)
        system.guard.inspector.verify_log()

    def _blame(self, wrong: int | bool, sentence: str) -> None:
        if wrong:
            self.faults.append(f"{int(wrong)}: {sentence}" if wrong is not True else sentence)


def all_lines(patient: Patient) -> list[dict[str, Any]]:
    """The whole access log of a record, page by page."""
    lines, before = [], ""
    while True:
        page = patient.call("GET", f"/access-log?limit=500{before}").json()
        lines += page["events"]
        if page["next_before"] is None:
            return lines
        before = f"&before={page['next_before']}"
