"""Settings, from `COFFRE_…` variables and the command line; the only module that reads the environment."""

import os
import re
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from records.errors import Invalid
from records.traits import IdentityCheck
from records.vocabulary.codes import Environment
from storage.objects.credentials import Credentials

INPROCESS = "inprocess://"
_NEW = "COFFRE_VAULT_NEW_"
LARGEST_PORT = 65_535
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:(?P<port>[1-9][0-9]{0,4}))?/?",
    re.ASCII,
)


class Settings(BaseSettings):
    """Every setting with its default: the embedded engine, everything under one data directory."""

    model_config = SettingsConfigDict(env_prefix="COFFRE_", extra="ignore")

    environment: Environment = Environment.DEMO
    data: Path = Path(".data")
    public_url: str | None = Field(
        default=None, description="origin in answers; default 127.0.0.1 and the port"
    )
    objects_public_url: str | None = None
    allowed_origins: str = Field(
        default="", description="origins whose pages may call the API: https://viewer.example,…; none else"
    )
    index_url: str | None = None
    vault_store_url: str | None = None
    day_keys_url: str | None = Field(default=None, description="a database of its own, in no backup")
    objects_url: str | None = None
    s3_access_key_id: SecretStr | None = Field(
        default=None, description="this process's own, for the objects alone; default the AWS variables"
    )
    s3_secret_access_key: SecretStr | None = None
    second_place_url: str | None = Field(
        default=None, description="where checkpoints and what a restored vault needs are kept as they arise"
    )
    queue_url: str = "inprocess://"
    vault_url: str = "inprocess://"
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
    require_possession: bool | None = Field(
        default=None, description="refuse bearer tokens; default only in production"
    )
    operator_address: str | None = Field(
        default=None,
        description="host:port of the monitoring network, where /metrics and /openapi.json answer",
    )
    identity_check: IdentityCheck = IdentityCheck.USUAL
    log_format: Literal["text", "json"] = "text"
    lease_s: int = Field(
        default=60, ge=5, le=900, description="after which a dead worker's submission is free"
    )
    workers: int = Field(default=2, ge=1, le=64, description="submissions validated at once")
    decode_frames: int = Field(
        default=0, ge=0, description="compressed frames of each instance that are decoded as a check"
    )

    def checked(self) -> "Settings":
        """Refuse what this version can't do or what contradicts itself, naming the remedy."""
        for name, given, schemes in (
            ("COFFRE_QUEUE_URL", self.queue_url, ("inprocess:", "redis:", "rediss:", "amqp:", "amqps:")),
            ("COFFRE_VAULT_URL", self.vault_url, ("inprocess:", "unix:", "https:")),
        ):
            if not given.startswith(schemes):
                raise Invalid(f"{name} begins with one of {', '.join(schemes)}", code="bad_setting")
        apart = (self.vault_store_url, self.day_keys_url)
        if any(apart) and not all(apart):
            raise Invalid(
                "The vault's store and its day keys are two databases: set COFFRE_VAULT_STORE_URL and "
                "COFFRE_DAY_KEYS_URL, or neither.",
                code="bad_setting",
            )
        if (self.s3_access_key_id is None) != (self.s3_secret_access_key is None):
            raise Invalid(
                "A key has two halves: set COFFRE_S3_ACCESS_KEY_ID and COFFRE_S3_SECRET_ACCESS_KEY, or "
                "neither.",
                code="bad_setting",
            )
        self._check_public_url()
        self.operator_listener()
        origins = self.origins()
        self._refuse_in_production(
            (
                all(origin.startswith("https://") for origin in origins),
                "pages that nobody changes on their way: COFFRE_ALLOWED_ORIGINS=https://…",
            ),
            (self.vault_url != INPROCESS, "the vault apart: COFFRE_VAULT_URL=unix:///… or https://…"),
            ((self.public_url or "").startswith("https://"), "its origin: COFFRE_PUBLIC_URL=https://…"),
            (
                self.objects_public_url is None or self.objects_public_url.startswith("https://"),
                "COFFRE_OBJECTS_PUBLIC_URL=https://…, or none",
            ),
            (
                self.require_possession is not False,
                "proofs of possession: no COFFRE_REQUIRE_POSSESSION=false",
            ),
        )
        return self

    def checked_for_init(self) -> "Settings":
        """What only a new installation must have, and production alone."""
        bare = "file:" in self.root_url and not self.passphrase()
        self._refuse_in_production(
            (self.authority_public is not None, "whom to believe: COFFRE_AUTHORITY_PUBLIC=FILE"),
            (bool(self.authority_issuer), "its name in tokens: COFFRE_AUTHORITY_ISSUER"),
            (
                not bare,
                "a root that no copy of a file gives away: COFFRE_VAULT_ROOT, or COFFRE_VAULT_PASSPHRASE",
            ),
        )
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

    def _refuse_in_production(self, *wanted: tuple[bool, str]) -> None:
        """Raises `Invalid` "not_for_production", naming everything that is missing."""
        missing = [what for holds, what in wanted if not holds]
        if self.environment is Environment.PRODUCTION and missing:
            raise Invalid(
                f"COFFRE_ENVIRONMENT=production wants {'; '.join(missing)}.", code="not_for_production"
            )

    def _check_public_url(self) -> None:
        if self.public_url is None:
            return
        parts = urlsplit(self.public_url)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path not in ("", "/"):
            raise Invalid(
                "COFFRE_PUBLIC_URL is an origin such as https://coffre.example.", code="bad_setting"
            )

    def operator_listener(self) -> tuple[str, int] | None:
        """Host and port that operators' tools ask. Raises `Invalid` "bad_setting"."""
        if self.operator_address is None:
            return None
        host, _, port = self.operator_address.rpartition(":")
        if not host or not re.fullmatch("[0-9]{1,5}", port) or not 0 < int(port) < 2**16:
            raise Invalid("COFFRE_OPERATOR_ADDRESS is host:port, such as 127.0.0.1:9464.", code="bad_setting")
        return host.strip("[]"), int(port)

    def origins(self) -> tuple[str, ...]:
        """The origins of COFFRE_ALLOWED_ORIGINS as browsers send them. Raises `Invalid` "bad_setting"."""
        named = re.split(r"[,\s]+", self.allowed_origins.strip())
        return tuple(dict.fromkeys(_origin(each) for each in named if each))

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

    def vault_tls(self) -> tuple[Path, Path, Path]:
        """Certificate, key and authority. Raises `Invalid` where one is missing."""
        found = (self.vault_tls_certificate, self.vault_tls_key, self.vault_tls_authority)
        if None in found:
            raise Invalid(
                "An https:// vault needs COFFRE_VAULT_TLS_CERTIFICATE, _KEY and _AUTHORITY.",
                code="bad_setting",
            )
        return found  # type: ignore[return-value]

    def peers(self) -> dict[str, frozenset[int]]:
        """User ids by door. Raises `Invalid` "bad_setting"."""
        found: dict[str, set[int]] = {}
        for entry in filter(None, self.vault_peers.split(",")):
            door, _, user = entry.partition("=")
            if not user.isdecimal():
                raise Invalid("COFFRE_VAULT_PEERS is door=uid,door=uid…", code="bad_setting")
            found.setdefault(door.strip(), set()).add(int(user))
        return {door: frozenset(users) for door, users in found.items()}

    def passphrase(self) -> str | None:
        return self.vault_passphrase.get_secret_value() if self.vault_passphrase else None

    def new_root_environ(self) -> dict[str, str]:
        """A new root has its secrets in COFFRE_VAULT_NEW_PASSPHRASE, _NEW_PIN…, else the present one's."""
        given = {name.replace("_NEW_", "_", 1): v for name, v in os.environ.items() if name.startswith(_NEW)}
        return {**os.environ, **given}


def _origin(text: str) -> str:
    """RFC 6454 section 6.2: scheme, host and port, without what a browser leaves out."""
    if "*" in text:
        raise Invalid(
            "COFFRE_ALLOWED_ORIGINS never holds *: any page of the Web could use a token it got hold of. "
            "Name each origin, such as https://viewer.example.",
            code="bad_setting",
        )
    found = _ORIGIN.fullmatch(text.lower())
    if found is None or int(found["port"] or 0) > LARGEST_PORT:
        raise Invalid(
            "COFFRE_ALLOWED_ORIGINS names origins such as https://viewer.example or http://127.0.0.1:3000, "
            "without a path, separated by commas; international names in their xn-- form.",
            code="bad_setting",
        )
    port = "" if found["port"] in (None, _DEFAULT_PORTS[found["scheme"]]) else f":{found['port']}"
    return f"{found['scheme']}://{found['host']}{port}"


def load(**given: object) -> Settings:
    """Settings from the environment, overridden by what the command line gave. Raises `Invalid`."""
    try:
        return Settings(**{k: v for k, v in given.items() if v is not None}).checked()  # type: ignore[arg-type]
    except ValidationError as error:
        names = ", ".join(f"COFFRE_{'_'.join(map(str, e['loc'])).upper()}" for e in error.errors())
        raise Invalid(f"Correct these settings: {names}.", code="bad_setting") from None
