"""Production begun and run by two operators with hardware keys: no authority, no key in a file."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from keyvault.credentials.hardware_tokens import asked
from tests.integration.running import process
from tests.integration.test_production import ORIGIN, Production, production_in
from tests.services.authenticator import HardwareKey

UNTIL = ("--until", "2099-01-01")


@dataclass
class Site:
    production: Production
    keys: dict[str, HardwareKey]

    def token(self, name: str) -> Path:
        """As `coffre operator token` writes it."""
        wanted = asked(f"operator:{name}", "coffre/production", f"{name}{time.time_ns()}", int(time.time()))
        path = self.production.folder / f"{name}.token"
        path.write_text(self.keys[name].signed(wanted))
        return path

    def registered(self, name: str) -> Path:
        path = self.production.folder / f"{name}.json"
        path.write_text(self.keys[name].registration())
        return path

    def both(self, first: str = "alice", second: str = "bob") -> tuple[object, ...]:
        return ("--operator", self.token(first), "--second-operator", self.token(second))

    def done(self, *words: object) -> str:
        ended = self.production.run(*words, "--data", self.production.data)
        assert ended.returncode == 0, ended.stderr
        return str(ended.stdout)

    def refused(self, *words: object) -> str:
        told: str = self.production.refused(*words, "--data", self.production.data)
        return told.partition(":")[0]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = production_in(tmp_path_factory.mktemp("operator-keys"))
    found = Site(made, {name: HardwareKey(ORIGIN) for name in ("alice", "bob", "carol")})
    files = [f"{name}={found.registered(name)}" for name in ("alice", "bob")]
    made.env["COFFRE_OPERATORS"] = ",".join(files)
    for name in ("COFFRE_AUTHORITY_PUBLIC", "COFFRE_AUTHORITY_ISSUER"):
        del made.env[name]
    found.done("init")
    with process("vault", "serve", "--data", str(made.data), env=made.env):
        yield found


def test_two_enrol_a_third_who_is_listed_and_ended(site: Site) -> None:
    said = ("operator", "enrol", "carol", "--key", site.registered("carol"), *UNTIL, "--yes")
    assert "by a hardware key" in site.done(*said, *site.both())
    listed = json.loads(site.done("operator", "list", "--operator", site.token("carol"), "--json"))[
        "operators"
    ]
    assert [each["name"] for each in listed] == ["operator:alice", "operator:bob", "operator:carol"]
    assert {each["origin"] for each in listed} == {ORIGIN}
    site.done("operator", "end", "carol", "--yes", *site.both())
    assert site.refused("operator", "list", "--operator", site.token("carol")) == "issuer_ended"


def test_one_person_is_not_two(site: Site) -> None:
    said = ("operator", "enrol", "dan", "--key", site.registered("carol"), *UNTIL, "--yes")
    assert site.refused(*said, *site.both("alice", "alice")) == "two_operators"
    again = ("operator", "enrol", "dan", "--key", site.registered("alice"), *UNTIL, "--yes")
    assert site.refused(*again, *site.both()) == "issuer_key_used"


def test_the_last_two_cannot_end_each_other(site: Site) -> None:
    assert site.refused("operator", "end", "bob", "--yes", *site.both()) == "last_operators"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [("Dan", "{}", "bad_name"), ("dan", "{}", "bad_key"), ("dan", "\x80", "bad_key")],
)
def test_what_cannot_be_enrolled_is_said(site: Site, name: str, content: str, code: str) -> None:
    file = site.production.folder / "wrong.json"
    file.write_text(content, "latin-1")
    assert site.refused("operator", "enrol", name, "--key", file, *UNTIL, "--yes", *site.both()) == code


@pytest.mark.parametrize("pasted", ["signed", "another"])
def test_a_command_waits_for_what_the_key_has_signed(site: Site, pasted: str) -> None:
    out = site.production.folder / "asked.token"
    out.unlink(missing_ok=True)
    words = ("operator", "token", "alice", "--out", out, "--data", site.production.data)
    command = [sys.executable, "-m", "coffre.cli", *map(str, words)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, env=site.production.environment(), **pipes) as waiting:  # type: ignore[call-overload]
        address = waiting.stderr.readline()
        assert address.startswith(f"Open {ORIGIN}/sign-in/operateur#"), address
        wanted = address.strip().partition("#")[2]
        given = {
            "signed": site.keys["alice"].signed(wanted),
            "another": site.token("alice").read_text(),
            "": "",
        }
        _, said = waiting.communicate(f" {given[pasted]} \n")
    assert (waiting.returncode == 0) is (pasted == "signed"), said
    if pasted == "signed":
        assert out.stat().st_mode & 0o777 == 0o600
        assert "operator:bob" in site.done("operator", "list", "--operator", out)
    else:
        assert "bad_token" in said and not out.exists()


def test_a_key_of_another_site_begins_nothing(tmp_path: Path) -> None:
    made = production_in(tmp_path)
    elsewhere = {name: HardwareKey("https://c0ffre.example") for name in ("alice", "bob")}
    found = Site(made, elsewhere)
    made.env["COFFRE_OPERATORS"] = ",".join(f"{name}={found.registered(name)}" for name in elsewhere)
    told = made.refused("init", "--data", made.data)
    assert told.startswith("bad_setting: COFFRE_OPERATORS") and "/sign-in/operateur" in told
