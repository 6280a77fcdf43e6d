"""OHIF's page as browsers get it: its program runs by our own script alone."""

from pathlib import Path
from uuid import UUID

import pytest

from records.errors import CoffreError
from viewer_api.ohif.files import INDEX, OhifFiles

RECORD = UUID(int=7)
PAGE = "<html><head>{}</head><body></body></html>"
SETTINGS = '<script rel="preload" as="script" src="/app-config.js"></script>'
KNOWN = '<script defer src="/app.bundle.0123456789abcdef.js"></script>'


def written(folder: Path, scripts: str) -> OhifFiles:
    (folder / INDEX).write_text(PAGE.format(scripts))
    return OhifFiles(folder)


def test_its_program_is_fetched_and_left_to_ours(tmp_path: Path) -> None:
    html = written(tmp_path, SETTINGS + KNOWN).index(RECORD, "ours.js")
    assert f'<link id="ohif" rel="preload" as="script" href="/records/{RECORD}/ohif/app.bundle.' in html
    assert html.count("<script") == 2 and "/ours.js" in html


@pytest.mark.parametrize(
    "scripts",
    [
        "",
        '<script src="/app.bundle.0123456789abcdef.js" defer></script>',
        KNOWN + '<script defer src="/vendor.0123456789abcdef.js"></script>',
    ],
    ids=["none", "written otherwise", "one more"],
)
def test_a_page_whose_program_would_run_by_itself_is_not_given(tmp_path: Path, scripts: str) -> None:
    with pytest.raises(CoffreError) as told:
        written(tmp_path, scripts).index(RECORD)
    assert told.value.code == "ohif_unknown"
