"""Content in clear, for clients that cannot open a grant themselves (docs/architecture.md).

The gateway is a recipient like any other: one grant per credential, study or document and purpose, to a key
of its own in memory, with its line in the log. Each request asks the vault whether that grant still holds,
with the caller's own credential. Plaintext is streamed, never kept.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from uuid import UUID

from keyvault.credentials.refusing import CredentialError
from keyvault.grants.grant import GrantedDocument, new_recipient, open_grant
from keyvault.process.guard import GatewayDoor
from keyvault.verbs.call import Call
from records.documents.details import DICOM, Place
from records.errors import CoffreError, NotFound
from storage.ports.objects import ObjectStore
from viewer_api.gateway.answer import Answer
from viewer_api.gateway.held_grants import ContentClosedError, HeldGrants, key_of, rows_of
from viewer_api.gateway.memory import Memory
from viewer_api.gateway.opened_study import OpenedStudy, OpenedThing, read_place
from viewer_api.gateway.reading import begun
from viewer_api.granting import Granting, GrantRequest, WantedRows
from viewer_api.named_records import check_reason
from viewer_api.refusals import NotAuthorised, no_such_document, permitted


@dataclass(frozen=True, slots=True)
class Content:
    """One object in clear. `pieces` is read once; on other bytes than granted it raises before its end.

    Nothing of it is opened before it is read: who asks for the head alone reads nothing.
    """

    media_type: str
    length: int
    pieces: Iterator[bytes] = field(repr=False)

    def begun(self) -> "Content":
        """With its first piece opened: a damaged object is an answer of its own."""
        return replace(self, pieces=begun(self.pieces))


@dataclass(frozen=True, slots=True)
class ContentRequest:
    """What a request asks for: a study or a document of a record, or a document by its id alone."""

    call: Call
    locator: str | None = field(repr=False)
    study: str | None = None
    document: UUID | None = None

    @property
    def caller(self) -> bytes:
        """The credential, by a digest."""
        return hashlib.sha256(self.call.token.encode(errors="surrogatepass")).digest()

    @property
    def key(self) -> bytes:
        return key_of(self.call, self.locator, self.study, self.document)

    def grant_request(self, recipient: bytes) -> GrantRequest:
        studies = () if self.study is None else (self.study,)
        documents = () if self.document is None else (self.document,)
        return GrantRequest(self.locator or "", studies=studies, documents=documents, recipient=recipient)


class Gateway:
    """Opens grants on behalf of their actors. `grant_keys` maps key ids to the vault's public grant keys.

    Where it `is_on` no more (COFFRE_GATEWAY), whatever is asked raises `CoffreError` "gateway_off".
    """

    def __init__(
        self,
        granting: Granting,
        vault: GatewayDoor,
        objects: ObjectStore,
        grant_keys: Mapping[str, bytes],
        clock: Callable[[], float] = time.time,
        *,
        is_on: bool = True,
    ) -> None:
        self._granting = granting
        self._vault = vault
        self._objects = objects
        self._grant_keys = grant_keys
        self._clock = clock
        self._is_on = is_on
        self._memory = Memory()
        self.held: HeldGrants[OpenedThing] = HeldGrants(clock)

    def study(self, call: Call, locator: str, study_uid: str) -> OpenedStudy:
        """Everything of one study that the caller may see. Raises `NotAuthorised`, or `NotFound` for a hidden
        or absent one.
        """
        return self._study(ContentRequest(call, locator, study=study_uid))

    def dicom_document(self, call: Call, locator: str, document_id: UUID) -> OpenedStudy:
        """The instances of one document. A UID alone names nothing: other structures may have used it.

        Raises like `study`.
        """
        return self._study(ContentRequest(call, locator, document=document_id))

    def document(self, call: Call, locator: str, document_id: UUID) -> Content:
        """One document. Raises like `study`, and `NotFound` for a study."""
        return self._document(ContentRequest(call, locator, document=document_id))

    def binary(self, call: Call, document_id: UUID) -> Content:
        """One document by its id alone (IHE ITI-68). Raises `NotFound` whatever the reason: where no record
        is named, no right, hidden and absent read alike.
        """
        try:
            return self._document(ContentRequest(call, None, document=document_id))
        except NotAuthorised:
            raise no_such_document() from None

    def _document(self, request: ContentRequest) -> Content:
        thing, _ = self._opened(request)
        for document in thing.documents:
            if document.document_id == request.document:
                return self._content(request, thing, document)
        raise _absent("document")

    def instance(self, call: Call, locator: str, document_id: UUID, sop_uid: str) -> Content:
        """One DICOM instance of a document, as it was deposited; of several versions the latest."""
        study = self.dicom_document(call, locator, document_id)
        found = study.instances(sop=sop_uid)[-1]
        return Content(DICOM, found.place.length, study.read(found))

    def _study(self, request: ContentRequest) -> OpenedStudy:
        thing, is_new = self._opened(request)
        grown = lambda: None if is_new else self._grown(request, thing)  # noqa: E731
        return OpenedStudy(self._answer(request, thing), grown, request.caller, self._memory)

    def _answer(self, request: ContentRequest, thing: OpenedThing) -> Answer[OpenedThing]:
        return Answer(thing, lambda blob_id: self._again(request, blob_id), self._clock)

    def _again(self, request: ContentRequest, blob_id: UUID) -> OpenedThing:
        """The thing under a grant that holds now, for an answer under way. Raises like `study`.

        A proof of possession was used when the answer began: of a bound credential the vault is asked
        whether the grant stands, to which the credential's end and withdrawal belong, and no other is
        granted.
        """
        if request.call.presented is None:
            return self._opened(request)[0]
        thing = self.held.get(request.key)
        if thing is None:
            raise ContentClosedError
        if not self._vault.recheck(thing.grant_id, blob_id, thing.blob(blob_id).ref.version):
            self.held.drop(request.key, thing)
            raise NotAuthorised
        return thing

    def _opened(self, request: ContentRequest) -> tuple[OpenedThing, bool]:
        """The thing under a grant that holds for this caller now, and whether it was granted just now."""
        if not self._is_on:
            raise gateway_off()
        check_reason(request.call)
        key = request.key
        with self.held.turn(key):
            thing = self.held.get(key)
            if thing is None:
                return self._granted(request), True
        try:
            if self._still_holds(request, thing):
                return thing, False
        except CredentialError:
            self.held.drop(key, thing)
            raise
        self.held.drop(key, thing)
        with self.held.turn(key):
            # another request may have it anew: decided after this one's credential was verified
            return self.held.get(key) or self._granted(request), True

    def _still_holds(self, request: ContentRequest, thing: OpenedThing) -> bool:
        try:
            return permitted(
                self._vault.recheck_held(request.call, request.locator or thing.record, thing.grant_id)
            )
        except NotFound:  # ended meanwhile, or with the vault that was restored
            return False

    def _grown(self, request: ContentRequest, thing: OpenedThing) -> OpenedThing | None:
        """The thing under a new grant, where the index has other rows of it than when it was granted."""
        with self.held.turn(request.key):
            current = self.held.get(request.key)
            if current is not None and current is not thing:
                return current
            private, public = new_recipient()
            wanted = self._wanted(request, public)
            if rows_of(wanted.rows) == thing.rows:
                return None
            return self._release(request, private, public, wanted)

    def _granted(self, request: ContentRequest) -> OpenedThing:
        private, public = new_recipient()
        return self._release(request, private, public, self._wanted(request, public))

    def _wanted(self, request: ContentRequest, public: bytes) -> WantedRows:
        if request.locator is None:
            assert request.document is not None
            return self._granting.wanted_alone(request.call, request.document)
        return self._granting.wanted(request.call, request.grant_request(public))

    def _release(
        self, request: ContentRequest, private: bytes, public: bytes, wanted: WantedRows
    ) -> OpenedThing:
        released = self._granting.released(request.call, request.grant_request(public), wanted)
        grant = released.grant
        body = open_grant(grant, private, self._grant_keys, int(self._clock()))
        holders = {
            blob: holder for (blob, _), holder in zip(released.objects, released.documents, strict=True)
        }
        rows = rows_of(wanted.rows)
        newest_first = [document for thing in wanted.things or () for document in thing]
        thing = OpenedThing(
            self._objects,
            newest_first[::-1],
            partial(self._memory.holding, request.caller),
            UUID(grant["id"]),
            grant["record"],
            grant["expires"],
            body,
            holders,
            rows,
            self._clock,
        )
        self.held.put(request.key, thing)
        return thing

    def _content(self, request: ContentRequest, thing: OpenedThing, document: GrantedDocument) -> Content:
        place = Place(document.blob_id, document.offset, document.length, document.sha256)
        plain = read_place(self._answer(request, thing), place, 0, place.length)
        return Content(document.media_type, place.length, plain)


def gateway_off() -> CoffreError:
    return CoffreError(
        "This server opens no content: fetch it encrypted, with coffre fetch or a client that takes grants.",
        code="gateway_off",
    )


def _absent(what: str) -> NotFound:
    return NotFound(f"There is no such {what} in this record.", code="no_such_document")
