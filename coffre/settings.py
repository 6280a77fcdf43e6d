"""Settings, from the command line, `COFFRE_…` variables and files of secrets; the only module that reads the
environment.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from coffre import setting_rules
from coffre.credential_files import variables
from coffre.installation.address_forms import origin_of
from coffre.notifying.smtp_address import PAGE
from coffre.serving.callers.proxies import TrustedProxies
from coffre.setting_rules import INPROCESS
from records.errors import Invalid
from records.people.traits import IdentityCheck
from records.text.numbers import digits, whole
from records.vocabulary.codes import Environment
from storage.objects.credentials import Credentials

_PREFIX, _NEW = "COFFRE_", "COFFRE_VAULT_NEW_"


OPERATOR_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class Settings(BaseSettings):
    """Every setting with its default: the embedded engine, everything under one data directory."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="ignore")

    environment: Environment = Environment.DEMO
    data: Path = Path(".data")
    public_url: str | None = Field(
        default=None, description="origin in answers; default 127.0.0.1 and the port"
    )
    objects_public_url: str | None = Field(
        default=None,
        description="where readers reach the objects, if elsewhere; COFFRE_PUBLIC_URL: through the reader",
    )
    allowed_origins: str = Field(
        default="", description="origins whose pages may call the API: https://viewer.example,…; none else"
    )
    index_url: str | None = None
    vault_store_url: str | None = None
    day_keys_url: str | None = Field(default=None, description="a database of its own, in no backup")
    accounts_url: str | None = Field(default=None, description="the database of who signs in, its own")
    objects_url: str | None = None
    s3_access_key_id: SecretStr | None = Field(
        default=None, description="this process's own, for the objects alone; default the AWS variables"
    )
    s3_secret_access_key: SecretStr | None = None
    second_place_url: str | None = Field(
        default=None, description="where checkpoints and what a restored vault needs are kept as they arise"
    )
    queue_url: str = INPROCESS
    vault_url: str = INPROCESS
    vault_root: str | None = None
    vault_passphrase: SecretStr | None = Field(default=None, description="of the root file, if it has one")
    vault_tls_certificate: Path | None = Field(default=None, description="of this process, for https://")
    vault_tls_key: Path | None = None
    vault_tls_authority: Path | None = None
    vault_peers: str = Field(
        default="", description="who may come through the doors: reader=1001,worker=1002"
    )
    authority_public: Path | None = Field(
        default=None, description="file with the Ed25519 key that signs tokens; init of production takes it"
    )
    authority_issuer: str | None = Field(default=None, description="the issuer that those tokens name")
    operators: str = Field(
        default="",
        description="init of production: the first operators' own public keys, NAME=FILE,NAME=FILE",
    )
    require_possession: bool | None = Field(
        default=None, description="refuse bearer tokens; default only in production"
    )
    trusted_proxies: str = Field(
        default="",
        description="addresses and networks of proxies before it, whose X-Forwarded-For is accepted",
    )
    certificate_proxies: str = Field(
        default="",
        description="addresses and networks of proxies whose Client-Cert is believed; default: none",
    )
    machines_url: str | None = Field(
        default=None, description="origin where cards and machines come with their certificates (a proxy's)"
    )
    card_authorities: Path | None = Field(
        default=None,
        description="authorities of cards, in PEM",
    )
    organisation_authorities: Path | None = Field(
        default=None, description="authorities of organisations' certificates, in PEM"
    )
    practice_settings: Path | None = Field(
        default=None, description="which structures are regulation centres and the insurer's feed, in TOML"
    )
    revocation_lists: Path | None = Field(default=None, description="folder of their revocation lists")
    certificates_socket: Path | None = Field(
        default=None, description="where the sign-in process takes certificates from the proxy"
    )
    proxy_user: int | None = Field(
        default=None, description="number of the proxy's Unix user; default the sign-in process's own"
    )
    proxy_processes: str = Field(
        default="", description="where a proxy finds the processes: intake=host:port,… or one for all"
    )
    proxy_certificate: Path | None = Field(default=None, description="of the proxy's names, in PEM")
    proxy_key: Path | None = None
    proxy_authorities: Path | None = Field(
        default=None, description="authorities of the cards and certificates that are admitted, in PEM"
    )
    psc_issuer: str | None = Field(
        default=None, description="Pro Santé Connect, at the address that it calls itself; default: not used"
    )
    psc_client_id: str | None = Field(default=None, description="what this Coffre is called there")
    psc_client_secret: SecretStr | None = None
    franceconnect_issuer: str | None = Field(
        default=None, description="the provider by which patients may sign in once linked; default: none"
    )
    franceconnect_client_id: str | None = Field(default=None, description="what this Coffre is called there")
    franceconnect_client_secret: SecretStr | None = None
    operator_address: str | None = Field(
        default=None,
        description="host:port of the monitoring network, where /metrics and /openapi.json answer",
    )
    gateway: bool = Field(
        default=True, description="content in clear for pages and stock viewers; off: encrypted grants alone"
    )
    ohif: Path | None = Field(
        default=None, description="folder with OHIF (make ohif), shown below each record; default: none"
    )
    notices_url: str = Field(
        default=PAGE,
        description="where notices leave: page: (on the holder's page alone), smtp://host:port, smtps://…",
    )
    notices_from: str | None = Field(default=None, description="the address that messages are from")
    sms_url: str | None = Field(
        default=None,
        description="gateway by which codes leave for telephones: https://host/path?sender=…&token_file=…",
    )
    syslog_url: str | None = Field(
        default=None, description="who watches the door: udp://host:port or unix:///dev/log"
    )
    identity_check: IdentityCheck = IdentityCheck.USUAL
    log_format: Literal["text", "json"] = "text"
    lease_s: int = Field(
        default=60, ge=5, le=900, description="after which a dead worker's submission is free"
    )
    workers: int = Field(default=2, ge=1, le=64, description="submissions validated at once")
    shared_deposits: int = Field(
        default=8,
        ge=1,
        le=64,
        description="small deposits of one depositor that share transactions; 1: none do",
    )
    cpu_allowance_s: int = Field(
        default=7_200,
        ge=1,
        description="CPU that a structure's files may cost in a day (UTC); beyond, it comes after all others",
    )
    decode_frames: int = Field(
        default=0, ge=0, description="compressed frames of each instance that are decoded as a check"
    )

    renditions: bool = Field(
        default=True,
        description="off: no small pictures are made of what is deposited; `coffre renditions` does it later",
    )

    @field_validator("public_url", "objects_public_url", "machines_url")
    @classmethod
    def _without_final_slash(cls, url: str | None) -> str | None:
        return url.strip().rstrip("/") if url else None

    @field_validator(
        "lease_s", "workers", "shared_deposits", "cpu_allowance_s", "decode_frames", mode="before"
    )
    @classmethod
    def _digits(cls, value: object) -> object:
        """The environment writes digits alone; `2_0` is a slip of the hand, not twenty."""
        return digits(value)

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
    return {name.removeprefix(_PREFIX).lower(): value for name, value in environ.items() if _PREFIX in name}


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
