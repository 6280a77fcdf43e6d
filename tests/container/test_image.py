"""The image is built of Debian's packages, of no container registry, and the whole story is played in it."""

import subprocess
from collections.abc import Iterator

import pytest

PYTHON = "/opt/coffre/bin/python"

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def container(images: tuple[str, ...]) -> Iterator[str]:
    """A container of the image of the processes."""
    made = run("buildah", "from", "--quiet", images[0]).stdout.strip()
    yield made
    run("buildah", "rm", made)


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
