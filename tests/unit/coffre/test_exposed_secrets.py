"""Every file of a secret that others may read is refused before it is used, and its content is not said."""

from collections.abc import Callable
from pathlib import Path

import pytest

from coffre.credential_files import variables
from coffre.installation.places import read_secret
from coffre.notifying.sms_address import read_sms_address
from coffre.notifying.sms_carrier import SmsCarrier
from coffre.notifying.smtp_address import read_smtp_address
from coffre.notifying.smtp_notifier import SmtpNotifier
from coffre.safekeeping import officer
from keyvault.process.tls import client_context, tls_context
from keyvault.roots.opening import Secrets
from records.errors import CoffreError
from tests.services.authority import Authority

SECRET = "00112233445566778899aabbccddeeff" * 2


def _in_tls(make: Callable[[Path, Path, Path], object]) -> Callable[[Path], object]:
    def read(file: Path) -> object:
        certificate, key, authority = Authority(file.parent / "authority").issue("vault")
        mode = file.stat().st_mode
        file.write_bytes(key.read_bytes())
        file.chmod(mode)
        return make(certificate, file, authority)

    return read


def _root(file: Path) -> object:
    secrets = Secrets(passphrase=None, environ={"COFFRE_VAULT_PIN_FILE": str(file)}, ask=None, sealed=False)
    return secrets.read("COFFRE_VAULT_PIN")


def _shares(file: Path) -> object:
    secrets = Secrets(passphrase=None, environ={"COFFRE_VAULT_SHARES": str(file)}, ask=None, sealed=False)
    return secrets.shares()


def _mail(file: Path) -> object:
    server = read_smtp_address(f"smtps://mail.example?user=coffre&password_file={file}")
    assert server is not None
    return SmtpNotifier(server, "coffre@coffre.example", "https://coffre.example")._password()


def _sms(option: str) -> Callable[[Path], object]:
    def read(file: Path) -> object:
        gateway = read_sms_address(f"https://sms.example/v1?sender=Coffre&{option}={file}")
        assert gateway is not None
        carrier = SmsCarrier(gateway)
        return carrier._token() or carrier._login()

    return read


READERS: dict[str, Callable[[Path], object]] = {
    "of settings or roles": lambda file: variables(file.parent),
    "of the root": _root,
    "share of a quorum": _shares,
    "key of the vault's TLS": _in_tls(tls_context),
    "key of a caller's TLS": _in_tls(client_context),
    "key of the audit officer": officer.read_key,
    "key of the installation": read_secret,
    "password of mail": _mail,
    "token of SMS": _sms("token_file"),
    "password of SMS": _sms("user=coffre&password_file"),
}


def secret(folder: Path, mode: int, name: str) -> Path:
    file = folder / "secret.env"
    file.write_text(f"COFFRE_VAULT_PIN={SECRET}\n" if name == "of settings or roles" else f"{SECRET}\n")
    file.chmod(mode)
    return file


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o644])
@pytest.mark.parametrize("name", READERS)
def test_one_that_everybody_may_read_or_change_is_refused(tmp_path: Path, name: str, mode: int) -> None:
    file = secret(tmp_path, mode, name)
    with pytest.raises(CoffreError, match=f"chmod 600 {file}") as refused:
        READERS[name](file)
    assert refused.value.code == "secret_readable"
    assert SECRET not in refused.value.sentence


@pytest.mark.parametrize("mode", [0o600, 0o440])
@pytest.mark.parametrize("name", READERS)
def test_one_of_its_owner_or_of_a_group_is_read(tmp_path: Path, name: str, mode: int) -> None:
    """As systemd leaves a unit's user its credentials."""
    assert READERS[name](secret(tmp_path, mode, name))
