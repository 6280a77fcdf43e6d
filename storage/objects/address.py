"""Addresses of S3 stores, and where they may lie (R50: hosting in the European Economic Area alone).

    s3://bucket[/prefix]?region=…[&endpoint=https://host[:port]]      AWS where no endpoint is given
    minio://host[:port]/bucket[/prefix][?region=…][&tls=no]

Both take `ca` (a file of trusted certificates), `addressing` (`path` or `virtual`), `create` (`header`, or
`check` for stores that ignore If-None-Match), `timeout` and `patience` (seconds an answer may take, seconds
until a failing store is given up). An address holds no credentials, so that it may be logged.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, urlsplit

from records.errors import Invalid
from records.places import check_host
from records.text.numbers import decimal

DEFAULT_REGION = "us-east-1"
"""What servers of one's own are called unless told otherwise: a label in signatures, not a place."""

_REGION = re.compile(r"[A-Za-z0-9-]+", re.ASCII)
_OPTIONS = frozenset({"endpoint", "region", "tls", "ca", "addressing", "create", "timeout", "patience"})


@dataclass(frozen=True, slots=True)
class Address:
    """One bucket, and how to speak to it. `prefix` is empty or ends in a slash."""

    scheme: str
    bucket: str
    prefix: str
    endpoint: str
    region: str
    virtual_host: bool
    ca: str | None
    create_header: bool
    timeout: float
    patience: float

    @property
    def host(self) -> str:
        """Host and, where it is given, port."""
        return urlsplit(self.endpoint).netloc

    @property
    def tls(self) -> bool:
        return self.endpoint.startswith("https://")


def parse(url: str, setting: str = "COFFRE_OBJECTS_URL") -> Address:
    """`setting` is the variable that holds the URL, which errors name.

    Raises `Invalid` "bad_setting", and "non_eea_region" for a known provider's region outside the EEA.
    """
    try:
        return _parsed(url)
    except Invalid as error:
        raise Invalid(f"{setting}: {error.sentence}", code=error.code) from None
    except ValueError:  # of urllib: brackets that do not close, a port that is none
        raise Invalid(f"{setting}: The address names no host and port.", code="bad_setting") from None


def _parsed(url: str) -> Address:
    parts = urlsplit(url)
    options = _options(parts)
    path = [piece for piece in parts.path.split("/") if piece]
    if parts.scheme == "minio":
        bucket, path = (path[0] if path else ""), path[1:]
        endpoint = f"{'http' if options.get('tls') == 'no' else 'https'}://{parts.netloc}"
    else:
        bucket, endpoint = parts.netloc, options.get("endpoint", "").rstrip("/") or _aws(options)
    at = urlsplit(endpoint)
    if not bucket or at.scheme not in ("http", "https") or not at.hostname or at.port == 0:
        raise Invalid("The address names no bucket or no host.", code="bad_setting")
    address = Address(
        scheme=parts.scheme,
        bucket=bucket,
        prefix="".join(f"{piece}/" for piece in path),
        endpoint=endpoint,
        region=options.get("region", DEFAULT_REGION),
        virtual_host=_choice(options, "addressing", "path", "virtual", _is_aws(parts.scheme, options)),
        ca=options.get("ca"),
        create_header=not _choice(options, "create", "header", "check", False),
        timeout=_seconds(options, "timeout", 30.0),
        patience=_seconds(options, "patience", 30.0),
    )
    check_place(address, address.region)
    return address


def check_place(address: Address, region: str) -> None:
    """Refuses a region of a known provider that is outside the EEA or not the one its host names (R50)."""
    check_host(address.host.partition(":")[0], [region])


def _options(parts: SplitResult) -> dict[str, str]:
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    options = dict(pairs)
    strange = not options.keys() <= _OPTIONS or len(options) != len(pairs)
    if parts.scheme not in ("s3", "minio") or parts.fragment or strange:
        known = ", ".join(sorted(_OPTIONS))
        raise Invalid(
            f"The address begins with s3:// or minio:// and takes {known}, each once.", code="bad_setting"
        )
    if "@" in parts.netloc or "@" in options.get("endpoint", ""):
        raise Invalid(
            "Give credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, not in an address.",
            code="bad_setting",
        )
    return options


def _aws(options: Mapping[str, str]) -> str:
    if "region" not in options:
        raise Invalid("Add region=… to the address, or endpoint=….", code="bad_setting")
    region = options["region"]
    if not _REGION.fullmatch(region):
        raise Invalid("In the address, region is a name such as eu-west-3.", code="bad_setting")
    return f"https://s3.{region}.{'amazonaws.eu' if region.startswith('eusc-') else 'amazonaws.com'}"


def _is_aws(scheme: str, options: Mapping[str, str]) -> bool:
    return scheme == "s3" and "endpoint" not in options


def _choice(options: Mapping[str, str], name: str, no: str, yes: str, default: bool) -> bool:
    value = options.get(name)
    if value not in (None, no, yes):
        raise Invalid(f"In the address, {name} is {no} or {yes}.", code="bad_setting")
    return default if value is None else value == yes


def _seconds(options: Mapping[str, str], name: str, default: float) -> float:
    try:
        value = decimal(options[name]) if name in options else default
    except ValueError:
        value = 0.0
    if not 0.1 <= value <= 600:
        raise Invalid(f"In the address, {name} is between 0.1 and 600 seconds.", code="bad_setting")
    return value
