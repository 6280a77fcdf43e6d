"""Limits of a proxy, by address and by credential, and the errors that are its own."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """Requests a second of one key of nginx in some paths (a regular expression), and how many at once
    beyond."""

    name: str
    key: str
    paths: str
    per_second: int
    burst: int


LIMITS: Sequence[Limit] = (
    # guesses come from many accounts at one address, or at one account from many addresses: the door itself
    # counts accounts
    Limit("doors", "$coffre_network", "/(sign-in|token|accounts)", 10, 40),
    Limit("calls", "$coffre_credential", "/", 200, 400),
    # what is said for a credential is the client's own word, another for each request if it likes. A hospital
    # is one address: five programs at the full rate of one credential, or two hundred people who each open a
    # page of five requests within a second, and at the beginning of a shift four hundred at once
    Limit("addresses", "$coffre_network", "/", 1000, 2000),
)
"""Two of one path count side by side: the first that is passed refuses."""
CONNECTIONS_OF_ADDRESS = 128
"""Requests that are under way, of HTTP/2 each for itself."""
LARGEST_FORM = "256k"
LARGEST_BODY = "32m"
"""Of what is no upload: a list of documents, a grant, a page's form."""


@dataclass(frozen=True, slots=True)
class OwnError:
    """An answer that nginx makes itself (`status`), and what is said then: HTTP status, code, sentence."""

    status: int
    answered: int
    code: str
    sentence: str


ERRORS: Sequence[OwnError] = (
    OwnError(400, 400, "bad_request", "The request could not be read."),
    OwnError(403, 403, "refused", "The request is not admitted here."),
    OwnError(404, 404, "no_such_address", "There is nothing at this address."),
    OwnError(405, 405, "method_not_allowed", "This address does not answer this method."),
    OwnError(408, 408, "too_slow", "The request did not arrive in time; send it again."),
    OwnError(413, 413, "too_large", "The body is larger than this address takes."),
    OwnError(414, 414, "address_too_long", "The address is too long."),
    OwnError(421, 421, "other_name", "The connection was made for another name; make a new one."),
    OwnError(429, 429, "too_many_calls", "There were too many calls; wait a moment and repeat."),
    OwnError(494, 431, "head_too_large", "The head of the request is too large."),
    OwnError(495, 403, "certificate_untrusted", "The certificate is not accepted here, or is out of date."),
    OwnError(496, 403, "certificate_missing", "This name wants a client certificate of a card or structure."),
    OwnError(497, 400, "not_encrypted", "This port speaks HTTPS; begin the address with https://."),
    OwnError(500, 500, "proxy_failed", "The proxy failed; try again later."),
    OwnError(502, 502, "process_away", "The process that answers here is away; try again in a moment."),
    OwnError(503, 503, "process_busy", "The process that answers here is busy; try again in a moment."),
    OwnError(504, 504, "process_slow", "The process that answers here took too long; try again later."),
)
