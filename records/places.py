"""The place of a host, as far as its name tells: health data stay in the European Economic Area (R50).

Of known providers the table lists the regions that lie there, and where in a name the region stands; a name
of theirs that tells none, or another one, is refused. Of all other hosts the operator answers for the place.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from records.errors import Invalid


@dataclass(frozen=True, slots=True)
class Provider:
    """`regions` inside the EEA; `after`: what may stand in a name between its region and the domain."""

    regions: frozenset[str]
    after: frozenset[str] = frozenset({""})


_AWS = frozenset({"eu-west-1", "eu-west-3", "eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2"})
_OF_AWS = frozenset({"", ".compute", ".elb", ".rds", ".vpce"})
PROVIDERS: Mapping[str, Provider] = {
    "amazonaws.com": Provider(_AWS, _OF_AWS),
    "amazonaws.eu": Provider(frozenset({"eusc-de-east-1"}), _OF_AWS),
    "amazonaws.com.cn": Provider(frozenset(), frozenset()),
    "api.aws": Provider(_AWS),
    "on.aws": Provider(_AWS),
    "ovh.net": Provider(
        frozenset({"gra", "rbx", "sbg", "de", "waw", "eu-west-par", "eu-south-mil"}),
        frozenset({".cloud", ".io.cloud", ".perf.cloud"}),
    ),
    "ovh.us": Provider(frozenset(), frozenset()),
    "outscale.com": Provider(
        frozenset({"eu-west-2", "cloudgouv-eu-west-1"}), frozenset({"", ".compute", ".lbu"})
    ),
    "scw.cloud": Provider(frozenset({"fr-par", "nl-ams", "pl-waw", "it-mil"})),
}
"""By domain; eu-west-2 is London at AWS and Paris at Outscale. terraform/site/regions.tf has the same."""
_CACHES = {
    "euw1": "eu-west-1",
    "euw3": "eu-west-3",
    "euc1": "eu-central-1",
    "eun1": "eu-north-1",
    "eus1": "eu-south-1",
    "eus2": "eu-south-2",
}
"""How ElastiCache spells regions: NAME.euw3.cache.amazonaws.com."""
_WORDS = re.compile(r"[^\s/?#@,;&=:\[\]]+")
_SILENT = (".database.cloud.ovh.net",)
"""Names that tell no region, whichever it is."""


def provider_of(host: str) -> str | None:
    """The domain of the known provider whose host it is."""
    plain = _plain(host)
    if plain.endswith(_SILENT):
        return None
    # the longest: amazonaws.com.cn is not amazonaws.com's
    return next((name for name in PROVIDERS if plain == name or plain.endswith(f".{name}")), None)


def check_host(host: str, regions: Iterable[str] = ()) -> None:
    """Refuses a host of a known provider outside the EEA, and one whose name tells another region than those
    said beside it. Raises `Invalid` "non_eea_region".
    """
    provider = provider_of(host)
    if provider is None:
        return
    found = _region(_plain(host), provider)
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


def _region(host: str, provider: str) -> str | None:
    """The region inside the EEA that stands in its place."""
    told = PROVIDERS[provider]
    places = [(each, f".{each}{after}.{provider}") for each in told.regions for after in told.after]
    if provider == "amazonaws.com":
        places += [(region, f".{code}.cache.{provider}") for code, region in _CACHES.items()]
    return next((each for each, end in places if host.endswith(end)), None)


def _plain(host: str) -> str:
    """As a resolver reads it: whatever it takes for a letter or a dot is one (RFC 3490 section 3.1)."""
    return unicodedata.normalize("NFKC", host).replace("\u3002", ".").lower().rstrip(".")
