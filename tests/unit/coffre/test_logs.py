"""What a process logs: nothing that a library quotes from content it reads."""

import subprocess
import sys

import pytest

SAYS = """
import logging
from coffre.processes import logs
logs.configure({form!r})
logging.getLogger({name!r}).error('DURAND')
"""


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("name", ["pydicom", "pypdf", "pikepdf", "PIL", "pypdf._reader", "PIL.Image"])
def test_remarks_of_libraries_that_read_content_are_not_logged(name: str, form: str) -> None:
    code = SAYS.format(form=form, name=name)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""


def test_other_lines_are() -> None:
    code = SAYS.format(form="text", name="coffre.x")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "DURAND" in done.stderr
