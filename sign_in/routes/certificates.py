"""Addresses on the socket of the proxy, where certificates are believed: cards, and `POST /token`."""

import asyncio
from collections.abc import Callable
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from keyvault.credentials.claims import Binding, Confirmation
from records.errors import CoffreError, Invalid
from records.text.web_forms import LARGEST_FORM, bad_form, fields_of, is_form
from records.vocabulary.account_openers import STAFF
from records.vocabulary.codes import Role
from sign_in.certificates.client_cert import Certificate, client_certificate, thumbprint
from sign_in.certificates.door import CertificateDoor
from sign_in.certificates.holders import CardHolder, Organisation
from sign_in.certificates.token_request import SCOPE, TokenRefused, check_client, token_request
from sign_in.certificates.trust import CertificateRefused
from sign_in.doors.professional import ProfessionalDoor
from sign_in.doors.recognised import by_card
from sign_in.tokens.issuing import TokenIssuer
from sign_in.tokens.proven import Means, Proven
from sign_in.watching.certificates import WatchedCertificates
from storage.ports.index_parts import Named

LIFE_S = 3600
"""Of a credential of `POST /token`."""
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}  # RFC 6749 section 5.1
_UNAVAILABLE = {"Retry-After": "5", **NO_STORE}


def application(
    door: CertificateDoor,
    professionals: ProfessionalDoor,
    directory: Named,
    issuer: TokenIssuer,
    watched: WatchedCertificates,
    caller: Callable[[Request], str],
    origin: str,
    clock: Callable[[], float],
) -> FastAPI:
    """Nothing but what certificates open; `origin` is that of the name of people, `caller` tells where a
    request comes from.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    come = _Come(watched, caller)
    _install_card(app, door, professionals, directory, come, origin, clock)
    _install_token(app, door, issuer, come, clock)
    return app


class _Come:
    """Certificates that came, for whoever watches the door."""

    def __init__(self, watched: WatchedCertificates, caller: Callable[[Request], str]) -> None:
        self._watched, self._caller = watched, caller

    def refused(self, request: Request, error: CoffreError) -> None:
        """Counted where it was a certificate that the door does not believe, or none that can be read."""
        if isinstance(error, CertificateRefused | Invalid):
            given = ", ".join(request.headers.getlist("client-cert"))
            self._watched.refused(given, self._caller(request))

    def issued(self, request: Request, who: Proven, certificate: Certificate) -> None:
        self._watched.issued(who, thumbprint(certificate), self._caller(request))


def _install_card(
    app: FastAPI,
    door: CertificateDoor,
    professionals: ProfessionalDoor,
    directory: Named,
    come: _Come,
    origin: str,
    clock: Callable[[], float],
) -> None:
    def recognised(certificate: Certificate, state: str) -> str:
        who = by_card(door.reader(certificate), directory, int(clock()))
        return professionals.hand_over(who, state)

    @app.get("/sign-in/carte")
    async def card(request: Request) -> Response:
        """Back to the name of people: with a code for the browser that asked, or with what was wrong."""
        state = request.query_params.get("state", "")
        try:
            told = {"code": await asyncio.to_thread(recognised, _certificate(request), state)}
        except CoffreError as error:
            come.refused(request, error)
            told = {"refus": error.code}
        query = urlencode({"state": state, **told})
        return RedirectResponse(f"{origin}/sign-in/carte/retour?{query}", 303, NO_STORE)


def _install_token(
    app: FastAPI, door: CertificateDoor, issuer: TokenIssuer, come: _Come, clock: Callable[[], float]
) -> None:
    def issued(request: Request, form: dict[str, str]) -> str:
        certificate = _certificate(request)
        asked = token_request(form)
        holder = door.depositor(certificate)
        check_client(asked, _structure(holder))
        bound = Binding(Confirmation.CERTIFICATE, thumbprint(certificate))
        who = _depositing(holder, int(clock()))
        made = issuer.issue(who, bound_to=bound, lifetime=LIFE_S)
        come.issued(request, who, certificate)
        return made

    @app.post("/token")
    async def token(request: Request) -> Response:
        """RFC 6749 section 4.4 with RFC 8705 section 2.1."""
        try:
            form = await _form(request)
            made = await asyncio.to_thread(issued, request, form)
        except CoffreError as error:
            come.refused(request, error)
            return _refused(error)
        answer = {"access_token": made, "token_type": "Bearer", "expires_in": LIFE_S, "scope": SCOPE}
        return JSONResponse(answer, headers=NO_STORE)


def _certificate(request: Request) -> Certificate:
    found = client_certificate(request.headers.raw)
    if found is None:
        raise CertificateRefused(
            "This address wants a client certificate of a card or an organisation.",
            code="certificate_missing",
        )
    return found


async def _form(request: Request) -> dict[str, str]:
    if not is_form(request.headers.get("content-type", "")):
        raise bad_form()
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_FORM:
            raise bad_form()
    return fields_of(bytes(body))


def _depositing(holder: Organisation | CardHolder, at: int) -> Proven:
    structure = _structure(holder)
    if isinstance(holder, CardHolder):
        return Proven(Role.DEPOSITOR, f"{STAFF}{holder.number}", {"structure": structure}, Means.CARD, at)
    return Proven(Role.DEPOSITOR, f"structure:{structure}", {"structure": structure}, Means.CERTIFICATE, at)


def _structure(holder: Organisation | CardHolder) -> str:
    structure = holder.structure if isinstance(holder, Organisation) else holder.employer
    assert structure is not None  # the door refuses who deposits for nobody
    return structure


def _refused(error: CoffreError) -> Response:
    """RFC 6749 section 5.2; `code` says which of ours it was."""
    if isinstance(error, TokenRefused):
        name, status = error.code, 401 if error.code == "invalid_client" else 400
    elif isinstance(error, CertificateRefused):
        name, status = "invalid_client", 401
    elif isinstance(error, Invalid):
        name, status = "invalid_request", 400
    else:
        told = {"error": "temporarily_unavailable", "code": error.code}
        return JSONResponse(told, 503, _UNAVAILABLE)
    told = {"error": name, "error_description": error.sentence, "code": error.code}
    return JSONResponse(told, status, NO_STORE)
