"""The card reader of the demo's pages: a list of cards, and nothing of what is asked of it unescaped."""

from collections.abc import Iterator

import httpx
import pytest

from coffre.demonstration.doors import card_reader
from coffre.demonstration.people.cast import CARDS


@pytest.fixture(scope="module")
def reader() -> Iterator[httpx.Client]:
    with card_reader.running() as found, httpx.Client(base_url=found.url) as client:
        yield client


def test_each_card_can_be_put_in(reader: httpx.Client) -> None:
    page = reader.get("/sign-in/carte", params={"state": "a-b_c"}).text
    for name in CARDS:
        assert f'<a href="/carte/{name}?state=a-b_c">{card_reader.label(name)}</a>' in page


def test_what_is_asked_is_escaped(reader: httpx.Client) -> None:
    answer = reader.get("/sign-in/carte", params={"state": '"><script>alert(1)</script>'})
    assert "<script" not in answer.text and "%3Cscript%3E" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("path", "status"), [("/carte/nobody?state=a", 404), ("/carte/doctor?state=a", 502), ("/", 404)]
)
def test_what_it_cannot_do_is_said_by_a_status(reader: httpx.Client, path: str, status: int) -> None:
    """No sign-in runs here."""
    assert reader.get(path).status_code == status


def test_it_ends_with_the_demo() -> None:
    with card_reader.running() as found:
        httpx.get(f"{found.url}/sign-in/carte").raise_for_status()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{found.url}/sign-in/carte")
