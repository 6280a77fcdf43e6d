"""Deposits of the pages' forms, made by intake: the one place that knows both rooms."""

import hashlib

from coffre.serving.callers.authentication import Authentication
from ingestion.envelope import ENTRY, PDF, Declared, EntryHeaders, SubmissionHeaders
from ingestion.intake.reception import Depositor
from ingestion.intake.use_cases import Intake
from ingestion.intake.waiting import FINAL
from keyvault.credentials.proving import ProofKey
from records.errors import Refused
from viewer_api.session_calls import deposit_proof
from viewer_api.web.profile.deposits import LATER, EntryDeposit, FileDeposit
from viewer_api.web.sessions import Session


class IntakeDeposits:
    """Implements `viewer_api.web.profile.deposits.OwnDeposits`."""

    def __init__(self, intake: Intake, authentication: Authentication, key: ProofKey | None) -> None:
        """`key`: the page process's, with which the deposits of a session are proven."""
        self._intake = intake
        self._authentication = authentication
        self._key = key

    async def deposit(self, session: Session, what: EntryDeposit | FileDeposit) -> str:
        """Raises `CredentialError` for a sign-in that holds no longer, `Refused` for who is no holder."""
        digest = hashlib.sha256(what.content).digest()
        presented = deposit_proof(self._key, session.token, [digest])
        found = self._authentication.verified(session.token, presented)
        actor = found.actor
        if actor.ins is None:
            raise Refused("This credential may not deposit.", code="role_not_entitled")
        depositor = Depositor.of(session.token, actor, presented, found.proof)
        submission_id = await self._intake.receive_bytes(
            depositor, actor.ins.value, _headers(what), what.content
        )
        row = await self._intake.verdict(submission_id, True)
        if row.state not in FINAL:
            return LATER
        _, parts = self._intake.submission(depositor, submission_id)
        return parts[0].code if parts[0].document_id is None else "published"


def _headers(what: EntryDeposit | FileDeposit) -> SubmissionHeaders:
    labels = tuple(what.labels)
    if isinstance(what, FileDeposit):
        declared = Declared(type_code=what.type_code, title=what.title)
        return SubmissionHeaders(kind=PDF, document=declared, labels=labels)
    entry = EntryHeaders(resource=what.resource_type, request=what.request, replaced=what.replaced)
    return SubmissionHeaders(kind=ENTRY, labels=labels, entry=entry)
