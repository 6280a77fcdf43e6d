"""axe-core, which finds faults of accessibility in a page as a browser has it (npm; a test's tool alone)."""

import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.services.processes import debian

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / ".axe" / "axe.min.js"
VERSION = "4.14.1"


def violations(page: Page) -> list[str]:
    """The rules that the page breaks, each with the element that does (WCAG 2.2 A and AA, good practice)."""
    page.evaluate(program())
    found: list[dict[str, Any]] = page.evaluate("() => axe.run().then(({violations}) => violations)")
    return [f"{each['id']}: {json.dumps(each['nodes'][0]['target'])}" for each in found]


def program() -> str:
    """The program, fetched by npm where it is missing."""
    if not PROGRAM.exists():
        PROGRAM.parent.mkdir(exist_ok=True)
        command = [debian("npm", "npm"), "pack", "--silent", f"axe-core@{VERSION}"]
        subprocess.run(command, cwd=PROGRAM.parent, capture_output=True, check=True)
        with tarfile.open(PROGRAM.parent / f"axe-core-{VERSION}.tgz") as packed:
            file = packed.extractfile("package/axe.min.js")
            assert file is not None
            PROGRAM.write_bytes(file.read())
    return PROGRAM.read_text(encoding="utf-8")
