"""The images, which `make image` builds once for all tests of containers."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.processes import debian

ROOT = Path(__file__).parents[2]
IMAGES = ("localhost/coffre", "localhost/coffre-engines")
AS_HERE = ("/etc/pip.conf", "/etc/ssl/certs")
"""What pip may need of this machine: where it finds packages, and by which authorities."""
HERE = ["--isolation", "chroot", "--network", "host"]
"""A machine that runs tests may be a container itself, in which nothing more is allowed."""


@pytest.fixture(scope="session")
def images() -> Iterator[tuple[str, ...]]:
    """Those of the processes and of the engines, built just now; gone at the end."""
    debian("mmdebstrap", "mmdebstrap")
    debian("buildah", "buildah")
    mounts = [word for path in sorted({*AS_HERE, *folders_of_packages()}) for word in mounted(path)]
    options = {**os.environ, "BUILDAH": " ".join([*HERE, *mounts])}
    built = subprocess.run(
        ["make", "image"], cwd=ROOT, capture_output=True, text=True, check=False, env=options
    )
    assert built.returncode == 0, built.stderr[-2_000:]
    yield IMAGES
    subprocess.run(["buildah", "rmi", *IMAGES], capture_output=True, check=False)


def folders_of_packages() -> set[str]:
    """Folders of this machine that pip is set to look into."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return set(re.findall(r"(?<![\w/:])(?:file://)?(/[^\s'\\]+)", told))


def mounted(path: str) -> list[str]:
    return ["-v", f"{path}:{path}:ro"] if Path(path).exists() else []
