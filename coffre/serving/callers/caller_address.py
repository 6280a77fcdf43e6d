"""The address that a request comes from, as it is counted: found here, or by who passes it on."""

from collections.abc import Callable

from starlette.requests import Request

from coffre.trusted_proxies import TrustedProxies, subscriber

CALLER = b"coffre-caller"
"""From one process of ours to another, over a socket that nobody else reaches; whoever passes a request on
takes a caller's own away.
"""


def of_connection(proxies: TrustedProxies) -> Callable[[Request], str]:
    """By the connection, and by what trusted proxies say."""

    def found(request: Request) -> str:
        forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
        peer = request.client.host if request.client else ""
        return subscriber(proxies.caller(peer, forwarded))

    return found


def as_passed_on(request: Request) -> str:
    """By what the process before this one found."""
    return request.headers.get(CALLER.decode(), "")


def of_proxy(request: Request) -> str:
    """By what the proxy says, where it alone is heard."""
    return subscriber(request.headers.get("x-forwarded-for", ""))
