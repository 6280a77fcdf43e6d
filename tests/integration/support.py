"""A running Coffre for tests: real process, real files, real databases; people and credentials on demand."""

import json
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from coffre.demo_authority.identities import Identities
from coffre.demonstration.files import data as demo_data
from coffre.demonstration.server import DemoServer
from coffre.settings import load
from coffre.wiring import System
from keyvault.crypto.blob_opener import Opener
from keyvault.grants.grant import GrantBody, new_recipient, open_grant
from keyvault.verbs.call import Call
from records.people.identity import INS_NIR_TEST, Traits
from records.text.base64url import b64, unb64
from tests.services.warm import WarmServer

LABORATORY, HOSPITAL, PRACTICE, OTHER_PRACTICE = "1750000001", "1750000003", "1750000002", "1750000009"
DOCTOR, COLLEAGUE, STRANGER = "899700024450", "899700024468", "899700099990"
TRAITS = demo_data.PATIENT


def new_ins() -> str:
    """A valid matricule that nobody else has."""
    head = f"27707{secrets.randbelow(90) + 10:02d}{secrets.randbelow(10**6):06d}"
    return f"{head}{97 - int(head) % 97:02d}"


def multipart(
    parts: Iterable[bytes], boundary: str = "b0undary", part_type: str = "application/dicom"
) -> bytes:
    """A multipart/related body."""
    framed = (
        f"--{boundary}\r\nContent-Type: {part_type}\r\n\r\n".encode() + part + b"\r\n" for part in parts
    )
    return b"".join(framed) + f"--{boundary}--\r\n".encode()


def related(boundary: str = "b0undary") -> str:
    return f'multipart/related; type="application/dicom"; boundary={boundary}'


@dataclass
class Coffre:
    """One data directory with its running server."""

    data: Path
    server: DemoServer
    http: httpx.Client = field(init=False)
    records_opened: int = 0

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.server.url, timeout=90)

    @property
    def url(self) -> str:
        return self.server.url

    def system(self) -> System:
        """A second process's view of the same data directory (close it)."""
        return System(load(data=self.data))

    def _operator(self, identities: Identities) -> Call:
        """In an hour one operator may touch a thousand records; a server of the tests has more."""
        nth = self.records_opened // 500
        return Call(token=identities.named_operator(f"operator {nth}")) if nth else identities.operator()

    def open_record(self, ins: str | None = None, traits: Traits = TRAITS) -> "Patient":
        ins = ins or new_ins()
        with self.system() as system:
            identities = Identities(system)
            self.records_opened += 1
            answer = system.guard.operator.open_record(
                self._operator(identities), ins, traits, consent_by="operator", consent_how="spoken"
            )
            token = identities.patient(ins)
        public = answer.public_id  # type: ignore[union-attr]
        return Patient(self, ins, public, token)

    def depositor(self, structure: str = LABORATORY) -> str:
        with self.system() as system:
            return Identities(system).depositor(structure)

    def professional(
        self, rpps: str = DOCTOR, structure: str = PRACTICE, profession: str = "10", **more: str
    ) -> str:
        with self.system() as system:
            return Identities(system).professional(rpps, profession, structure, **more)

    def stow(
        self, token: str, parts: Iterable[bytes], ins: str | None = None, **headers: str
    ) -> httpx.Response:
        path = f"/records/{ins}/dicomweb/studies" if ins else "/dicomweb/studies"
        sent = {**bearer(token), "Content-Type": related(), **headers}
        return self.http.post(path, content=multipart(parts), headers=sent)

    def publish_pdf(
        self,
        token: str,
        ins: str,
        content: bytes,
        *,
        type_code: str = "18748-4",
        title: str = "Compte rendu",
        labels: Iterable[str] = (),
    ) -> httpx.Response:
        stated = [{"coding": [{"code": label}]} for label in labels]
        return self.http.post(
            "/fhir/DocumentReference",
            json=document_reference(ins, content, type_code=type_code, title=title)
            | ({"securityLabel": stated} if stated else {}),
            headers=bearer(token),
        )

    def submission(self, token: str, answer: httpx.Response) -> dict[str, Any]:
        found = self.http.get(answer.headers["content-location"], headers=bearer(token))
        assert found.status_code == 200, found.text
        body: dict[str, Any] = found.json()
        return body

    def grant(self, token: str, record: str, **body: Any) -> "Grant":
        private, public = new_recipient()
        answer = self.http.post(
            "/grants", json={"record": record, "recipient": b64(public), **body}, headers=bearer(token)
        )
        return Grant(self, answer, private)

    def grant_keys(self) -> dict[str, bytes]:
        keys = self.http.get("/audit/keys").json()["keys"]
        return {key["key_id"]: unb64(key["public"]) for key in keys if key["use"] == "grant"}


@contextmanager
def serving(data: Path, **settings: str) -> Iterator[Coffre]:
    """A Coffre whose server alone is told these settings."""
    with started(WarmServer(data), data, **settings) as coffre:
        yield coffre


@contextmanager
def serving_by_name(data: Path, **settings: str) -> Iterator[Coffre]:
    """Its address is a name, as browsers want it that give passkeys."""
    server = WarmServer(data)
    server.url = f"http://localhost:{server.port}"
    with started(server, data, **settings, COFFRE_PUBLIC_URL=server.url) as coffre:
        yield coffre


@contextmanager
def started(server: WarmServer, data: Path, **settings: str) -> Iterator[Coffre]:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in settings.items():
            environment.setenv(name, value)
        server.start()
    try:
        yield Coffre(data, server)
    finally:
        server.stop()


@dataclass
class Grant:
    """The answer of `POST /grants` in its recipient's hands."""

    coffre: Coffre
    answer: httpx.Response
    private: bytes

    def open(self) -> GrantBody:
        assert self.answer.status_code == 201, self.answer.text
        grant = self.answer.json()
        return open_grant(grant, self.private, self.coffre.grant_keys(), grant["issued"])

    def read(self, blob_id: UUID, offset: int, length: int) -> bytes:
        """Plaintext of a granted blob, through the presigned address."""
        found = next(blob for blob in self.open().blobs if blob.sealed.ref.blob_id == blob_id)
        url = self.answer.json()["urls"][str(blob_id)]

        def fetch(start: int, stop: int) -> bytes:
            answer = httpx.get(url, headers={"Range": f"bytes={start}-{stop - 1}"})
            assert answer.status_code == 206, answer.text
            return answer.content

        return Opener(found.sealed, found.dek).read(offset, length, fetch)


@dataclass
class Patient:
    """A person with a record, and their own credential."""

    coffre: Coffre
    ins: str
    public_id: UUID
    token: str

    def call(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        return self.coffre.http.request(
            method, f"/records/{self.ins}{path}", headers=bearer(self.token), **kwargs
        )

    def authorise(self, rpps: str = DOCTOR) -> None:
        assert self.call("POST", "/authorisations", json={"professional": rpps}).status_code == 201

    def documents(self) -> list[dict[str, Any]]:
        """Of all pages."""
        found: list[dict[str, Any]] = []
        path = "/documents?limit=500"
        while True:
            page = self.call("GET", path).json()
            found += page["documents"]
            if page["next"] is None:
                return found
            path = f"/documents?limit=500&after={page['next']}"

    def log(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", "/access-log").json()["events"]
        return found

    def ct(self, slices: int = 3, size: int = 64, seed: int = 1) -> list[bytes]:
        """A small CT study of this patient."""
        made = demo_data.ct_study(self.ins, INS_NIR_TEST, slices=slices, size=size, seed=seed)
        return [content for _, content in made]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def document_reference(
    ins: str, content: bytes, *, type_code: str = "18748-4", title: str = "Compte rendu"
) -> dict[str, Any]:
    import base64

    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": {"coding": [{"system": "http://loinc.org", "code": type_code}]},
        "subject": {"identifier": {"system": f"urn:oid:{INS_NIR_TEST}", "value": ins}},
        "content": [
            {
                "attachment": {
                    "contentType": "application/pdf",
                    "title": title,
                    "data": base64.b64encode(content).decode(),
                }
            }
        ],
    }


def problem(answer: httpx.Response) -> str:
    """The stable code of a problem+json answer."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    code: str = json.loads(answer.text)["code"]
    return code
