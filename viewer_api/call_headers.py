"""Turn a request into a call of the vault: credential, purpose, reason."""

from urllib.parse import unquote

from starlette.requests import Request

from keyvault.credentials.possession import presented_with
from keyvault.credentials.tokens import Credential
from keyvault.verbs.call import Call
from records.emergency import EMERGENCIES
from records.errors import Invalid
from records.vocabulary.codes import PurposeOfUse
from viewer_api.session_calls import SessionCall

READING = {purpose.value: purpose for purpose in (PurposeOfUse.NORMAL, *sorted(EMERGENCIES))}
LONGEST_REASON = 1000


def call_of(request: Request, credential: Credential) -> Call:
    """Headers `Coffre-Purpose` and `Coffre-Reason` (percent-encoded UTF-8) choose an emergency mode."""
    text = request.headers.get("coffre-purpose", PurposeOfUse.NORMAL.value)
    if text not in READING:
        raise Invalid(f"Coffre-Purpose is one of {', '.join(READING)}.", code="bad_purpose")
    reason = request.headers.get("coffre-reason")
    try:
        decoded = unquote(reason, errors="strict") if reason is not None else None
    except UnicodeDecodeError:
        raise Invalid("Coffre-Reason is percent-encoded UTF-8.", code="bad_reason") from None
    if decoded is not None and len(decoded) > LONGEST_REASON:
        raise Invalid(f"Coffre-Reason has at most {LONGEST_REASON} characters.", code="bad_reason")
    return call_with(credential, READING[text], decoded)


def call_with(
    credential: Credential, purpose: PurposeOfUse = PurposeOfUse.NORMAL, reason: str | None = None
) -> Call:
    """A call with what came with the request: a proof, a certificate, or the pages' cookie."""
    kind = SessionCall if credential.in_session else Call
    return kind(
        token=credential.token,
        purpose=purpose,
        reason=reason,
        presented=presented_with(credential),
        certificate=credential.certificate,
    )
