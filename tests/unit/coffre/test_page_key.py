"""The key of the pages lies in two places, for three users; each process takes what it may read."""

import secrets
from pathlib import Path

import pytest

from coffre.installation.page_key import draw_page_key, page_key
from coffre.installation.places import Places
from coffre.settings import load
from keyvault.credentials import private_files


@pytest.fixture
def places(tmp_path: Path) -> Places:
    found = Places(load(data=tmp_path))
    found.url_key.parent.mkdir()
    private_files.create(found.url_key, secrets.token_hex(32))
    draw_page_key(found)
    return found


def test_the_reader_has_the_key_of_the_pages_in_its_own_folder(places: Places) -> None:
    drawn = page_key(places)
    places.page_key.unlink()
    copied = page_key(places)
    assert drawn is not None and copied is not None
    assert copied.thumbprint == drawn.thumbprint == places.page_thumbprint.read_text().strip()
    assert places.readers_page_key.stat().st_mode & 0o777 == 0o600


def test_an_older_installation_gets_the_copy_and_one_that_is_another_s_is_replaced(places: Places) -> None:
    for spoil in (places.readers_page_key.unlink, lambda: places.readers_page_key.write_text("00" * 32)):
        spoil()
        draw_page_key(places)
        assert places.readers_page_key.read_bytes() == places.page_key.read_bytes()


def test_who_may_read_neither_has_no_key(places: Places) -> None:
    places.page_key.unlink()
    places.readers_page_key.unlink()
    assert page_key(places) is None
