"""Errors as answers: RFC 9457 problem+json, an OperationOutcome under /fhir. No content, no identity."""

import errno
import json
import logging
from collections.abc import Mapping

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from coffre.serving.answers.methods import TakenMethods, allow
from keyvault.credentials.refusing import CredentialError
from records.emergency import STEP_UP_S
from records.errors import CoffreError, Conflict, Invalid, NotFound, Refused
from records.fhir.wording import operation_outcome
from sign_in.accounts.tries import TooManyTries
from viewer_api.fhir.forms.formats import body_of, form_or_json
from viewer_api.refusals import QUOTA_S, StepUpRequired
from viewer_api.routes.objects import RangeNotSatisfiable
from viewer_api.web.site import Site

log = logging.getLogger("coffre.http")
INTERNAL = "Something went wrong on our side. Try again; if it stays, tell the hosting team the time."

# by code where the kind of error doesn't tell
STATUS: Mapping[str, int] = {
    "bad_recipient": 422,
    "bad_content_type": 415,
    "bad_part_type": 415,
    "bad_content_encoding": 415,
    "not_acceptable": 406,
    "inflates_too_much": 413,
    "too_large": 413,
    "binary_too_large": 406,
    "blob_too_large": 413,
    "too_many_parts": 413,
    "range_not_satisfiable": 416,
    "quota_exceeded": 429,
    "step_up_required": 401,
    "too_many_calls": 429,
    "reception_closed": 503,
    "issuers_unknown": 503,
    "issuer_rolled_back": 503,
    "reception_key_expired": 503,
    "not_ready": 503,
    "store_busy": 503,
    "store_down": 503,
    "store_unsure": 503,
    "store_failing": 503,
    "store_read_only": 503,
    "store_refused": 503,
    "store_missing": 503,
    "store_denied": 503,
    "bucket_missing": 503,
    "store_full": 507,
    "vault_unavailable": 503,
    "gateway_unavailable": 503,
    "gateway_off": 501,
    "ohif_unknown": 501,
    "content_closed": 503,
    "short_range": 502,
    "object_short": 502,
    "card_changed": 503,
    "vault_frozen": 503,
    "sandbox_unavailable": 503,
    "rendering_busy": 503,
    "reading_busy": 503,
    "cannot_render": 406,
    "cannot_transcode": 406,
    "image_too_large": 406,
    "lookup_table_unknown": 406,
    "pixels_not_decodable": 406,
    "url_invalid": 403,
    "url_expired": 403,
    "grant_too_large": 413,
    "type_unknown": 422,
    "labels_conflict": 422,
    "unknown_label": 422,
    "version_missing": 428,
    "bad_request_name": 422,
    "label_not_supported": 422,
    "relation_not_supported": 422,
    "entered_in_error": 422,
    "modifier_extension": 422,
    "implicit_rules": 422,
    "size_mismatch": 422,
    "hash_mismatch": 422,
    "test_data": 422,
    "bad_bundle": 422,
    "bundle_not_supported": 422,
    "too_many_documents": 413,
    "bad_patch": 422,
    "patch_not_supported": 422,
    "element_not_patchable": 405,
    "several_documents": 412,
    "bad_authorisation": 422,
    "bad_rpps": 422,
    "bad_team": 422,
    "bad_consent": 422,
    "bad_kind": 422,
    "bad_structure": 422,
    "reason_missing": 422,
    "bad_contact": 422,
    "wrong_code": 422,
    "no_code": 422,
    "too_many_codes": 429,
    "too_many_tries": 429,
    "no_carrier": 422,
    "identity_unchecked": 422,
    "message_not_sent": 503,
}
# of an OperationOutcome (R4 section 2.36, issue-type)
_ISSUES: Mapping[int, str] = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    409: "conflict",
    412: "multiple-matches",
    413: "too-long",
    415: "not-supported",
    429: "throttled",
    500: "exception",
    503: "transient",
    507: "no-store",
}
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_KINDS: tuple[tuple[type[CoffreError], int], ...] = (
    (CredentialError, 401),
    (NotFound, 404),
    (Conflict, 409),
    (Refused, 403),
    (Invalid, 400),
)


def status_of(error: CoffreError) -> int:
    if error.code in STATUS:
        return STATUS[error.code]
    return next((status for kind, status in _KINDS if isinstance(error, kind)), 500)


def described(error: BaseException) -> tuple[int, str, str]:
    """Status, code and sentence of any error. A system's own words stay in the log: they name files."""
    if isinstance(error, CoffreError):
        status = status_of(error)
        is_meant = status != 500 or error.code in STATUS
        return status, error.code, error.sentence if is_meant else INTERNAL
    if isinstance(error, OSError):
        code = "store_full" if error.errno in _NO_ROOM else "store_failing"
        return STATUS[code], code, _DISK[code]
    return 500, "internal", INTERNAL


def problem(request: Request, status: int, code: str, sentence: str, **more: object) -> Response:
    """The one shape of an error on this path; `more` members beside it (RFC 9457 section 3.2)."""
    headers = {"WWW-Authenticate": _challenge(code)} if status == 401 else {}
    if status == 503:
        headers["Retry-After"] = "5"
    if status == 429:
        headers["Retry-After"] = str(QUOTA_S)
    if f"{request.url.path}/".startswith("/fhir/"):
        form = form_or_json(request.headers.get("accept", ""), request.query_params.multi_items())
        outcome = operation_outcome(code, sentence, _ISSUES.get(status, "processing"))
        return Response(body_of(outcome, form), status, headers, form)
    body = {"type": f"urn:coffre:problem:{code}", "title": code, "status": status, "code": code}
    body |= {"detail": sentence, **more}
    return Response(json.dumps(body, ensure_ascii=False), status, headers, "application/problem+json")


def _challenge(code: str) -> str:
    """What to sign in with; of a sign-in that is too old, RFC 9470 section 3."""
    if code == StepUpRequired.code:
        return f'Bearer error="insufficient_user_authentication", max_age={STEP_UP_S}'
    return 'Bearer, DPoP algs="EdDSA ES256"'


def install(app: FastAPI) -> None:
    """Every error of the application ends here."""

    async def known(request: Request, error: Exception) -> Response:
        assert isinstance(error, CoffreError)
        status, code, sentence = described(error)
        if status >= 500:
            log.error("request failed", extra={"code": code})
        answer = problem(request, status, code, sentence)
        if status == 405:  # RFC 9110 section 15.5.6
            answer.headers["Allow"] = allow(TakenMethods(request.app.router).of(request.url.path))
        if isinstance(error, TooManyTries):
            answer.headers["Retry-After"] = str(error.wait_s)
        if isinstance(error, RangeNotSatisfiable):  # RFC 9110 section 15.5.17
            answer.headers["Content-Range"] = f"bytes */{error.size}"
        return answer

    async def hung_up(request: Request, error: Exception) -> Response:
        """Nobody reads this answer; a client that goes away is no fault of ours."""
        log.info("the client hung up")
        return problem(request, 400, "client_disconnected", "The request ended before its body did.")

    async def disk(request: Request, error: Exception) -> Response:
        status, code, sentence = described(error)
        log.error("request failed", extra={"code": code})
        return problem(request, status, code, sentence)

    async def malformed(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        # where, never what: the value could be an identity
        places = {".".join(str(part) for part in each["loc"]) for each in error.errors()}
        return problem(request, 422, "bad_request", f"Correct these fields: {', '.join(sorted(places))}.")

    async def unknown(request: Request, error: Exception) -> Response:
        log.error("request failed", extra={"code": type(error).__name__})
        return problem(request, 500, "internal", INTERNAL)

    app.add_exception_handler(CoffreError, known)
    app.add_exception_handler(ClientDisconnect, hung_up)
    app.add_exception_handler(OSError, disk)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, _refused_address)
    app.add_exception_handler(Exception, unknown)


def install_pages(app: FastAPI, site: Site) -> None:
    """Where there is nothing, a browser gets a page. Programs and addresses of the API keep the problem."""

    async def nothing_here(request: Request, error: Exception) -> Response:
        if is_api(request.url.path) or not _is_browser(request):
            return await _refused_address(request, error)
        return site.error(request, 404, _HTTP[404])

    app.add_exception_handler(404, nothing_here)


async def _refused_address(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    is_of_address = error.status_code in (404, 405)
    methods = TakenMethods(request.app.router).of(request.url.path) if is_of_address else frozenset()
    status = 405 if methods else error.status_code  # another process may take this address
    sentence = _ROUTING.get(status, str(error.detail))
    code = getattr(error, "code", None) or _HTTP.get(status, "http_error")
    answer = problem(request, status, code, sentence)
    answer.headers.update(error.headers or {})
    if methods:  # RFC 9110 section 15.5.6; a route names its own methods alone
        answer.headers["Allow"] = allow(methods)
    return answer


def is_api(path: str) -> bool:
    """Addresses for programs, which never answer with a page."""
    return path.lstrip("/").partition("/")[0] in _API


def _is_browser(request: Request) -> bool:
    """Browsers name HTML first; programs name it later or not at all."""
    first = request.headers.get("accept", "").partition(",")[0]
    return first.partition(";")[0].strip().lower() == "text/html"


ASK_CREDENTIALS = frozenset(
    {"accounts", "dicomweb", "fhir", "grants", "me", "quarantine", "records", "submissions"}
)
"""The addresses of the API that begin so want a credential; a call without one that holds counts as such."""
_API = ASK_CREDENTIALS | {"audit", "health", "objects", "openapi.json"}
_DISK = {
    "store_full": "There is no room for this at the moment; nothing was kept. Try again later.",
    "store_failing": "The store does not answer as it should; nothing was kept. Try again later.",
}
_HTTP = {404: "no_such_address", 405: "method_not_allowed", 406: "not_acceptable", 413: "too_large"}
_ROUTING = {
    404: "There is nothing at this address: check it.",
    405: "This address takes other methods: the header Allow names them.",
}
