"""The engines of the roots, one of each for the whole run."""

from collections.abc import Iterator

import pytest

from tests.services import moto_kms, openbao, softhsm
from tests.services.moto_kms import MotoKms
from tests.services.openbao import OpenBao
from tests.services.softhsm import SoftHsm


@pytest.fixture(scope="session")
def soft_hsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftHsm]:
    with softhsm.running(tmp_path_factory.mktemp("softhsm")) as service:
        yield service


@pytest.fixture(scope="session")
def open_bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    with openbao.running(tmp_path_factory.mktemp("openbao")) as service:
        yield service


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoKms]:
    with moto_kms.running(tmp_path_factory.mktemp("moto")) as service:
        yield service
