"""The vault's doors over mutual TLS: a certificate of the authority, and only the doors it names."""

import http.client
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from coffre.demo_authority.identities import Identities
from coffre.installation.install import initialise
from coffre.settings import load
from coffre.wiring import System
from keyvault.process.client import RemoteGuard, connect
from keyvault.process.service import VaultService
from keyvault.process.tls import client_context, tls_context
from keyvault.verbs.call import Call
from records.errors import CoffreError
from tests.integration.support import TRAITS, new_ins
from tests.services.authority import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ours")


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    initialise(load(data=tmp_path / "data"))
    with System(load(data=tmp_path / "data")) as system:
        yield system


@pytest.fixture
def service(system: System, authority: Authority) -> Iterator[VaultService]:
    context = tls_context(*authority.issue("vault"))
    service = VaultService.on_tcp(system.local_guard(), "127.0.0.1", 0, context)
    service.start()
    yield service
    service.stop()


def guard_of(service: VaultService, files: tuple[Path, Path, Path]) -> RemoteGuard:
    return connect(f"https://127.0.0.1:{service.port}", tls=client_context(*files))


def test_the_named_doors_open(system: System, service: VaultService, authority: Authority) -> None:
    guard = guard_of(service, authority.issue("operator+reader"))
    ins = new_ins()
    identities = Identities(system)
    opened = guard.operator.open_record(
        identities.operator(), ins, TRAITS, consent_by="operator", consent_how="spoken"
    )
    record = guard.reader.resolve(Call(token=identities.patient(ins)), ins)
    assert record.public_id == opened.public_id  # type: ignore[union-attr]


def test_another_door_stays_shut(service: VaultService, authority: Authority) -> None:
    guard = guard_of(service, authority.issue("reader"))
    with pytest.raises(CoffreError) as refused:
        guard.housekeeper.expire()
    assert refused.value.code == "door_refused"


def test_a_certificate_of_another_authority_is_refused(
    service: VaultService, authority: Authority, tmp_path: Path
) -> None:
    certificate, key, _ = Authority(tmp_path / "theirs").issue("reader")
    guard = guard_of(service, (certificate, key, authority.file))
    with pytest.raises(CoffreError) as refused:
        guard.public.public_keys()
    assert refused.value.code == "vault_unavailable"


def test_without_a_certificate_nobody_comes_in(service: VaultService, authority: Authority) -> None:
    context = ssl.create_default_context(cafile=str(authority.file))
    connection = http.client.HTTPSConnection("127.0.0.1", service.port, timeout=5, context=context)
    with pytest.raises((ssl.SSLError, OSError, http.client.HTTPException)):
        connection.request("POST", "/reader", b"{}")
        connection.getresponse()


def test_a_vault_of_another_authority_is_not_accepted(
    service: VaultService, authority: Authority, tmp_path: Path
) -> None:
    certificate, key, _ = authority.issue("reader")
    guard = guard_of(service, (certificate, key, Authority(tmp_path / "theirs").file))
    with pytest.raises(CoffreError) as refused:
        guard.public.public_keys()
    assert refused.value.code == "vault_unavailable"


class TestOnSockets:
    @pytest.fixture
    def guard(self, system: System, tmp_path: Path) -> Iterator[RemoteGuard]:
        service = VaultService.on_sockets(system.local_guard(), tmp_path / "doors", {})
        service.start()
        yield connect(f"unix://{tmp_path}/doors")
        service.stop()

    def test_answers_and_refusals_cross(self, system: System, guard: RemoteGuard) -> None:
        assert {key.use for key in guard.public.public_keys()} == {
            "grant",
            "checkpoint",
            "certificate",
            "reception",
        }
        guard.housekeeper.sequence()
        with pytest.raises(CoffreError) as refused:
            guard.reader.resolve(Call(token="forged"), new_ins())
        assert refused.value.code == "token_invalid"

    def test_a_body_without_a_length_is_refused(self, guard: RemoteGuard, tmp_path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as raw:
            raw.connect(str(tmp_path / "doors" / "reader.sock"))
            raw.sendall(b"POST /reader HTTP/1.1\r\nHost: vault\r\nContent-Length: none\r\n\r\n")
            assert b"bad_call" in raw.makefile("rb").read()

    def test_a_failing_verb_says_nothing_of_why(self, system: System, guard: RemoteGuard) -> None:
        with pytest.raises(CoffreError) as failed:
            guard.public.tile("high", 0)  # type: ignore[arg-type]
        assert failed.value.code == "bad_call"


def test_an_address_of_neither_kind_is_refused() -> None:
    with pytest.raises(CoffreError) as refused:
        connect("http://127.0.0.1:1")
    assert refused.value.code == "bad_setting"
