"""Settings, from the command line, `COFFRE_…` variables and files of secrets; the only module that reads the
environment.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from coffre import setting_rules
from coffre.credential_files import variables
from coffre.installation.address_forms import origin_of
from coffre.setting_fields import PREFIX, SettingFields
from coffre.trusted_proxies import TrustedProxies
from records.errors import Invalid
from records.text.numbers import whole
from records.vocabulary.codes import Environment
from storage.objects.credentials import Credentials

_NEW = "COFFRE_VAULT_NEW_"
OPERATOR_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class Settings(SettingFields):
    """The settings of a process, and what follows from them."""

    def checked(self, *, for_init: bool = False) -> "Settings":
        """These settings. Raises `Invalid` as `setting_rules.check` does."""
        setting_rules.check(self, for_init=for_init)
        return self

    def of_installation(self, environment: Environment) -> "Settings":
        """The settings of a process of an installation, which was made for one environment for good."""
        if "environment" in self.model_fields_set and self.environment is not environment:
            raise Invalid(
                f"COFFRE_ENVIRONMENT is {self.environment.value}, and this Coffre was made for "
                f"{environment.value}: leave the setting out, or name another data directory.",
                code="other_environment",
            )
        return self.model_copy(update={"environment": environment}).checked()

    def operator_listener(self) -> tuple[str, int] | None:
        """Host and port that operators' tools ask."""
        if self.operator_address is None:
            return None
        host, _, port = self.operator_address.rpartition(":")
        return host.strip("[]"), int(port)

    def origins(self) -> tuple[str, ...]:
        """The origins of COFFRE_ALLOWED_ORIGINS as browsers send them. Raises `Invalid` "bad_setting"."""
        return tuple(dict.fromkeys(map(origin_of, self.named_origins())))

    def proxies(self) -> TrustedProxies:
        """Who is accepted about whose calls it passes on. Raises `ValueError`."""
        return TrustedProxies(self.trusted_proxies)

    def first_operators(self) -> list[tuple[str, Path]]:
        """Their names, and the files with their public keys. Raises `ValueError` for another form."""
        entries = [entry.partition("=") for entry in filter(None, self.operators.split(","))]
        named = [(name.strip(), Path(file.strip())) for name, _, file in entries]
        if any(not OPERATOR_NAME.fullmatch(name) or file == Path() for name, file in named):
            raise ValueError
        if len(named) == 1 or len({name for name, _ in named}) < len(named):
            raise ValueError
        return named

    def certifying(self) -> TrustedProxies:
        """Whose word about the certificates of its clients is believed. Raises `ValueError`."""
        return TrustedProxies(self.certificate_proxies)

    def named_origins(self) -> list[str]:
        """The origins of COFFRE_ALLOWED_ORIGINS as they are written."""
        return self.allowed_origins.replace(",", " ").split()

    def pages(self) -> tuple[str, ...]:
        """Whose pages fetch from the object store: our own, and those of other origins that may call."""
        own = (self.public_url.rstrip("/"),) if self.public_url else ()
        return tuple(dict.fromkeys((*own, *self.origins())))

    def s3_credentials(self) -> Credentials | None:
        """Keys of the object store; None: the S3 clients look where they always do."""
        if self.s3_access_key_id is None or self.s3_secret_access_key is None:
            return None
        return Credentials(
            self.s3_access_key_id.get_secret_value(), self.s3_secret_access_key.get_secret_value()
        )

    @property
    def cpu_allowance_ms(self) -> int:
        return self.cpu_allowance_s * 1000

    @property
    def bearers_refused(self) -> bool:
        if self.require_possession is None:
            return self.environment is Environment.PRODUCTION
        return self.require_possession

    @property
    def vault_dir(self) -> Path:
        return self.data / "vault"

    @property
    def authority_dir(self) -> Path:
        return self.data / "authority"

    @property
    def root_url(self) -> str:
        return self.vault_root or f"file:{self.vault_dir / 'root'}"

    @property
    def relays_objects(self) -> bool:
        """Whether the reader passes objects on: readers reach the store under this site's own name alone."""
        return self.objects_public_url is not None and self.objects_public_url == self.public_url

    def vault_tls(self) -> tuple[Path, Path, Path]:
        """Certificate, key and authority. Raises `Invalid` where one is missing."""
        found = (self.vault_tls_certificate, self.vault_tls_key, self.vault_tls_authority)
        if None in found:
            raise Invalid(
                "An https:// vault needs COFFRE_VAULT_TLS_CERTIFICATE, COFFRE_VAULT_TLS_KEY and "
                "COFFRE_VAULT_TLS_AUTHORITY.",
                code="bad_setting",
            )
        return found  # type: ignore[return-value]

    def peers(self) -> dict[str, frozenset[int]]:
        """User ids by door."""
        found: dict[str, set[int]] = {}
        for door, user in self.named_peers():
            found.setdefault(door, set()).add(whole(user))
        return {door: frozenset(users) for door, users in found.items()}

    def named_peers(self) -> Iterator[tuple[str, str]]:
        """The entries of COFFRE_VAULT_PEERS, as they are written."""
        for entry in filter(None, self.vault_peers.split(",")):
            door, _, user = entry.partition("=")
            yield door.strip(), user.strip()

    def passphrase(self) -> str | None:
        return self.vault_passphrase.get_secret_value() if self.vault_passphrase else None

    def root_environ(self) -> dict[str, str]:
        """Where roots find what their modules and services want: COFFRE_VAULT_PIN, _SHARES, AWS_…"""
        return {**_in_files(), **os.environ}

    def new_root_environ(self) -> dict[str, str]:
        """A new root has its secrets in COFFRE_VAULT_NEW_PASSPHRASE, _NEW_PIN…, else the present one's."""
        told = self.root_environ()
        given = {name.replace("_NEW_", "_", 1): v for name, v in told.items() if name.startswith(_NEW)}
        return {**told, **given}


def load(*, for_init: bool = False, **given: object) -> Settings:
    """Settings from the environment, overridden by what the command line gave.

    Raises `Invalid` "bad_setting" or "not_for_production", and then names all that is wrong or missing.
    """
    typed = {name: value for name, value in given.items() if value is not None}
    files = {name: value for name, value in _in_files().items() if name not in os.environ}
    return _made({**_fields(files), **typed}, typed).checked(for_init=for_init)


def read_alone(environ: Mapping[str, str]) -> Settings:
    """The settings of a process with this environment, whatever ours is. Raises `Invalid` "bad_setting"."""
    defaults = {name: field.get_default() for name, field in Settings.model_fields.items()}
    return _made({**defaults, **_fields(environ)}, {})


def _in_files() -> dict[str, str]:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return variables(Path(folder)) if folder else {}


def _fields(environ: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix(PREFIX).lower(): value for name, value in environ.items() if PREFIX in name}


def _made(given: Mapping[str, object], typed: Mapping[str, object]) -> Settings:
    """`typed`: those of `given` that stood on a command line."""
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        # never the value: it may be a secret
        told = [f"{_spelled(each['loc'], typed)}: {_lowered(each['msg'])}" for each in error.errors()]
        raise Invalid(f"Correct these settings: {'; '.join(told)}.", code="bad_setting") from None


def _spelled(place: tuple[int | str, ...], typed: Mapping[str, object]) -> str:
    """A setting as whoever set it spelled it."""
    name = "_".join(map(str, place))
    return f"--{name.replace('_', '-')}" if name in typed else f"COFFRE_{name.upper()}"


def _lowered(sentence: str) -> str:
    sentence = sentence.removeprefix("Value error, ")  # pydantic's
    return sentence[:1].lower() + sentence[1:]
