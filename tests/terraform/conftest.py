"""Terraform on a copy of terraform/, and what applying the examples put out; once for each worker."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.terraform.running import BINARY, WITHOUT, Terraform, terraform

AWS = {
    "public_url": "https://coffre.example",
    "image": "ami-0123456789abcdef0",
    "on_call": ["astreinte@coffre.example"],
    "broker_password": "a" * 30,
}
OPENSTACK = {"public_url": "https://coffre.example", "image": "debian-12", "objects_network": "10.9.0.0/16"}


@pytest.fixture(scope="session")
def infrastructure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terraform]:
    if BINARY is None:
        pytest.skip(WITHOUT)
    with terraform(tmp_path_factory.mktemp("terraform")) as found:
        (found.folder / "examples/aws/rules.yaml").write_text("groups: []\n")
        found.run("site", "init", "-no-color")
        yield found


@pytest.fixture(scope="session")
def aws(infrastructure: Terraform) -> dict[str, Any]:
    return infrastructure.apply("examples/aws", AWS)


@pytest.fixture(scope="session")
def openstack(infrastructure: Terraform) -> dict[str, Any]:
    return infrastructure.apply("examples/openstack", OPENSTACK)
