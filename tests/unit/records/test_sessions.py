"""Where a sign-in leads back to, and which cookie holds it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.sessions import cookie_name, return_path


@pytest.mark.parametrize(
    "path", ["/", "/choix", "/dossier/0192-ab?mode=normal&page=2", "/consultations?since=2026-01-01"]
)
def test_a_page_of_ours_is_led_back_to(path: str) -> None:
    assert return_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "choix",
        "//evil.example",
        "/\\evil.example",
        "///evil.example",
        "/%09/evil.example\n",
        "/a\r\nSet-Cookie: x",
        "https://evil.example/",
        "javascript:alert(1)",
        "/sign-in",
        "/sign-in/code",
        "/sign-in?next=/choix",
        "/sign-out",
        "/link/x",
        "/" + "a" * 2000,
        "/é",
    ],
)
def test_another_is_not(path: str) -> None:
    assert return_path(path) == "/"


@given(st.text(alphabet=st.sampled_from("/\\.:?#@%aé \t\n\r2F5C"), max_size=12))
def test_no_browser_is_led_elsewhere(path: str) -> None:
    """Of what is led to, a browser makes a path of this origin (URL standard, section 4.4)."""
    found = return_path(path)
    assert found.startswith("/") and found[1:2] not in ("/", "\\")
    assert not set(found) & set("\\#\t\n\r ")


@pytest.mark.parametrize(
    ("origin", "name"),
    [("https://coffre.example", "__Host-coffre"), ("http://127.0.0.1:8080", "coffre")],
)
def test_the_cookie_of_https_is_bound_to_its_host(origin: str, name: str) -> None:
    assert cookie_name("coffre", origin) == name
