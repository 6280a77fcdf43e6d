"""Every route of every process judges the credential before it waits for a body."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from coffre.installation.install import initialise
from coffre.serving.app import build
from coffre.serving.callers.limits import BURST
from coffre.serving.connections import Open
from coffre.serving.http_server import config as configured
from coffre.serving.parts.served import ServedPart
from coffre.serving.problems import ASK_CREDENTIALS
from coffre.settings import load
from coffre.trusted_proxies import TrustedProxies
from coffre.wiring import System
from tests.integration.outsider import answer_of
from tests.integration.test_methods import addresses, filled

ANONYMOUS = (
    "/health/",
    "/link/",
    "/sign-in",
    "/static/",
    "/audit/",
    "/objects/",
    "/fhir/metadata",
    "/metrics",
    "/openapi.json",
)
"""What answers whoever asks: it waits for no body either."""
AT_ONCE_S = 20.0  # a body is waited for longer: a minute of silence
TOKENS = {"absent": [], "bad": ["Authorization: Bearer eyJ.eyJ.eyJ"]}
EXPECTATIONS = {"waits": ["Expect: 100-continue"], "sends": []}


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    settings = load(data=Path(tmp_path_factory.mktemp("first") / "data"))
    initialise(settings)
    with System(settings) as system:
        yield system


@contextmanager
def served(app: FastAPI) -> Iterator[int]:
    """The application behind the server that `coffre serve` runs; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = configured(app, Open(TrustedProxies()))
        config.lifespan = "off"  # no workers: nothing is deposited
        server = uvicorn.Server(config)
        running = threading.Thread(target=lambda: server.run(sockets=[listener]))
        running.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = server.force_exit = True
            running.join()


def head_of(method: str, path: str, *more: str) -> bytes:
    kind = 'multipart/related; type="application/dicom"; boundary=b'
    if not path.endswith("studies"):
        kind = "application/json"
    lines = [f"{method} {path} HTTP/1.1", "Host: coffre.example", f"Content-Type: {kind}", *more]
    return ("\r\n".join([*lines, "Content-Length: 100000000"]) + "\r\n\r\n").encode()


NAMES_NOBODY = (
    "/dicomweb/studies",
    "/dicomweb/series",
    "/dicomweb/instances",
    "/dicomweb/studies/1/series",
    "/dicomweb/studies/1/instances",
    "/dicomweb/studies/1/series/1/instances",
    "/records/1/dicomweb/studies/1/series/1/instances/1/bulkdata/1",
    "/fhir/DocumentReference/1",
    "/fhir/DocumentReference",
    "/fhir/Binary/1",
    "/fhir/ImagingStudy",
    "/fhir/ImagingStudy/1",
    "/fhir/List",
    "/fhir/List/1",
    "/fhir/AuditEvent",
    "/fhir/Consent",
    "/fhir/Consent/1",
    "/fhir/Patient",
    "/fhir/Patient/1",
    "/fhir/Immunization",
    "/fhir/Immunization/1",
    "/fhir/Immunization/1/_history",
    "/fhir/Immunization/1/_history/1",
)
"""Read without a patient, an id or an element that could be one: such an answer asks no vault, which judges
tokens.
"""


def expected(method: str, path: str) -> set[int]:
    if path in NAMES_NOBODY and method in ("GET", "HEAD"):
        return {200, 400, 401, 404}
    if path.startswith(ANONYMOUS) or path == "/":
        return {200, 303, 400, 403, 404, 405, 410, 413, 422, 503}
    first = path.split("/")[1]
    if first in ASK_CREDENTIALS:
        return {401}
    return {303, 401, 403, 404}  # a page asks to sign in, or there is none


def test_every_address_of_the_api_asks_a_credential_or_is_public(system: System) -> None:
    first = {path.split("/")[1] for path in build(system, "http://127.0.0.1:8080").openapi()["paths"]}
    assert first == ASK_CREDENTIALS | {"audit", "health", "objects"}


@pytest.mark.parametrize("expectation", EXPECTATIONS)
@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("part", [None, *ServedPart])
def test_an_answer_comes_before_any_byte_of_the_body(
    system: System, part: ServedPart | None, token: str, expectation: str
) -> None:
    app = build(system, "http://127.0.0.1:8080", part)
    more = [*TOKENS[token], *EXPECTATIONS[expectation]]
    asked = [
        (method, filled(template))
        for template, methods in addresses(app).items()
        for method in sorted(methods)
    ]
    assert asked
    wrong = []
    for begin in range(0, len(asked), BURST - 1):  # the limit of an address is another test's
        wrong += _wrong(build(system, "http://127.0.0.1:8080", part), asked[begin:][: BURST - 1], *more)
    assert wrong == []


def _wrong(app: FastAPI, asked: Sequence[tuple[str, str]], *more: str) -> list[tuple[str, str, int | str]]:
    """Those that are answered late, not at all, or otherwise than expected."""
    wrong: list[tuple[str, str, int | str]] = []
    with served(app) as port:
        for method, path in asked:
            with socket.create_connection(("127.0.0.1", port), timeout=AT_ONCE_S) as connection:
                connection.sendall(head_of(method, path, *more))
                begun = time.monotonic()
                try:
                    status: int | str = answer_of(connection)[0] if method != "HEAD" else _status(connection)
                except OSError:
                    status = "none"
                if status not in expected(method, path) or time.monotonic() - begun > AT_ONCE_S:
                    wrong.append((method, path, status))
    return wrong


def _status(connection: socket.socket) -> int:
    return int(connection.recv(65536).split()[1])
