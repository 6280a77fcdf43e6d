"""The proxy's table leads each address of the application to a process that answers it."""

import re
from collections.abc import Iterator
from inspect import getclosurevars
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from coffre.installation.install import initialise
from coffre.proxy import routing
from coffre.proxy.routing import Process
from coffre.serving.app import build
from coffre.serving.parts.served import ServedPart
from coffre.settings import load
from coffre.wiring import System
from sign_in.routes.in_turn import InTurn
from tests.integration.test_methods import addresses, filled

URL = "http://127.0.0.1:8080"
PARTS = (Process.INTAKE, Process.READER, Process.GATEWAY, Process.SIGN_IN)
OF_OPERATORS = ("/quarantine", "/metrics", "/openapi.json")
"""On their own network alone."""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    settings = load(data=Path(tmp_path_factory.mktemp("routing") / "data"))
    initialise(settings)
    with System(settings) as system:
        yield system


def led_to(line: str) -> Process:
    """By the table, where whatever fits no rule is a page of the gateway's."""
    rules = routing.lines((*routing.PEOPLE, *routing.API), {each: each.value for each in PARTS})
    return Process(next((place for key, place in rules if re.search(key.strip('"')[1:], line)), "gateway"))


def answers(app: FastAPI, method: str, path: str) -> bool:
    return any(
        each.path_regex.match(path) and method in (each.methods or ())
        for each in iter_route_contexts(app.router.routes)
        if each.path is not None
    )


def test_each_address_is_answered_by_the_process_that_it_leads_to(system: System) -> None:
    parts = {each: build(system, URL, ServedPart(each.value)) for each in PARTS}
    asked = [
        (method, filled(template))
        for template, methods in addresses(build(system, URL)).items()
        for method in sorted(methods)
        if not template.startswith(OF_OPERATORS)
    ]
    assert len(asked) > 200
    lost = {
        f"{method} {path} at {led_to(f'{method} {path}')}"
        for method, path in asked
        if not answers(parts[led_to(f"{method} {path}")], method, path)
    }
    assert lost == set()


def test_pages_that_make_hashes_of_passwords_have_one_line(system: System) -> None:
    """A second one would let as many wait again."""
    held = {
        held
        for each in iter_route_contexts(build(system, URL, ServedPart.SIGN_IN).router.routes)
        if each.endpoint is not None
        for held in getclosurevars(each.endpoint).nonlocals.values()
        if isinstance(held, InTurn)
    }
    assert len(held) == 1
