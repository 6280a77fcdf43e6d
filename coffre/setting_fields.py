"""Every setting, with its default and what it is for."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from coffre.notifying.smtp_address import PAGE
from coffre.setting_rules import INPROCESS
from records.people.traits import IdentityCheck
from records.text.numbers import digits
from records.vocabulary.codes import Environment

PREFIX = "COFFRE_"


class SettingFields(BaseSettings):
    """Every setting with its default: the embedded engine, everything under one data directory."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore")

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
