from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.integration.conftest import coffre, patient
from tests.services.ohif import chromium

__all__ = ["coffre", "patient"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One for all: it takes seconds to start."""
    with chromium() as browser:
        yield browser
