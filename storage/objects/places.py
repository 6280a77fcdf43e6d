"""The place of a provider's host, as its name tells (R50: hosting in the European Economic Area alone).

Each provider has its own regions: eu-west-2 is London at AWS and Paris at Outscale. A region counts in its
place alone, before the provider's domain: `eu-west-3.s3.us-east-1.amazonaws.com` lies in Virginia. What
stands in no table is outside. terraform/site/regions.tf has the same tables, which a test compares.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Provider:
    """`regions` are those inside the EEA; `after` is what may stand between one and the provider's domain."""

    regions: frozenset[str]
    after: frozenset[str] = frozenset({""})


_OF_AWS = frozenset({"eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3"})
_SERVICES_OF_AWS = frozenset({"", ".compute", ".elb", ".rds", ".vpce"})

PROVIDERS: Mapping[str, Provider] = {
    "amazonaws.com": Provider(_OF_AWS, _SERVICES_OF_AWS),
    "amazonaws.com.cn": Provider(frozenset(), frozenset()),
    "amazonaws.eu": Provider(frozenset({"eusc-de-east-1"}), _SERVICES_OF_AWS),
    "api.aws": Provider(_OF_AWS),
    "on.aws": Provider(_OF_AWS),
    "ovh.net": Provider(
        frozenset({"de", "eu-south-mil", "eu-west-par", "gra", "rbx", "sbg", "waw"}),
        frozenset({".cloud", ".io.cloud", ".perf.cloud"}),
    ),
    "outscale.com": Provider(
        frozenset({"cloudgouv-eu-west-1", "eu-west-2"}), frozenset({"", ".compute", ".lbu"})
    ),
    "scw.cloud": Provider(frozenset({"fr-par", "it-mil", "nl-ams", "pl-waw"})),
}
"""By domain."""

KEY_REGIONS = PROVIDERS["amazonaws.com"].regions | PROVIDERS["amazonaws.eu"].regions
"""Where a key of AWS KMS may be kept."""


def provider(host: str) -> str | None:
    """The domain of the provider that a host name, in any case and with or without a final dot, is of."""
    plain = _plain(host)
    return next((domain for domain in PROVIDERS if f".{plain}".endswith(f".{domain}")), None)


def region(host: str) -> str | None:
    """The region inside the EEA that a provider's host names in its place; None for every other host."""
    domain = provider(host)
    if domain is None:
        return None
    known = PROVIDERS[domain]
    return next(
        (
            each
            for each in known.regions
            if any(_plain(host).endswith(f".{each}{after}.{domain}") for after in known.after)
        ),
        None,
    )


def lies_outside(host: str) -> bool:
    """Whether it is a known provider's and names no region inside the EEA."""
    return provider(host) is not None and region(host) is None


def _plain(host: str) -> str:
    return host.lower().removesuffix(".")
