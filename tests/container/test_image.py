"""The image is built of Debian's packages, of no container registry, and the whole story is played in it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.processes import debian

ROOT = Path(__file__).parents[2]
AS_HERE = ("/etc/pip.conf", "/etc/ssl/certs")
"""What pip may need of this machine: where it finds packages, and by which authorities."""
HERE = ["--isolation", "chroot", "--network", "host"]
"""A machine that runs tests may be a container itself, in which nothing more is allowed."""
PYTHON = "/opt/coffre/bin/python"

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]


def run(*command: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, **more}
    )


@pytest.fixture(scope="module")
def container() -> Iterator[str]:
    """A container of the image, which `make image` built just now."""
    debian("mmdebstrap", "mmdebstrap")
    debian("buildah", "buildah")
    mounts = [word for path in sorted({*AS_HERE, *folders_of_packages()}) for word in mounted(path)]
    built = run("make", "image", f"BUILDAH={' '.join([*HERE, *mounts])}")
    assert built.returncode == 0, built.stderr[-2_000:]
    made = run("buildah", "from", "--quiet", "localhost/coffre").stdout.strip()
    yield made
    run("buildah", "rm", made)
    run("buildah", "rmi", "localhost/coffre", "localhost/coffre-engines")


def folders_of_packages() -> set[str]:
    """Folders of this machine that pip is set to look into."""
    told = run(sys.executable, "-m", "pip", "config", "list").stdout
    return set(re.findall(r"(?<![\w/:])(?:file://)?(/[^\s'\\]+)", told))


def mounted(path: str) -> list[str]:
    return ["-v", f"{path}:{path}:ro"] if Path(path).exists() else []


def inside(container: str, *command: str) -> "subprocess.CompletedProcess[str]":
    return run("buildah", "run", "--isolation", "chroot", container, "--", *command)


def test_the_story_is_played_in_the_image(container: str) -> None:
    played = inside(container, "/opt/coffre/bin/coffre", "demo")
    assert played.returncode == 0, played.stderr[-2_000:]


def test_of_commands_the_image_has_python_alone_and_no_root(container: str) -> None:
    folders = "'/bin', '/sbin', '/usr/bin', '/usr/sbin'"
    listed = f"import os; print(*(name for at in ({folders}) for name in os.listdir(at)))"
    commands = inside(container, PYTHON, "-c", listed).stdout.split()
    assert commands and [each for each in commands if not each.startswith("python")] == []
    assert inside(container, PYTHON, "-m", "pip", "--version").returncode != 0
    told = inside(container, PYTHON, "-c", "import os; print(os.getuid(), os.getgid())")
    assert told.stdout.split() == ["60801", "60801"]
