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
from records import http_statuses
from records.emergency import STEP_UP_S
from records.errors import CoffreError
from records.fhir.wording import operation_outcome
from records.http_statuses import STATUS
from sign_in.accounts.tries import TooManyTries
from viewer_api.fhir.forms.formats import body_of, form_or_json
from viewer_api.refusals import QUOTA_S, StepUpRequired
from viewer_api.routes.objects import RangeNotSatisfiable
from viewer_api.web.site import Site

log = logging.getLogger("coffre.http")
INTERNAL = "Something went wrong on our side. Try again; if it stays, tell the hosting team the time."

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


def status_of(error: CoffreError) -> int:
    """401 of a credential that does not hold; of all else as `records.http_statuses` says."""
    return 401 if isinstance(error, CredentialError) else http_statuses.status_of(error)


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
