"""A vault on real databases, its clock in the test's hand, with people, deposits and the log at its side."""

import hashlib
import json
import secrets
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, cast
from uuid import UUID, uuid4

from sqlalchemy import event

from audit.audit_event import access_line
from audit.canonical import canonical
from audit.events import Entry, EntryField, actor_token
from ingestion.envelope import SubmissionHeaders
from ingestion.intake.reception import Depositor, Reception
from ingestion.worker.adoption import new_blob
from keyvault.credentials.authority import Authority
from keyvault.credentials.issuers import DEMO_ISSUER, Issuer, IssuerList, first_issuer
from keyvault.credentials.possession_proof import PresentedProof
from keyvault.credentials.tokens import verify_bound
from keyvault.crypto.blob_sealer import Sealer
from keyvault.crypto.boxes import new_box_key
from keyvault.crypto.sealed_blob import BlobKind, BlobRef, new_data_key
from keyvault.grants.grant import GrantBody, new_recipient, open_grant
from keyvault.keys.cards import store_card
from keyvault.keys.reception import ReceivedKey, seal_key
from keyvault.keys.record_keys import care_key
from keyvault.log.appending import SYSTEM, Chain, Event, record_chain
from keyvault.process.guard import Guard
from keyvault.quotas import DEFAULT_QUOTAS, Quotas
from keyvault.restore.second_place import SecondPlace
from keyvault.roots.file import FileRoot
from keyvault.vault_keys import VaultSettings
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.notice_outbox import open_notice
from keyvault.verbs.operator.records import OpenedAnew
from keyvault.verbs.reader.grants.releasing import Released
from keyvault.verbs.reader.holder.changing import CardChange, Changed
from keyvault.verbs.rows import SealedRow
from keyvault.verbs.worker.adoption.adopt_request import (
    Adopted,
    AdoptedDocument,
    AdoptRequest,
    NewBlob,
    NewDocument,
)
from keyvault.verbs.worker.deposits.ingest_request import ForIngest, open_for_ingest
from keyvault.verbs.worker.deposits.received import ReceivedBlobKey
from records.card.card import Emergency
from records.documents.details import (
    ContentDetails,
    DocumentDetails,
    InstanceDetails,
    Place,
    SeriesDetails,
    StudyDetails,
)
from records.people.actors import Actor
from records.people.identity import INS, INS_NIR_TEST, Traits
from records.vocabulary.codes import Action, Environment, Outcome, PurposeOfUse, ReasonCode, RecordState, Role
from storage.engines.opening import Database, engine_for
from storage.index.store import SqlIndex
from storage.ports.objects import ObjectStore, StoredObject
from storage.rows.submissions import Blob, Submission
from storage.vault_store.store import SqlVaultStore
from storage.vault_store.tables import DAY_KEYS
from tests.integration.vault.watched_store import WatchedStore

NOON = int(datetime(2026, 3, 10, 12, 0, tzinfo=UTC).timestamp())
HOUR, DAY = 3600, 86_400
LABORATORY, HOSPITAL, PRACTICE, OTHER_PRACTICE = "1750000001", "1750000003", "1750000002", "1750000009"
DOCTOR, ATTENDING, STRANGER = "899700024450", "899700024468", "899700099990"
TRAITS = Traits("Nomdessai", "Prenomdessai", "1977-07-01", "F")
AUDIENCE = "coffre/test"
REASON = "Patient inconscient aux urgences"
REPORT = "18748-4"


def new_ins() -> str:
    """A valid matricule that nobody else has."""
    head = f"27707{secrets.randbelow(90) + 10:02d}{secrets.randbelow(10**6):06d}"
    return f"{head}{97 - int(head) % 97:02d}"


@dataclass
class Clock:
    """The vault's clock."""

    now: float = NOON

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


def put_in_state(guard: Guard, public_id: UUID, state: RecordState) -> None:
    """As the vault itself does it: sealed in the card, with an event that names the card."""
    vault = guard.reader._vault
    with vault.transaction() as transaction:
        record = vault.open(transaction.rows, transaction.rows.get("record", public_id=public_id), lock=True)
        assert record.card.card is not None
        version, digest = store_card(transaction.rows, record.card, record.card.card, state)
        details = {"card_version": version, "card_digest": digest.hex()}
        told = Event(
            action=Action.SUSPEND_RECORD if state is RecordState.SUSPENDED else Action.CLOSE_RECORD,
            outcome=Outcome.PERMIT,
            reason=ReasonCode.OPERATOR,
            purpose=PurposeOfUse.NORMAL,
            actor=None,
            record=public_id,
            details=details,
        )
        transaction.append(record.chain, told)


@dataclass(frozen=True)
class Person:
    """Somebody with a record, and their own credential."""

    ins: str
    record_id: UUID
    public_id: UUID
    call: Call


@dataclass(frozen=True)
class Received:
    """A submission as intake left it, for a worker to take."""

    row: Submission
    blobs: tuple[Blob, ...]

    @property
    def submission_id(self) -> UUID:
        return self.row.submission_id

    @property
    def envelope(self) -> bytes:
        assert self.row.sealed_envelope is not None
        return self.row.sealed_envelope

    @property
    def keys(self) -> list[ReceivedBlobKey]:
        return [ReceivedBlobKey(b.blob_id, b.version, b.sealed_key or b"") for b in self.blobs]


@dataclass(frozen=True)
class Deposited:
    """One document the vault adopted, and its row as the index would keep it."""

    received: Received
    request: AdoptRequest
    document: AdoptedDocument
    row: SealedRow
    content: bytes

    @property
    def document_id(self) -> UUID:
        return self.document.document_id


@dataclass(frozen=True)
class Logged:
    """An entry with the event behind it."""

    leaf: bytes
    entry: Entry
    line: dict[str, Any]
    chain_id: UUID
    chain: int

    @property
    def told(self) -> tuple[str, str, str]:
        return self.entry.action.value, self.entry.outcome.value, str(self.entry.reason)


class _NoObjects:
    """Ciphertext is nothing to the vault: it is thrown away."""

    def writer(self, blob_id: UUID, version: int) -> Self:
        return self

    def write(self, data: bytes | memoryview) -> None: ...

    def commit(self) -> StoredObject:
        return StoredObject(size=0, crc64=0)


@dataclass
class VaultBench:
    """A running vault over migrated databases in `folder`."""

    folder: Path
    authority: Authority
    officer_public: bytes
    clock: Clock = field(default_factory=Clock)
    quotas: Quotas = DEFAULT_QUOTAS
    second_place: SecondPlace | None = None
    known_doors: tuple[Issuer, ...] = ()  # other issuers that intake knows

    def __post_init__(self) -> None:
        self._databases: list[Database] = []
        self.store = WatchedStore(SqlVaultStore(self._open("vault")))
        self.days = SqlVaultStore(self._open("day_keys"), DAY_KEYS)
        self.index_database = self._open("index")
        self.index = SqlIndex(self.index_database)
        self.objects = cast(ObjectStore, _NoObjects())
        self.settings = VaultSettings(
            environment=Environment.TEST,
            origin="audit.localhost/test",
            issuer=DEMO_ISSUER,
            audience=AUDIENCE,
            first_issuers=(self.issuer,),
            officer_public=self.officer_public,
            quotas=self.quotas,
        )
        self.guard = self.another_process()
        self.reader, self.worker = self.guard.reader, self.guard.worker
        self.store.forget()

    @property
    def issuer(self) -> Issuer:
        """With whom the table of issuers begins."""
        return first_issuer(DEMO_ISSUER, self.authority.public, Environment.TEST)

    def _open(self, name: str) -> Database:
        database = engine_for(f"sqlite:///{self.folder / name}.db")
        # power failures are the contract suite's subject; here, waiting for the disk is most of the time
        event.listen(
            database.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF")
        )
        self._databases.append(database)
        return database

    def another_process(self, **changed: Any) -> Guard:
        """A second vault process over the same databases."""
        return Guard(
            store=self.store,
            day_keys=self.days,
            root=FileRoot.open(self.folder / "root.json", None),
            settings=replace(self.settings, **changed),
            clock=self.clock,
            second_place=self.second_place,
        )

    def copied(self, folder: Path) -> "VaultBench":
        """A vault over databases that are what these are now, as a backup is."""
        self.sql("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copytree(self.folder, folder)
        return replace(self, folder=folder)

    def close(self) -> None:
        for database in self._databases:
            database.close()

    @contextmanager
    def sqlite(self, name: str = "vault") -> Iterator[sqlite3.Connection]:
        """The file itself, for whoever got hold of it."""
        with closing(sqlite3.connect(self.folder / f"{name}.db")) as connection, connection:
            yield connection

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self.sqlite() as connection:
            return connection.execute(statement, values).fetchall()

    def told(self, *kinds: str) -> list[tuple[str, str]]:
        """Kind and recipient of every notice, or of those of some kinds, in their order."""
        context = self.guard.reader._vault
        with self.guard.reader._vault.store.reading() as tx:
            opened = [
                open_notice(context, context.open(tx, tx.get("record", record_id=row["record_id"])).card, row)
                for row in tx.find("notice", order=("created_at", "notice_id"))
            ]
        return [(each.kind, each.recipient) for each in opened if not kinds or each.kind in kinds]

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table of the vault."""
        with self.sqlite() as connection:
            names = [
                name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
            ]
            return {
                name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr)  # noqa: S608
                for name in names
                if not name.startswith("sqlite_")
            }

    # people

    def token(self, role: Role, subject: str, *, now: int | None = None, **claims: Any) -> str:
        at = int(self.clock()) if now is None else now
        return self.authority.issue(role=role, subject=subject, audience=AUDIENCE, now=at, **claims)

    def operator(self) -> Call:
        return Call(token=self.token(Role.OPERATOR, "operator"))

    def doctor(
        self,
        rpps: str = DOCTOR,
        *,
        structure: str = PRACTICE,
        profession: str = "10",
        purpose: PurposeOfUse = PurposeOfUse.NORMAL,
        reason: str | None = None,
        **claims: Any,
    ) -> Call:
        told = {"rpps": rpps, "structure": structure, "profession": profession, "sector": "SA07"} | claims
        token = self.token(Role.PROFESSIONAL, rpps, **told)
        return Call(token=token, purpose=purpose, reason=reason)

    def emergency(self, reason: str = REASON, rpps: str = STRANGER) -> Call:
        """A doctor who breaks the glass."""
        return self.doctor(rpps, purpose=PurposeOfUse.BRIS_DE_GLACE, reason=reason)

    def regulation(self, rpps: str = STRANGER) -> Call:
        """A doctor of a regulation centre."""
        return self.doctor(rpps, purpose=PurposeOfUse.CENTRE_15, setting="SAMU_SMUR")

    def depositor(self, structure: str = LABORATORY, **claims: Any) -> str:
        return self.token(Role.DEPOSITOR, structure, structure=structure, **claims)

    def patient(self, ins: str, **claims: Any) -> Call:
        return Call(token=self.token(Role.PATIENT, ins, ins=INS(ins, INS_NIR_TEST), **claims))

    def actor(self, token: str) -> Actor:
        return verify_bound(
            token,
            issuers=IssuerList((self.issuer, *self.known_doors)),
            audience=AUDIENCE,
            at=int(self.clock()),
            environment=Environment.TEST,
        ).actor

    def person(self, ins: str | None = None) -> Person:
        """Open a record with recorded consent."""
        ins = ins or new_ins()
        opened = self.guard.operator.open_record(
            self.operator(), ins, TRAITS, consent_by="operator", consent_how="spoken"
        )
        assert isinstance(opened, OpenedAnew)
        return Person(ins, opened.record_id, opened.public_id, self.patient(ins))

    def change(self, person: Person, action: Action, professional: str | None = None, **more: Any) -> Changed:
        wanted = CardChange(action=action, professional=professional, **more)
        changed = self.reader.change_card(self.patient(person.ins), person.record_id, wanted)
        assert isinstance(changed, Changed)
        return changed

    def authorise(self, person: Person, rpps: str = DOCTOR) -> None:
        self.change(person, Action.AUTHORISE, rpps)

    def put_in_state(self, person: Person, state: RecordState) -> None:
        put_in_state(self.guard, person.public_id, state)

    def allow(self, person: Person, *, bris_de_glace: bool = True, centre_15: bool = True) -> None:
        self.change(person, Action.SET_EMERGENCY, emergency=Emergency(bris_de_glace, centre_15))

    def label(self, person: Person, document: UUID, *labels: str) -> None:
        assert isinstance(
            self.reader.label(self.patient(person.ins), person.record_id, document, labels), Changed
        )

    # deposits

    def publish_day_keys(self) -> None:
        for day, document in self.guard.housekeeper.day_keys().items():
            self.index.put_reception_key(day, document)

    def public_key(self, use: str) -> bytes:
        return next(key.public for key in self.guard.public.public_keys() if key.use == use)

    def receive(
        self,
        content: bytes = b"%PDF-1.7 compte rendu",
        *,
        token: str | None = None,
        ins: str | None = None,
        labels: Sequence[str] = (),
        presented: PresentedProof | None = None,
        certificate: str | None = None,
    ) -> Received:
        """Seal one part like an intake that checks nothing; `ins` is the record that the address names."""
        token = token or self.depositor()
        reception = Reception(
            self.index,
            self.objects,
            pinned=self.public_key("reception"),
            bell=lambda _: None,
            clock=self.clock,
        )
        deposit = reception.begin(
            Depositor.of(token, self.actor(token), presented, certificate=certificate),
            ins,
            SubmissionHeaders(kind="dicom", labels=tuple(labels)),
        )
        deposit.start_part()
        deposit.write(content)
        deposit.end_part()
        submission_id = reception.finish(deposit)
        row = self.index.submission(submission_id)
        assert row is not None
        return Received(row, tuple(self.index.blobs(submission_id)))

    def take(self, received: Received, worker: str = "worker") -> ForIngest | Denied:
        """Lease a submission like a worker."""
        private, public = new_box_key()
        answer = self.worker.release_ingest(
            received.submission_id, worker, public, received.envelope, received.keys
        )
        return (
            answer if isinstance(answer, Denied) else open_for_ingest(private, answer, received.submission_id)
        )

    def seal_like_worker(
        self, received: Received, taken: ForIngest, content: bytes, kind: BlobKind = BlobKind.PACK
    ) -> NewBlob:
        """A new blob for what remains of a submission, its key sealed as intake seals."""
        ref, dek = BlobRef(uuid4(), 1, kind), new_data_key()
        sealer = Sealer(ref, dek)
        sealer.update(content)
        sealer.finish()
        sealed = sealer.sealed
        key = ReceivedKey(received.submission_id, ref, taken.depositor, dek)
        return NewBlob(
            blob_id=ref.blob_id,
            version=1,
            kind=kind,
            sealed_key=seal_key(taken.day_public, key),
            commitment=sealed.commitment,
            header=sealed.header,
            plaintext_size=sealed.plaintext_size,
            ciphertext_size=sealed.ciphertext_size,
        )

    def request(
        self,
        received: Received,
        record: str | None,
        content: bytes,
        *,
        worker: str = "worker",
        type_code: str = REPORT,
        title: str = "Compte rendu",
    ) -> AdoptRequest:
        """Adopt the received blob as one document."""
        (blob,) = received.blobs
        new = new_blob(blob)
        place = Place(blob.blob_id, 0, len(content), hashlib.sha256(content).digest())
        details = DocumentDetails(
            kind="document", title=title, content=ContentDetails(place=place, media_type="application/pdf")
        )
        document = NewDocument(
            kind="document",
            type_code=type_code,
            study_uid=None,
            details=details,
            blobs=((new.blob_id, new.version),),
        )
        return AdoptRequest(
            submission_id=received.submission_id,
            worker=worker,
            sealed_envelope=received.envelope,
            record=record,
            documents=(document,),
            blobs=(new,),
        )

    def study_request(
        self,
        received: Received,
        taken: ForIngest,
        record: str,
        study_uid: str,
        series_uid: str,
        images: int = 0,
    ) -> AdoptRequest:
        """Adopt the received blob as the images of one study, with its series' metadata."""
        (blob,) = received.blobs
        pack = new_blob(blob)
        metadata = self.seal_like_worker(received, taken, b"metadata", BlobKind.SERIES_METADATA)
        series = SeriesDetails(
            uid=series_uid,
            attributes={"0020000E": {"vr": "UI", "Value": [series_uid]}},
            instances=tuple(image(f"{series_uid}.{n}", pack.blob_id) for n in range(images)),
            metadata_blob=metadata.blob_id,
        )
        named = {"0020000D": {"vr": "UI", "Value": [study_uid]}}
        study = StudyDetails(uid=study_uid, attributes=named, series=(series,))
        details = DocumentDetails(kind="study", title="Scanner", study=study)
        document = NewDocument(
            kind="study",
            type_code=REPORT,
            study_uid=study_uid,
            details=details,
            blobs=((pack.blob_id, 1), (metadata.blob_id, 1)),
        )
        return AdoptRequest(
            submission_id=received.submission_id,
            worker="worker",
            sealed_envelope=received.envelope,
            record=record,
            documents=(document,),
            blobs=(pack, metadata),
        )

    def deposit(
        self,
        person: Person,
        content: bytes = b"%PDF-1.7 compte rendu",
        *,
        structure: str = LABORATORY,
        token: str | None = None,
        labels: Sequence[str] = (),
        **more: Any,
    ) -> Deposited:
        """The whole way of one document."""
        depositor = token or self.depositor(structure)
        received = self.receive(content, token=depositor, ins=person.ins, labels=labels)
        assert isinstance(self.take(received), ForIngest)
        request = self.request(received, person.ins, content, **more)
        return self._adopted(received, request, content)

    def deposit_study(
        self,
        person: Person,
        study_uid: str,
        series_uid: str = "1.2.3.4",
        *,
        structure: str = LABORATORY,
        images: int = 0,
        labels: Sequence[str] = (),
    ) -> Deposited:
        """The whole way of one submission of images."""
        content = b"images " + secrets.token_bytes(8)
        received = self.receive(content, token=self.depositor(structure), ins=person.ins, labels=labels)
        taken = self.take(received)
        assert isinstance(taken, ForIngest)
        request = self.study_request(received, taken, person.ins, study_uid, series_uid, images)
        return self._adopted(received, request, content)

    def _adopted(self, received: Received, request: AdoptRequest, content: bytes) -> Deposited:
        adopted = self.worker.adopt(request)
        assert isinstance(adopted, Adopted), adopted
        (document,) = adopted.documents
        row = SealedRow(document.document_id, document.row_version, received.submission_id, document.sealed)
        return Deposited(received, request, document, row, content)

    # reading

    def release(
        self,
        call: Call,
        person: Person,
        deposited: Sequence[Deposited],
        *,
        documents: Sequence[Sequence[UUID]] | None = None,
        suite: int = 1,
    ) -> tuple[Released | Denied, bytes]:
        """A grant, and the private key of its recipient."""
        private, public = new_recipient()
        rows = [each.row for each in deposited]
        answer = self.reader.release(
            call, person.record_id, rows, documents=documents, recipient=public, suite=suite
        )
        return answer, private

    def granted(self, call: Call, person: Person, *deposited: Deposited, **more: Any) -> GrantBody:
        answer, private = self.release(call, person, deposited, **more)
        assert isinstance(answer, Released), answer
        return self.open(answer, private)

    def open(self, released: Released, private: bytes) -> GrantBody:
        pinned = {key.key_id: key.public for key in self.guard.public.public_keys() if key.use == "grant"}
        return open_grant(released.grant, private, pinned, int(self.clock()))

    # the log

    def log(self) -> list[Logged]:
        """Every entry in the order it was written with its event; those of shredded records are left out."""
        leaves = self.sql("SELECT leaf_hash FROM leaf ORDER BY position")
        leaves += self.sql("SELECT leaf_hash FROM pending ORDER BY ordinal")
        with self.store.inner.reading() as tx:
            found = [self._logged(tx, leaf) for (leaf,) in leaves]
        return [logged for logged in found if logged is not None]

    def _logged(self, tx: Any, leaf: bytes) -> Logged | None:
        entry = Entry.from_bytes(tx.get("entry", leaf_hash=leaf)["entry"])
        row = tx.get("event", leaf_hash=leaf)
        chain = self._chain(tx, row["chain_id"], row["chain"])
        if chain is None:
            return None
        payload = chain.open_event(row)
        return Logged(leaf, entry, access_line(payload.event), row["chain_id"], row["chain"])

    def _chain(self, tx: Any, chain_id: UUID, number: int) -> Chain | None:
        if number == SYSTEM:
            row = tx.get("chain", chain_id=chain_id, chain=number)
            return self.guard._vault.system_chain_of(row)
        record = tx.get("record", record_id=chain_id)
        if record is None:
            return None
        return record_chain(tx, care_key(tx, self.guard._vault.keyring, record), number)

    def actor_of(self, logged: Logged, token: str) -> bool:
        """Whether the entry's pseudonym is that of the token's actor."""
        with self.store.inner.reading() as tx:
            row = tx.get("event", leaf_hash=logged.leaf)
            chain = self._chain(tx, logged.chain_id, logged.chain)
        assert row is not None and chain is not None
        value = canonical(self.actor(token).person).decode()
        expected = actor_token(chain.pseudonym_key, EntryField.ACTOR, logged.chain_id, row["seq"], value)
        return logged.entry.actor == expected

    @contextmanager
    def logging(self) -> Iterator[list[Logged]]:
        """What the block writes to the log, once it is left."""
        before = len(self.log())
        seen: list[Logged] = []
        yield seen
        seen += self.log()[before:]

    def sequence(self) -> None:
        """Place and sign all that waits."""
        while self.guard.housekeeper.sequence().placed:
            pass
        self.guard.housekeeper.checkpoint()


def image(sop: str, blob: UUID) -> InstanceDetails:
    """An instance of ten bytes at the beginning of a blob."""
    return InstanceDetails(sop=sop, place=Place(blob, 0, 10, bytes(32)))


def rows_of(*deposited: Deposited) -> list[SealedRow]:
    return [each.row for each in deposited]


def day_document(bench: VaultBench, day: str) -> dict[str, Any]:
    found = bench.index.reception_key(day)
    assert found is not None
    document: dict[str, Any] = json.loads(found)
    return document
