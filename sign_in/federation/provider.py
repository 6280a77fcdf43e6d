"""An OpenID provider as it describes itself: its addresses and keys, fetched when needed and kept.

Whatever it answers is bounded in size and time, and is a JSON object or nothing.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from records.errors import CoffreError, Refused
from sign_in.federation.settings import ProviderSettings

METADATA_S = 3600
KEYS_AGAIN_S = 30
"""A stranger's tokens with unknown keys do not make us ask the provider for each."""
TIMEOUT_S = 5
"""Of a connection, and of each wait for more."""
WHOLE_S = 10
"""Of an answer from its first byte to its last."""
LARGEST = 256 * 1024
_ADDRESSES = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_OF_PEOPLE = ("userinfo_endpoint", "introspection_endpoint")


class FederationRefused(Refused):
    """Signing in through a provider did not succeed."""

    code = "federation_refused"


class ProviderUnavailable(CoffreError):  # noqa: N818 - an answer, not a fault
    """The provider does not answer, or not as one does."""

    code = "provider_unavailable"

    def __init__(self) -> None:
        super().__init__(
            "The service that should identify you does not answer at the moment. Try again later, or sign in "
            "by another way."
        )


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    told: Mapping[str, Any]

    def good(self) -> Mapping[str, Any]:
        """Raises `ProviderUnavailable` unless it is a 200."""
        if self.status != httpx.codes.OK:
            raise ProviderUnavailable
        return self.told


@dataclass(frozen=True, slots=True)
class Metadata:
    """`names_itself`: its answers say which issuer they are from (RFC 9207)."""

    addresses: Mapping[str, str]
    names_itself: bool


class Provider:
    """One provider. May be used by any number of threads."""

    def __init__(
        self,
        settings: ProviderSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self._http = httpx.Client(
            timeout=TIMEOUT_S,
            follow_redirects=False,
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        )
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: tuple[float, Metadata] | None = None
        self._keys: tuple[float, KeySet] | None = None

    def metadata(self) -> Metadata:
        """What it says of itself (OpenID Connect Discovery 1.0). Raises `ProviderUnavailable`."""
        with self._lock:
            if self._kept is None or self._kept[0] + METADATA_S < self._clock():
                self._kept = (self._clock(), self._described())
            return self._kept[1]

    def address(self, name: str) -> str:
        """One of the provider's addresses. Raises `ProviderUnavailable`."""
        return self.metadata().addresses[name]

    def keys(self, *, anew: bool = False) -> KeySet:
        """The keys that it signs with; `anew`: not the kept ones, which lack a key that was just used."""
        where = self.address("jwks_uri")
        with self._lock:
            now = self._clock()
            kept = self._keys
            if kept is None or (anew and kept[0] + KEYS_AGAIN_S <= now) or kept[0] + METADATA_S < now:
                kept = self._keys = (now, _key_set(self._get(where).good()))
            return kept[1]

    def told_to(self, access_token: str) -> Mapping[str, Any]:
        """Userinfo for whoever shows that token. Raises `ProviderUnavailable`."""
        headers = {"Authorization": f"Bearer {access_token}"}
        return self._get(self.address("userinfo_endpoint"), headers).good()

    def post(self, name: str, form: Mapping[str, str]) -> Answer:
        """A form that this client sends, as itself, to one of the addresses (RFC 6749 section 2.3.1)."""
        settings = self.settings
        return self._asked(
            "POST", self.address(name), data=form, auth=(settings.client_id, settings.client_secret)
        )

    def _described(self) -> Metadata:
        issuer = self.settings.issuer
        found = self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration").good()
        if found.get("issuer") != issuer:  # OpenID Connect Discovery 1.0 section 4.3
            raise ProviderUnavailable
        schemes = ("https://", "http://127.0.0.1:") if self.settings.allow_http else ("https://",)
        names = _ADDRESSES + (_OF_PEOPLE if self.settings.knows_people else ())
        addresses = {name: str(found.get(name, "")) for name in names}
        if not all(each.startswith(schemes) for each in addresses.values()):
            raise ProviderUnavailable
        return Metadata(addresses, found.get("authorization_response_iss_parameter_supported") is True)

    def _get(self, address: str, headers: Mapping[str, str] | None = None) -> Answer:
        return self._asked("GET", address, headers=headers)

    def _asked(self, method: str, address: str, **more: Any) -> Answer:
        body, until = bytearray(), time.monotonic() + WHOLE_S
        try:
            with self._http.stream(method, address, **more) as answer:
                for piece in answer.iter_raw():
                    body += piece
                    if len(body) > LARGEST or time.monotonic() > until:
                        raise ProviderUnavailable
        except (httpx.HTTPError, httpx.InvalidURL):
            raise ProviderUnavailable from None
        try:
            told = json.loads(bytes(body)) if answer.status_code < 500 else None
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict):
            raise ProviderUnavailable
        return Answer(answer.status_code, told)


def _key_set(found: Mapping[str, Any]) -> KeySet:
    try:
        return KeySet.import_key_set(dict(found))  # type: ignore[arg-type]
    except (JoseError, ValueError, KeyError, TypeError, AttributeError):
        raise ProviderUnavailable from None
