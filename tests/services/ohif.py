"""OHIF as its makers publish it, and a browser without a window to open it in."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.services.one_at_a_time import ROOT, one_at_a_time
from tests.services.processes import debian

DIST = ROOT / ".ohif" / "dist"
FLAGS = (
    "--no-sandbox",  # as root; what it opens is ours alone
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--lang=en-US",
)


def dist() -> Path:
    """OHIF's folder, fetched by `make ohif` where it is missing."""
    with one_at_a_time():
        if not (DIST / "index.html").exists():
            made = subprocess.run(["make", "ohif"], cwd=ROOT, capture_output=True, text=True, check=False)
            if made.returncode:
                raise RuntimeError(f"make ohif failed; it needs npm and its registry: {made.stderr[-500:]}")
    return DIST


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, which draws WebGL in software."""
    program = debian("chromium", "chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
