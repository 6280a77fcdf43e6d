"""Each lock is closed: `pip install --no-deps` leaves nothing out, on every Python that Coffre supports."""

import re
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PIN = r"[a-z0-9._-]+==\S+( ; .+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?"
# The first release of each supported series and, where packages make a difference, a later one.
PYTHONS = ("3.11.0", "3.11.9", "3.12.0", "3.13.0")


def locked(name: str) -> dict[str, Requirement]:
    lines = (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
    pins = [Requirement(line.removesuffix("\\").strip()) for line in lines if re.match(r"[a-z0-9]", line)]
    return {canonicalize_name(pin.name): pin for pin in pins}


def extras() -> dict[str, tuple[str, ...]]:
    """The extras of pyproject.toml from which `make lock` makes each lock."""
    rule = re.compile(
        r"\$\(PIP_COMPILE\)(?P<extras>(?: --extra [a-z-]+)+)"
        r" --output-file requirements/(?P<lock>[a-z-]+)\.txt"
    )
    found = rule.finditer((ROOT / "Makefile").read_text())
    return {one["lock"]: tuple(re.findall(r"--extra ([a-z-]+)", one["extras"])) for one in found}


def wanted(lock: str) -> Iterator[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for group in (
        project["dependencies"],
        *(project["optional-dependencies"][extra] for extra in extras()[lock]),
    ):
        yield from map(Requirement, group)


def environment(python: str) -> dict[str, str]:
    return {
        "python_version": python.rpartition(".")[0],
        "python_full_version": python,
        "implementation_name": "cpython",
        "implementation_version": python,
        "platform_python_implementation": "CPython",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "os_name": "posix",
    }


def applies(requirement: Requirement, env: Mapping[str, str], asked: frozenset[str]) -> bool:
    if requirement.marker is None:
        return True
    return any(requirement.marker.evaluate({**env, "extra": extra}) for extra in asked or {""})


def missing(
    pins: Mapping[str, Requirement], roots: Iterator[Requirement], env: Mapping[str, str]
) -> set[str]:
    """Requirements that follow from `roots` and that no pin satisfies."""
    waiting = [(root, "pyproject.toml") for root in roots if applies(root, env, frozenset())]
    seen: set[tuple[str, frozenset[str]]] = set()
    faults: set[str] = set()
    while waiting:
        requirement, by = waiting.pop()
        name, asked = canonicalize_name(requirement.name), frozenset(requirement.extras)
        pin = pins.get(name)
        if pin is None or not applies(pin, env, frozenset()):
            faults.add(f"{requirement} (of {by})")
            continue
        if not requirement.specifier.contains(version(pin), prereleases=True):
            faults.add(f"{requirement} (of {by}), pinned to {version(pin)}")
        if (name, asked) in seen:
            continue
        seen.add((name, asked))
        needs = map(Requirement, distribution(name).requires or ())
        waiting += [(need, name) for need in needs if applies(need, env, asked)]
    return faults


def version(pin: Requirement) -> Version:
    (specifier,) = pin.specifier
    return Version(specifier.version)


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", sorted(extras()))
def test_everything_that_a_lock_needs_is_in_it(lock: str, python: str) -> None:
    assert missing(locked(lock), wanted(lock), environment(python)) == set()


def test_every_lock_is_made_by_make_lock() -> None:
    assert set(extras()) == {path.stem for path in (ROOT / "requirements").glob("*.txt")}


@pytest.mark.parametrize("lock", sorted(extras()))
def test_locks_pin_alike_what_the_tests_ran_with(lock: str) -> None:
    tested = locked("dev")
    for name, pin in locked(lock).items():
        assert version(pin) == version(tested[name]) == Version(distribution(name).version), name


def test_a_lock_names_its_packages_without_extras_and_with_hashes_alone() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        for line in path.read_text().splitlines():
            if line and not line.startswith("#"):
                assert re.fullmatch(PIN, line), line


def test_no_target_lets_pip_resolve() -> None:
    """A lock that pip resolves breaks on the day when a dependency of one of its extras is published anew."""
    installs = [line for line in (ROOT / "Makefile").read_text().splitlines() if "$(PIP) install" in line]
    assert installs
    for line in installs:
        assert "--no-deps" in line, line


def test_no_file_names_the_host_of_a_registry() -> None:
    """Whoever installs says where packages come from, by the settings of each client."""
    host = r"\b(registry|pypi|quay|ghcr|docker)\.([a-z0-9-]+\.)*(org|io|com|dev|net)\b"
    found = subprocess.run(
        ["git", "grep", "-nIP", host], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.stdout == ""
    assert found.returncode == 1, found.stderr
