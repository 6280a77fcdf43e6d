"""The address of a caller where proxies stand before a process."""

import ipaddress

WIDEST = {4: 16, 6: 48}
"""By IP version, the shortest prefix of a network of proxies; several halves of the world are the world."""
_SUBSCRIBER_BITS = 64  # of an IPv6 address


class TooWideError(ValueError):
    """A network is named in which callers are, too."""


class TrustedProxies:
    """Whose X-Forwarded-For is accepted: addresses and networks that no client can send from."""

    def __init__(self, named: str = "") -> None:
        """Addresses and networks between commas or spaces. Raises `ValueError` for what is neither, and
        `TooWideError`.
        """
        names = named.replace(",", " ").split()
        self._networks = [ipaddress.ip_network(each, strict=False) for each in names]
        if any(each.prefixlen < WIDEST[each.version] for each in self._networks):
            raise TooWideError

    def __contains__(self, address: str) -> bool:
        found = _read(address)
        return found is not None and any(found in network for network in self._networks)

    def caller(self, peer: str, forwarded: str) -> str:
        """The last address on the way here that is no trusted proxy's; `forwarded` is X-Forwarded-For."""
        last = peer
        for hop in reversed(forwarded.split(",")):
            if last not in self or _read(hop.strip()) is None:  # nothing further off can be accepted
                break
            last = hop.strip()
        return last


def subscriber(address: str) -> str:
    """What is counted: an IPv4 address, or the network that one subscriber has of IPv6."""
    found = _read(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, _SUBSCRIBER_BITS), strict=False))
    return str(found)


def _read(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
