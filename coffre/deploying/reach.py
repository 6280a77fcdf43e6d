"""Whom the processes of a site may speak with: units allow this machine and the site's `networks` alone."""

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network

from coffre.deploying.compose import ASKS
from coffre.deploying.site import Site
from records.errors import Invalid
from storage.objects.address import parse

ASKED = (
    "COFFRE_OBJECTS_URL",
    "COFFRE_VAULT_URL",
    "COFFRE_VAULT_ROOT",
    "COFFRE_SECOND_PLACE_URL",
    "COFFRE_NOTICES_URL",
    "COFFRE_SMS_URL",
    "COFFRE_SYSLOG_URL",
    "COFFRE_PSC_ISSUER",
    "COFFRE_FRANCECONNECT_ISSUER",
)
"""Addresses to which processes open connections. Databases and broker: theirs are secret."""
_WIDEST = {4: 8, 6: 16}
"""By IP version, the shortest prefix of a network; clouds have some as wide as /12."""
_HOST = re.compile(r"://(?:\[([^\]/]+)\]|([^/:?\s]+))")
_WRITE = 'write networks = ["10.20.0.0/16"] under [site], with all that it asks'


def faults(site: Site) -> Iterator[str]:
    """What can't be reached as the units are rendered; no address, which may be secret."""
    for each in site.networks:
        if not _is_network(each):
            yield f"site: networks has {each}, which is no network: write addresses such as 10.20.0.0/16."
        elif ip_network(each).prefixlen < _WIDEST[ip_network(each).version]:
            yield (
                f"site: networks has {each}, in which anybody is: write those that processes ask, of /8 "
                "(IPv6: /16) or smaller."
            )
    for process, settings in site.settings.items():
        for name in _away(settings):
            if not site.networks:
                yield (
                    f"{process}: {name} is on another machine, and its unit lets it speak with this one "
                    f"alone: {_WRITE}."
                )
            elif any(_lies_beside(host, site.networks) for host in _hosts(settings[name])):
                yield f"{process}: {name} lies in none of the networks that its unit allows: {_WRITE}."


def _away(settings: Mapping[str, str]) -> list[str]:
    return [name for name in ASKED if any(not _is_near(host) for host in _hosts(settings.get(name, "")))]


def _hosts(address: str) -> list[str]:
    """Of a store whose provider is named by its region, that provider's; several of a combined root."""
    if address.startswith(("s3:", "minio:")):
        try:
            address = parse(address).endpoint
        except Invalid:
            return []
    found = [first or second for first, second in _HOST.findall(address)]
    return found + (["kms"] if "aws-kms:" in address else [])


def _is_near(host: str) -> bool:
    """This machine; or an engine in a container beside the processes, which no unit bounds."""
    return host == "localhost" or host in ASKS or (_is_address(host) and ip_address(host).is_loopback)


def _lies_beside(host: str, networks: tuple[str, ...]) -> bool:
    """A name is whatever its network says: an address alone is known here."""
    if _is_near(host) or not _is_address(host):
        return False
    return not any(ip_address(host) in ip_network(each) for each in networks if _is_network(each))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_network(text: str) -> bool:
    """Without an interface behind a %: whatever stands there would stand in the unit."""
    try:
        ip_network(text)
    except ValueError:
        return False
    return "%" not in text
