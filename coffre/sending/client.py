"""Deposits files and waits for the verdicts: STOW-RS (PS3.18 §10.5) for DICOM, ITI-105 (MHD) for PDF."""

import base64
import hashlib
import re
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import httpx

from coffre.client.server import Server, bad_answer, json_of, printable, refusal
from coffre.sending.plan import Candidate
from records.errors import CoffreError, Invalid
from records.identity import INS

CHUNK = 1 << 18
LARGEST_PDF = 23 * 2**20
"""Bytes of a PDF that its FHIR envelope (32 MiB, base64 inside) can carry."""
LONGEST_WAIT_S = 900.0
FIRST_POLL_S, LAST_POLL_S = 0.2, 3.0
_UNAUTHORISED = 401
_PENDING = frozenset({"received", "validating"})
_SUBMISSION = re.compile(r"/submissions/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$")

Sent = Callable[[int], None]
"""Called with the bytes of the request at hand that have left so far."""


class Outcome(StrEnum):
    """What became of a file: the server's four verdicts, and four of ours."""

    PUBLISHED = "published"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    QUARANTINED = "quarantined"
    PENDING = "pending"  # received, the verdict did not come in time
    FAILED = "failed"  # the request did not succeed
    SKIPPED = "skipped"  # nothing Coffre takes
    PLANNED = "planned"  # --dry-run


KEPT = frozenset({Outcome.PUBLISHED, Outcome.DUPLICATE})
HARMLESS = KEPT | {Outcome.SKIPPED, Outcome.PLANNED}


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """The verdict on one file; `document` and `submission` are ids, empty where there is none."""

    path: str
    kind: str
    outcome: Outcome
    code: str = ""
    reason: str = ""
    document: str = ""
    submission: str = ""

    def to_json(self) -> dict[str, str]:
        return {name: str(value) for name, value in asdict(self).items() if value != ""}


class SendClient:
    """Deposits into one record. `wait` is how many seconds a verdict may take."""

    def __init__(
        self,
        server: Server,
        ins: INS,
        *,
        wait: float = LONGEST_WAIT_S,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._server = server
        self._ins = ins
        self._wait = wait
        self._sleep = sleep
        self._clock = clock

    def send_dicom(self, batch: Sequence[Candidate], sent: Sent = lambda _: None) -> list[FileVerdict]:
        """Deposits instances in one request, streamed from disk; returns a verdict each, in their order.

        Raises what `Server.call` raises and `Refused` for a request that was not taken.
        """
        content = Multipart(batch, sent)
        answer = self._server.call(
            "POST",
            f"/records/{self._ins.matricule}/dicomweb/studies",
            body=content.body,
            headers={
                "Content-Type": f'multipart/related; type="application/dicom"; boundary={content.boundary}',
                "Content-Length": str(content.length),
                "Accept": "application/dicom+json",
            },
            parts=content.digests,
            lost=self._check_token,
        )
        return self._verdicts(batch, answer)

    def send_pdf(self, candidate: Candidate, *, type_code: str, title: str | None = None) -> FileVerdict:
        """Deposits one PDF as a document of this type. Raises as `send_dicom` does."""
        if candidate.size > LARGEST_PDF:
            raise Invalid("A PDF deposited over FHIR has at most 23 MiB.", code="too_large")
        answer = self._server.call(
            "POST",
            "/fhir/DocumentReference",
            json=self._document_reference(candidate, type_code, title),
            headers={"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"},
            parts=lambda: [_digest(candidate)],
            lost=self._check_token,
        )
        return self._verdicts([candidate], answer)[0]

    def _check_token(self) -> None:
        """A server that refuses a token hangs up on the body; its answer may be lost with the connection."""
        answer = self._server.once(f"/submissions/{UUID(int=0)}")
        if answer is not None and answer.status_code == _UNAUTHORISED:
            raise refusal(answer)

    def _document_reference(self, candidate: Candidate, type_code: str, title: str | None) -> dict[str, Any]:
        data = base64.b64encode(candidate.path.read_bytes()).decode("ascii")
        attachment = {
            "contentType": "application/pdf",
            "data": data,
            "title": title or printable(candidate.path.stem),
        }
        return {
            "resourceType": "DocumentReference",
            "status": "current",
            "type": {"coding": [{"code": type_code}]},
            "subject": {
                "identifier": {"system": f"urn:oid:{self._ins.oid}", "value": self._ins.matricule},
            },
            "content": [{"attachment": attachment}],
        }

    def _verdicts(self, batch: Sequence[Candidate], answer: httpx.Response) -> list[FileVerdict]:
        place = _SUBMISSION.search(answer.headers.get("content-location", ""))
        if place is None:
            if answer.is_success:
                raise bad_answer()
            raise refusal(answer)
        submission = self._follow(place[1])
        if submission["state"] in _PENDING:
            late = "Received, and no verdict yet: keep the file and ask again with the submission's id."
            return [_verdict(one, place[1], Outcome.PENDING, "pending", late) for one in batch]
        parts = submission.get("parts")
        if not isinstance(parts, list) or len(parts) != len(batch):
            # a verdict on another number of parts is not about what was sent
            raise bad_answer()
        return [_part_verdict(one, place[1], part) for one, part in zip(batch, parts, strict=True)]

    def _follow(self, submission_id: str) -> dict[str, Any]:
        """Asks until the state is final or the time is over."""
        end = self._clock() + self._wait
        pause = FIRST_POLL_S
        while True:
            answer = self._server.call("GET", f"/submissions/{submission_id}")
            if not answer.is_success:
                raise refusal(answer)
            found = json_of(answer)
            if not isinstance(found, dict) or "state" not in found:
                raise bad_answer()
            if found["state"] not in _PENDING or self._clock() >= end:
                return found
            self._sleep(pause)
            pause = min(1.5 * pause, LAST_POLL_S)


def _verdict(
    candidate: Candidate, submission: str, outcome: Outcome, code: str, reason: str, document: str = ""
) -> FileVerdict:
    return FileVerdict(str(candidate.path), candidate.kind.value, outcome, code, reason, document, submission)


def _part_verdict(candidate: Candidate, submission: str, part: Any) -> FileVerdict:
    try:
        outcome = Outcome(part["outcome"])
        code, reason = printable(str(part.get("code", ""))), printable(str(part.get("reason", "")))
        document = printable(str(part.get("document") or ""))
    except (LookupError, TypeError, ValueError, AttributeError):
        raise bad_answer() from None
    return _verdict(candidate, submission, outcome, code, reason, document)


class Multipart:
    """A multipart/related body (RFC 2387) of files, read from disk while it is sent, of known length."""

    def __init__(self, batch: Sequence[Candidate], sent: Sent) -> None:
        self.boundary = f"coffre-{secrets.token_hex(16)}"
        self._batch = batch
        self._sent = sent
        self._head = f"--{self.boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        self._end = f"--{self.boundary}--\r\n".encode()
        framing = len(batch) * (len(self._head) + 2) + len(self._end)
        self.length = framing + sum(candidate.size for candidate in batch)

    def body(self) -> Iterator[bytes]:
        """Yields the bytes, anew on each call."""
        done = 0
        for piece in self._pieces():
            yield piece
            done += len(piece)
            self._sent(done)

    def digests(self) -> list[bytes]:
        """The SHA-256 of each file, which costs one more reading."""
        return [_digest(candidate) for candidate in self._batch]

    def _pieces(self) -> Iterator[bytes]:
        for candidate in self._batch:
            yield self._head
            yield from _content(candidate)
            yield b"\r\n"
        yield self._end


def _digest(candidate: Candidate) -> bytes:
    digest = hashlib.sha256()
    for piece in _content(candidate):
        digest.update(piece)
    return digest.digest()


def _content(candidate: Candidate) -> Iterator[bytes]:
    left = candidate.size
    with candidate.path.open("rb") as file:
        while piece := file.read(min(CHUNK, left)):
            left -= len(piece)
            yield piece
        if left or file.read(1):
            raise CoffreError("A file changed while it was being sent; send it again.", code="file_changed")
