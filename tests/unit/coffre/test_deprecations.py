"""What is to go says so, with the day on which it goes; nothing else does."""

from datetime import UTC, datetime

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from coffre.serving.answers.deprecations import DEPRECATED, Deprecated, Deprecations

GOING = Deprecated(
    "GET|HEAD",
    "/records/[^/]+/old",
    since=datetime(2027, 1, 2, tzinfo=UTC),
    until=datetime(2027, 7, 1, 12, tzinfo=UTC),
    instead="`GET /records/{ins}/new`",
)


def answer(method: str, path: str, *, layers: int = 1) -> dict[str, list[str]]:
    async def told(_: object) -> PlainTextResponse:
        return PlainTextResponse("")

    app = Starlette(routes=[Route("/records/{ins}/{what}", told, methods=["GET", "POST"])])
    layered = Deprecations(app, (GOING,))
    if layers == 2:
        layered = Deprecations(layered, (GOING,))
    headers = TestClient(layered).request(method, path).headers
    return {name: headers.get_list(name) for name in ("deprecation", "sunset") if name in headers}


@pytest.mark.parametrize("layers", [1, 2])
def test_an_address_that_is_to_go_says_since_when_and_until_when(layers: int) -> None:
    expected = {"deprecation": ["@1798848000"], "sunset": ["Thu, 01 Jul 2027 12:00:00 GMT"]}
    assert answer("GET", "/records/1/old", layers=layers) == expected
    assert answer("HEAD", "/records/1/old", layers=layers) == expected


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/records/1/old"), ("GET", "/records/1/new"), ("GET", "/records/1/old2")]
)
def test_nothing_else_is_told(method: str, path: str) -> None:
    assert answer(method, path) == {}


def test_half_a_year_lies_between_the_announcement_and_the_end() -> None:
    assert all((each.until - each.since).days >= 180 and each.instead for each in (*DEPRECATED, GOING))
