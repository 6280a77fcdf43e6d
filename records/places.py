"""The place of a host, as far as its name tells: health data stay in the European Economic Area (R50).

Of known providers the table lists the regions that lie there, and where in a name the region stands. A name
that ends as theirs do is refused where that region is missing or another one. Of all other names, and of
those that tell none whatever the region is, the operator answers for the place.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from records.errors import Invalid


@dataclass(frozen=True, slots=True)
class Provider:
    """`regions` inside the EEA; `after`: what stands in a name between its region and the domain. A name that
    ends in one of them and the domain has a region before it.
    """

    regions: frozenset[str]
    after: frozenset[str] = frozenset({""})


_AWS = frozenset({"eu-west-1", "eu-west-3", "eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2"})
_OF_AWS = frozenset({"", ".compute", ".elb", ".rds", ".vpce"})
PROVIDERS: Mapping[str, Provider] = {
    "amazonaws.com": Provider(_AWS, _OF_AWS),
    "amazonaws.eu": Provider(frozenset({"eusc-de-east-1"}), _OF_AWS),
    "amazonaws.com.cn": Provider(frozenset()),
    "api.aws": Provider(_AWS),
    "cache.amazonaws.com": Provider(frozenset({"euw1", "euw3", "euc1", "eun1", "eus1", "eus2"})),
    "on.aws": Provider(_AWS),
    "okms.ovh.net": Provider(
        frozenset(
            {
                "eu-west-gra",
                "eu-west-rbx",
                "eu-west-sbg",
                "eu-west-lim",
                "eu-west-par",
                "eu-central-waw",
                "eu-south-mil",
            }
        )
    ),
    "ovh.net": Provider(
        frozenset({"gra", "rbx", "sbg", "de", "waw", "eu-west-par", "eu-south-mil"}),
        frozenset({".cloud", ".io.cloud", ".perf.cloud"}),
    ),
    "ovh.us": Provider(frozenset()),
    "outscale.com": Provider(
        frozenset({"eu-west-2", "cloudgouv-eu-west-1"}), frozenset({"", ".compute", ".lbu"})
    ),
    "scw.cloud": Provider(frozenset({"fr-par", "nl-ams", "pl-waw", "it-mil"})),
}
"""By domain; eu-west-2 is London at AWS and Paris at Outscale. terraform/site/regions.tf has the same."""
SILENT = frozenset({"database.cloud.ovh.net", "instances.scw.cloud", "tem.scw.cloud"})
"""Domains whose names tell no region, whichever it is, though others of the same provider do."""
_WORDS = re.compile(r"[^\s/?#@,;&=:\[\]]+")


def check_host(host: str, regions: Iterable[str] = ()) -> None:
    """Refuses a host of a known provider outside the EEA, and one whose name tells another region than those
    said beside it. Raises `Invalid` "non_eea_region".
    """
    name = f".{_plain(host)}"
    if not _tells(name):
        return
    found = _region(name)
    if found is None or any(each.lower() != found for each in regions):
        raise outside()


def check_aws_region(region: str) -> None:
    """Raises `Invalid` "non_eea_region"."""
    if region.lower() not in _AWS | PROVIDERS["amazonaws.eu"].regions:
        raise outside()


def check_url(url: str) -> None:
    """Every host that an address names: a database may have several, between commas or as options. Raises
    `Invalid` "non_eea_region".
    """
    for word in _WORDS.findall(unquote(url)):
        check_host(word)


def outside() -> Invalid:
    return Invalid(
        "Health data stay in the European Economic Area: choose a region and an endpoint of it that lie "
        "there.",
        code="non_eea_region",
    )


def _tells(name: str) -> bool:
    """Whether a region is to stand in it."""
    silent = any(name.endswith(f".{each}") for each in SILENT)
    return not silent and any(
        name.endswith(f"{after}.{domain}") for domain, told in PROVIDERS.items() for after in told.after
    )


def _region(name: str) -> str | None:
    """The region inside the EEA that stands in its place."""
    return next(
        (
            region
            for domain, told in PROVIDERS.items()
            for region in told.regions
            for after in told.after
            if name.endswith(f".{region}{after}.{domain}")
        ),
        None,
    )


def _plain(host: str) -> str:
    """As a resolver reads it: whatever it takes for a letter or a dot is one (RFC 3490 section 3.1)."""
    return unicodedata.normalize("NFKC", host).replace("\u3002", ".").lower().rstrip(".")
