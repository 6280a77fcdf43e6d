"""The application's own routes and the vault's table of signed requests name each other, one by one.

A credential that is bound to a key comes with a proof of that very request (RFC 9449). The vault accepts it
where it can read from method and address what was asked for: `keyvault/verbs/signed/`.
"""

import re
from collections.abc import Iterator, Mapping
from uuid import UUID

import pytest
from fastapi.routing import iter_route_contexts

from coffre.installation.install import initialise
from coffre.serving.answers.methods import SHARED
from coffre.settings import load
from coffre.wiring import System
from keyvault.verbs.signed.routes import SIGNED
from tests.integration.watched_app import WatchedApp

Route = tuple[str, str]

DEPOSITS = {
    (method, path)
    for path, methods in SHARED.items()
    for method in methods & {"POST", "PUT"}
    if path.startswith(("/dicomweb/", "/records/", "/fhir"))
}
"""The vault compares each with its envelope when a worker brings it (`admit_deposit`)."""
OF_THE_SIGN_IN = {("POST", "/accounts")}
"""The sign-in compares address and body itself, and remembers the proof (test_opening_accounts.py)."""
NO_TABLE: Mapping[Route, str] = {
    **dict.fromkeys(
        (
            ("GET", "/fhir/AuditEvent"),
            ("GET", "/fhir/Consent"),
            ("GET", "/fhir/DocumentReference"),
            ("GET", "/fhir/ImagingStudy"),
            ("GET", "/fhir/List"),
            ("GET", "/fhir/Patient"),
            ("GET", "/fhir/{}"),
            ("PATCH", "/fhir/DocumentReference"),
        ),
        "its record stands in the query, which no proof covers: refused with a key",
    ),
    **dict.fromkeys(
        (("GET", "/fhir/{}/{}"), ("GET", "/fhir/{}/{}/_history")),
        "the entry's record is found first, and no proof names it: refused with a key, POST _search is not",
    ),
}


def _address(template: str) -> str:
    declared = re.sub(r"{declared(:\w+)?}", "Immunization", template)
    return re.sub(r"{[^}]*}", str(UUID(int=1)), declared)


def plain(route: Route) -> Route:
    """Without the names of what varies."""
    return route[0], re.sub(r"{[^}]*}", "{}", route[1])


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedApp]:
    settings = load(data=tmp_path_factory.mktemp("signed") / "data")
    initialise(settings)
    with System(settings, vault_here=True) as system:
        yield WatchedApp(system)


@pytest.fixture(scope="module")
def with_credential(app: WatchedApp) -> set[Route]:
    """The routes that refuse whoever shows no credential: every one reads it, and a proof, the same way."""
    routes = {
        (method, each.path)
        for each in iter_route_contexts(app.app.router.routes)
        for method in each.methods or ()
        if each.path and method != "HEAD"
    }
    assert len(routes) > 50
    asked = {route: _address(route[1]) for route in routes}
    return {route for route, path in asked.items() if app.ask(route[0], path).status_code == 401}


def test_each_route_that_takes_a_proof_is_in_the_table_and_the_reverse(with_credential: set[Route]) -> None:
    signed = {plain(route) for route in SIGNED}
    deposits = {plain(route) for route in DEPOSITS}
    assert len(signed) == len(SIGNED), "one address stands twice in the table"
    others = deposits | NO_TABLE.keys() | OF_THE_SIGN_IN
    assert not signed & others
    assert {plain(route) for route in with_credential} == signed | others
