"""Sign-in: its pages, made here or by the process at the other end of a line."""

from collections.abc import Callable, Iterator, Set
from functools import cache

from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute

from coffre.installation import sign_in_providers
from coffre.installation.sign_in import SignIn
from coffre.notifying.carriers import carrier_of
from coffre.serving import relaying
from coffre.serving.callers.authentication import Authentication
from coffre.serving.callers.caller_address import as_passed_on, of_connection
from coffre.serving.parts.served import ServedPart, Shared
from coffre.serving.relaying import GatewayLine
from coffre.wiring import System
from records.people.identity import read_ins
from records.vocabulary.codes import Environment
from sign_in.pages.look import Look
from sign_in.pages.site import Site
from sign_in.passkeys.relying_party import relying_party
from sign_in.routes import (
    accounts,
    entry,
    federation,
    france_connect,
    own_sessions,
    own_ways,
    passkeys,
    professional,
)
from sign_in.routes.in_turn import InTurn
from viewer_api.web.catalogue.frame import FRAME
from viewer_api.web.dates import moment_of
from viewer_api.web.headers import HEADERS, WITH_SCRIPT
from viewer_api.web.static_files import FRAMES, ICON, STYLE


def install_sign_in(
    app: FastAPI, system: System, public_url: str, shared: Shared, serves: Set[ServedPart | None]
) -> GatewayLine | None:
    """The pages that sign in: made here, or by the process at the other end of the line that is answered."""
    caller = as_passed_on if shared.is_behind else of_connection(system.settings.proxies())
    line = GatewayLine(shared.sign_in, caller) if shared.sign_in else None
    if ServedPart.SIGN_IN not in serves and line is None:
        return None
    party = relying_party(public_url)
    doors = app.state.sign_in = SignIn(system, carrier_of(system.settings, public_url), party)
    if line is None:
        doors.check_settings()

    def ask_passkey(browser: str) -> str:
        return doors.passkey.ask(browser)  # made when somebody comes

    site = _site(system, public_url, caller, ask_passkey if party else None)
    for made in _routers(system, public_url, site, doors, has_passkeys=party is not None):
        app.include_router(made if line is None else relaying.router(made, line, site.route_class()))
    proven = Authentication.of(system).proven(public_url)
    opening = accounts.api(doors, proven, caller, _own_ins(system))
    app.include_router(opening if line is None else relaying.router(opening, line, APIRoute))
    return line


def _site(
    system: System,
    public_url: str,
    caller: Callable[[Request], str],
    ask_passkey: Callable[[str], str] | None,
) -> Site:
    settings = system.settings
    offered = (("carte", settings.machines_url), ("psc", settings.psc_issuer))
    return Site(
        Look(FRAMES, FRAME, STYLE, ICON, HEADERS, WITH_SCRIPT, moment_of),
        public_url,
        caller,
        is_demo=system.identity.environment is not Environment.PRODUCTION,
        ways=[way for way, is_open in offered if is_open],
        ask_passkey=ask_passkey,
        has_france_connect=bool(settings.franceconnect_issuer),
    )


def _routers(
    system: System, public_url: str, site: Site, doors: SignIn, *, has_passkeys: bool
) -> Iterator[APIRouter]:
    settings, turns = system.settings, InTurn()
    yield entry.router(site, doors, turns)
    yield own_sessions.router(site, doors)
    yield own_ways.router(site, doors, turns)
    yield professional.router(site, doors, settings.machines_url)
    signed_in = Authentication.of(system).of_session(system.index)
    yield accounts.pages(site, doors, signed_in, _own_ins(system))
    if has_passkeys:
        yield passkeys.router(site, doors)
    if settings.psc_issuer:
        flow = cache(lambda: sign_in_providers.pro_sante_connect(system, public_url))
        yield federation.router(site, doors, flow, system.clock)
    if settings.franceconnect_issuer:
        linked = cache(lambda: sign_in_providers.france_connect(system, public_url))
        yield france_connect.router(site, doors, linked, system.clock)


def _own_ins(system: System) -> accounts.ReadIns:
    return lambda text: read_ins(text, system.identity.environment)
