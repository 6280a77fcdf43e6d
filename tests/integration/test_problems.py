"""Faults as answers: what a caller may try again is 503 with Retry-After, and nothing lacks its headers."""

import asyncio
import errno
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from coffre.installation.install import initialise
from coffre.serving.answers.security_headers import DEFAULT_CACHE, HEADERS
from coffre.serving.app import build
from coffre.serving.readiness import LIMIT_S
from coffre.settings import load
from coffre.wiring import System
from records.errors import CoffreError

URL = "http://coffre.example"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    data = tmp_path_factory.mktemp("problems") / "data"
    initialise(load(data=data))
    with System(load(data=data)) as made:
        yield made


def answer(system: System, path: str = "/health/ready", accept: str = "*/*") -> httpx.Response:
    transport = httpx.ASGITransport(build(system, URL), raise_app_exceptions=False)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
            return await client.get(path, headers={"Accept": accept})

    return asyncio.run(ask())


def failing(system: System, monkeypatch: pytest.MonkeyPatch, error: Exception) -> httpx.Response:
    def fail() -> None:
        raise error

    monkeypatch.setattr(system.index, "counts", fail)
    return answer(system)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (CoffreError("The database does not answer.", code="store_down"), 503, "store_down"),
        (CoffreError("It may be written.", code="store_unsure"), 503, "store_unsure"),
        (CoffreError("The database is busy.", code="store_busy"), 503, "store_busy"),
        (CoffreError("The store refuses these keys.", code="store_denied"), 503, "store_denied"),
        (CoffreError("The bucket does not exist.", code="bucket_missing"), 503, "bucket_missing"),
        (CoffreError("The vault does not answer.", code="vault_unavailable"), 503, "vault_unavailable"),
        (OSError(errno.EIO, "Input/output error", "/srv/secret"), 503, "store_failing"),
        (OSError(errno.ENOSPC, "No space left", "/srv/secret"), 507, "store_full"),
        (ZeroDivisionError("277079999900167"), 500, "internal"),
    ],
    ids=lambda value: value.code if isinstance(value, CoffreError) else "",
)
def test_a_fault_is_a_problem_with_the_headers_of_every_answer(
    system: System, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    told = failing(system, monkeypatch, error)
    assert (told.status_code, told.json()["code"]) == (status, code)
    assert ("retry-after" in told.headers) == (status == 503)
    for name, value in (*HEADERS, DEFAULT_CACHE):
        assert told.headers[name.decode()] == value.decode()
    assert not [secret for secret in ("/srv", "27707", "Traceback") if secret in told.text]


def test_an_answer_without_a_fault_has_them_once(system: System) -> None:
    told = answer(system)
    assert told.status_code == 200
    for name, _ in (*HEADERS, DEFAULT_CACHE):
        assert len(told.headers.get_list(name.decode())) == 1


def test_readiness_names_each_dependency_and_waits_for_a_silent_one_five_seconds_at_most(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = threading.Event()
    monkeypatch.setattr(system.objects, "check", lambda: silent.wait(60))
    began = time.monotonic()
    try:
        found = answer(system)
    finally:
        silent.set()
    assert time.monotonic() - began < LIMIT_S + 5
    assert (found.status_code, found.json()["code"]) == (503, "not_ready")
    assert found.json()["dependencies"] == {"index": "ok", "vault": "ok", "objects": "not_ready"}


def test_a_mistyped_address_is_a_page_for_a_browser(system: System) -> None:
    told = answer(system, "/consultation", BROWSER)
    assert told.status_code == 404
    assert told.headers["content-type"] == "text/html; charset=utf-8"
    assert "Page introuvable" in told.text and "default-src 'none'" in told.headers["content-security-policy"]


def test_a_mistyped_address_is_a_problem_for_a_program(system: System) -> None:
    programs = ("*/*", "application/json", "application/json, text/html", "application/dicom+json")
    told = [answer(system, "/consultation", accept) for accept in programs]
    assert {(each.status_code, each.json()["code"]) for each in told} == {(404, "no_such_address")}


def test_every_address_of_the_api_answers_a_browser_as_it_does_a_program(system: System) -> None:
    named = {path.split("/")[1] for path in build(system, URL).openapi()["paths"]}
    assert {"fhir", "records", "submissions"} < named
    for first in sorted(named):
        told = answer(system, f"/{first}/no/such/address/here", BROWSER)
        assert told.status_code == 404
        assert told.headers["content-type"].endswith("+json"), first
