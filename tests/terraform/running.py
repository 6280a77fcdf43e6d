"""Terraform's own binary on a copy of terraform/, asking providers of published schemas."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.terraform.provider import Provider, serving

ROOT = Path(__file__).resolve().parents[2]
BINARY = shutil.which("terraform")
WITHOUT = "terraform is not installed: its code is not checked here"


@dataclass(frozen=True)
class Terraform:
    """`folder` is the copy of terraform/; `providers` what answered, by name; `applied`: what providers were
    told to make, as (type, values), by example.
    """

    folder: Path
    providers: Mapping[str, Provider]
    env: Mapping[str, str]
    applied: dict[str, list[tuple[str, dict[str, Any]]]] = field(default_factory=dict)

    def run(self, place: str, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Runs in `place` below terraform/; what it refuses is in stderr, without its frames."""
        done = subprocess.run(
            [str(BINARY), f"-chdir={self.folder / place}", *words],
            env=dict(self.env),
            capture_output=True,
            text=True,
            check=False,
        )
        if check:
            assert done.returncode == 0, done.stderr
        return done

    def apply(self, place: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Applies; what `terraform output -json` prints."""
        self.run(place, "init", "-no-color")
        self._write(place, variables)
        for provider in self.providers.values():
            provider.applied.clear()
        self.run(place, "apply", "-auto-approve", "-no-color", "-input=false")
        self.applied[place] = [each for provider in self.providers.values() for each in provider.applied]
        found: dict[str, Any] = json.loads(self.run(place, "output", "-json").stdout)
        return found

    def refusal(self, place: str, variables: Mapping[str, Any]) -> str:
        """What `terraform plan` says against these variables, on one line; empty where it plans."""
        self._write(place, variables)
        done = self.run(place, "plan", "-no-color", "-input=false", "-refresh=false", check=False)
        return " ".join(done.stderr.replace("│", " ").split())

    def _write(self, place: str, variables: Mapping[str, Any]) -> None:
        (self.folder / place / "test.auto.tfvars.json").write_text(json.dumps(variables))


@contextmanager
def terraform(folder: Path) -> Iterator[Terraform]:
    shutil.copytree(ROOT / "terraform", folder / "terraform")
    with serving("aws", "openstack") as (providers, reattach):
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TF_REATTACH_PROVIDERS": reattach,
            "TF_CLI_CONFIG_FILE": "/dev/null",
            "CHECKPOINT_DISABLE": "1",
        }
        yield Terraform(folder / "terraform", providers, env)
