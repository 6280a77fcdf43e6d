"""Deposit files and wait for the verdicts: STOW-RS (PS3.18 §10.5) for DICOM, ITI-105 (MHD) for PDF."""

import base64
import hashlib
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain, repeat
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import httpx

from client.http_client import CoffreClient, bad_answer, json_of, printable, refusal
from client.send.contents import content
from client.send.multipart import Multipart, Sent
from client.send.plan import Candidate
from client.send.verdicts import FileVerdict, Outcome
from records.errors import Invalid
from records.fhir.systems import VISIBILITY
from records.people.identity import INS

LARGEST_PDF = 23 * 2**20
"""Bytes of a PDF that its FHIR envelope (32 MiB, base64 inside) can carry."""
LONGEST_WAIT_S = 900.0
FIRST_POLL_S, LAST_POLL_S = 0.2, 3.0
_ACCEPTED, _UNAUTHORISED = 202, 401
_PENDING = frozenset({"received", "validating"})
_SUBMISSION = re.compile(r"/submissions/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$")

Taken = Callable[[Sequence[FileVerdict]], None]
"""Called with pending verdicts once a deposit is received and its verdict takes longer."""


class SendClient:
    """Deposits into one record, everything with `labels`. `wait` is how many seconds a verdict may take."""

    def __init__(
        self,
        client: CoffreClient,
        ins: INS,
        *,
        labels: Sequence[str] = (),
        wait: float = LONGEST_WAIT_S,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._ins = ins
        self._labels = sorted({*labels})
        self._wait = wait
        self._sleep = sleep
        self._clock = clock

    def send_dicom(
        self, batch: Sequence[Candidate], sent: Sent = lambda _: None, taken: Taken = lambda _: None
    ) -> list[FileVerdict]:
        """Deposits instances in one request, streamed from disk; returns a verdict each, in their order.

        Raises what `CoffreClient.call` raises, `Refused` for a request that was not taken, and `FileTrouble`.
        """
        parts = Multipart(batch, sent)
        answer = self._client.call(
            "POST",
            f"/records/{self._ins.matricule}/dicomweb/studies",
            body=parts.body,
            headers={
                "Content-Type": f'multipart/related; type="application/dicom"; boundary={parts.boundary}',
                "Content-Length": str(parts.length),
                "Accept": "application/dicom+json",
                **({"Coffre-Labels": ", ".join(self._labels)} if self._labels else {}),
            },
            parts=parts.digests,
            lost=self._check_token,
        )
        # an answer may come before the whole body has left
        digests = chain(parts.sent, repeat(b""))
        return self._verdicts([*map(_sent, batch, digests)], answer, taken)

    def send_pdf(
        self,
        candidate: Candidate,
        *,
        type_code: str,
        title: str | None = None,
        taken: Taken = lambda _: None,
    ) -> FileVerdict:
        """Deposits one PDF as a document of this type. Raises as `send_dicom` does."""
        if candidate.size > LARGEST_PDF:
            raise Invalid("A PDF deposited over FHIR has at most 23 MiB.", code="too_large")
        data = b"".join(content(candidate))
        answer = self._client.call(
            "POST",
            "/fhir/DocumentReference",
            json=self._document_reference(data, type_code, title or default_title(candidate)),
            headers={"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"},
            parts=lambda: [hashlib.sha256(data).digest()],
            lost=self._check_token,
        )
        return self._verdicts([_sent(candidate, hashlib.sha256(data).digest())], answer, taken)[0]

    def ask(self, pending: Sequence[FileVerdict]) -> list[FileVerdict]:
        """Waits for verdicts that are due on one earlier submission. Raises as `send_dicom` does."""
        return self._settled(pending, pending[0].submission)

    def alive(self) -> bool:
        """Whether the server answers at all at this moment."""
        return self._client.once("/health/live") is not None

    def _check_token(self) -> None:
        """A server that refuses a token hangs up on the body; its answer may be lost with the connection."""
        answer = self._client.once(f"/submissions/{UUID(int=0)}")
        if answer is not None and answer.status_code == _UNAUTHORISED:
            raise refusal(answer)

    def _document_reference(self, data: bytes, type_code: str, title: str) -> dict[str, Any]:
        encoded = base64.b64encode(data).decode("ascii")
        attachment = {"contentType": "application/pdf", "data": encoded, "title": title}
        return {
            "resourceType": "DocumentReference",
            "status": "current",
            "type": {"coding": [{"code": type_code}]},
            "subject": {
                "identifier": {"system": f"urn:oid:{self._ins.oid}", "value": self._ins.matricule},
            },
            "content": [{"attachment": attachment}],
            **({"securityLabel": self._security_labels()} if self._labels else {}),
        }

    def _security_labels(self) -> list[dict[str, Any]]:
        return [{"coding": [{"system": VISIBILITY, "code": label}]} for label in self._labels]

    def _verdicts(
        self, files: Sequence[FileVerdict], answer: httpx.Response, taken: Taken
    ) -> list[FileVerdict]:
        place = _SUBMISSION.search(answer.headers.get("content-location", ""))
        if place is None:
            if answer.is_success:
                raise bad_answer()
            raise refusal(answer)
        files = [replace(one, submission=place[1], part=number) for number, one in enumerate(files)]
        if answer.status_code == _ACCEPTED:
            taken(files)
        return self._settled(files, place[1], of=len(files))

    def _settled(
        self, files: Sequence[FileVerdict], submission_id: str, of: int | None = None
    ) -> list[FileVerdict]:
        submission = self._follow(submission_id)
        if submission["state"] in _PENDING:
            return list(files)
        parts = submission.get("parts")
        if not isinstance(parts, list) or len(parts) != (of or len(parts)):
            # a verdict on another number of parts is not about what was sent
            raise bad_answer()
        return [_judged(one, parts) for one in files]

    def _follow(self, submission_id: str) -> dict[str, Any]:
        """Asks until the state is final or the time is over."""
        end = self._clock() + self._wait
        pause = FIRST_POLL_S
        while True:
            answer = self._client.call("GET", f"/submissions/{submission_id}")
            if not answer.is_success:
                raise refusal(answer)
            found = json_of(answer)
            if not isinstance(found, dict) or not isinstance(found.get("state"), str):
                raise bad_answer()
            if found["state"] not in _PENDING or self._clock() >= end:
                return found
            self._sleep(pause)
            pause = min(1.5 * pause, LAST_POLL_S)


def default_title(candidate: Candidate) -> str:
    """A document's title where none is given: its file's name."""
    name = candidate.member.name.rpartition("/")[2] if candidate.member else candidate.path.name
    return printable(PurePosixPath(name).stem) or "Document"


def verdict_on(candidate: Candidate, outcome: Outcome, code: str = "", reason: str = "") -> FileVerdict:
    """A verdict on a candidate."""
    member = candidate.member.name if candidate.member else ""
    return FileVerdict(str(candidate.path), candidate.kind.value, outcome, code, reason, member=member)


def _sent(candidate: Candidate, sha256: bytes) -> FileVerdict:
    """What is known of a file that has left."""
    late = "Received, and no verdict yet: keep the file and run the same command again later."
    return replace(verdict_on(candidate, Outcome.PENDING, "pending", late), sha256=sha256.hex())


def _judged(file: FileVerdict, parts: Sequence[Any]) -> FileVerdict:
    try:
        part = parts[file.part]
        outcome = Outcome(part["outcome"])
        code, reason = printable(str(part.get("code", ""))), printable(str(part.get("reason", "")))
        document = printable(str(part.get("document") or ""))
    except (LookupError, TypeError, ValueError, AttributeError):
        raise bad_answer() from None
    return replace(file, outcome=outcome, code=code, reason=reason, document=document)
