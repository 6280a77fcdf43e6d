"""A code has one status, wherever it is raised and whoever tells it; docs/problems.md prints them."""

import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest

from records.errors import CoffreError, Invalid, Refused
from records.http_statuses import STATUS, status_of
from sign_in.pages.catalogue.catalogue import TEXTS
from viewer_api.web.catalogue import catalogue

ROOT = Path(__file__).resolve().parents[2]
BESIDE_CALLERS: Mapping[str, str] = {
    "bad_setting": "settings are read before anybody is served",
    "blob_size_mismatch": "the worker is told by the vault that what it adopts is wrong; else bytes are",
    "mixed_blob": "as blob_size_mismatch",
    "root_passphrase_missing": "a root is made by a command, and opened before anybody is served",
    "submission_unknown": "of the worker and the housekeeper, who answer nobody",
    "wrong_environment": "issuers are added by a command; credentials are shown by callers",
}
"""Codes of two kinds of error, of which callers meet one at most."""


@pytest.fixture(scope="module")
def told() -> dict[str, set[int]]:
    """Statuses by code, of every place where an error is made that a caller can meet."""
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        import generate
    finally:
        sys.path.remove(str(ROOT / "docs"))
    found: dict[str, set[int]] = defaultdict(set)
    for problem in generate._problems():
        if problem.status:
            found[problem.code].add(problem.status)
    return found


def test_a_code_has_one_status(told: dict[str, set[int]]) -> None:
    several = {code for code, statuses in told.items() if len(statuses) > 1}
    assert several == set(BESIDE_CALLERS)


def test_what_pages_say_in_words_of_its_own_is_no_fault(told: dict[str, set[int]]) -> None:
    texts = {*catalogue.TEXTS, *TEXTS}
    worded = {key.split(".")[1] for key in texts if key.startswith("sentence.")}
    assert len(worded & told.keys()) > 20
    assert not {code for code in worded if 500 in told.get(code, ())}


def test_the_code_decides_and_where_it_does_not_the_kind() -> None:
    assert status_of(Refused("No.", code="sign_in_busy")) == STATUS["sign_in_busy"] == 503
    assert (status_of(Refused("No.")), status_of(Invalid("No.")), status_of(CoffreError("No."))) == (
        403,
        400,
        500,
    )


def test_a_page_has_a_title_for_every_status_or_for_its_class() -> None:
    titles = {int(key[6:]) for key in catalogue.TEXTS if key.startswith("error.") and key[6:].isdigit()}
    assert not {each for each in STATUS.values() if not titles & {each, each // 100 * 100}}
