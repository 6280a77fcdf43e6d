"""A root in the transit engine of OpenBao or HashiCorp Vault, over its HTTP API.

The context is `associated_data`, so the engine itself refuses a wrap in another place. The engine's `rewrap`
refuses associated data: a rotation decrypts and encrypts. Requests carry up to 200 keys. The token comes from
a callable, asked anew for each request, so that a file kept fresh by the engine's agent is enough.
"""

import http.client
import json
import ssl
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self
from urllib.parse import quote

from keyvault.crypto.envelope import KEY_SIZE
from keyvault.roots.addresses import checked
from keyvault.roots.ports import (
    CONTEXT_LABEL,
    Root,
    batches,
    check_keys,
    key_missing,
    refused,
    unreachable,
    unwrap_failed,
)
from records.text.numbers import whole

BATCH = 200  # OpenBao counts the strings of a request and refuses those of 500 keys
TIMEOUT = 10.0  # seconds
_KEY_TYPE = "aes256-gcm96"
_LARGEST_ANSWER = 8 << 20
_BAD_REQUEST, _FORBIDDEN, _NOT_FOUND = 400, 403, 404


class TransitRoot(Root):
    """One key of a transit engine. `url`: `https://host:port/mount/key`, plain HTTP on loopback alone."""

    def __init__(self, url: str, token: Callable[[], str], ca: str | None = None) -> None:
        parts, mount, key = checked(url)
        self._host, self._port = str(parts.hostname), parts.port
        self._tls = ssl.create_default_context(cafile=ca) if parts.scheme == "https" else None
        self._mount, self._key = quote(mount), quote(key, safe="")
        self._name = f"transit:{parts.scheme}://{parts.netloc}{parts.path}"
        self._token = token

    def __repr__(self) -> str:
        return f"TransitRoot({self._name})"

    @property
    def name(self) -> str:
        """`transit:` and the key's address."""
        return self._name

    @classmethod
    def create(cls, url: str, token: Callable[[], str], ca: str | None = None) -> Self:
        """Makes the key, which never leaves the engine; one that is there is taken."""
        root = cls(url, token, ca)
        settings = {"type": _KEY_TYPE, "exportable": False, "allow_plaintext_backup": False}
        root._ask("POST", f"keys/{root._key}", settings)
        root._check()
        return root

    @classmethod
    def open(cls, url: str, token: Callable[[], str], ca: str | None = None) -> Self:
        """Checks that the key exists and cannot be exported: `encrypt` would quietly make a missing one."""
        root = cls(url, token, ca)
        root._check()
        return root

    def wrap_many(self, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Returns `be32(key version) || ciphertext`: the engine's base64 has several spellings."""
        check_keys(items)
        found: list[bytes] = []
        for batch in batches(items, BATCH):
            asked = [{"plaintext": _text(key), **_place(context)} for key, context in batch]
            found += [_packed(one["ciphertext"]) for one in self._batch("encrypt", asked)]
        return found

    def unwrap_many(self, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Returns the keys."""
        keys: list[bytes] = []
        for batch in batches(items, BATCH):
            asked = [{"ciphertext": _spelled(wrapped), **_place(context)} for wrapped, context in batch]
            keys += [b64decode(one["plaintext"]) for one in self._batch("decrypt", asked)]
        if any(len(key) != KEY_SIZE for key in keys):
            raise unwrap_failed()
        return keys

    def _batch(self, verb: str, asked: list[dict[str, str]]) -> list[Mapping[str, Any]]:
        answer = self._ask("POST", f"{verb}/{self._key}", {"batch_input": asked})
        results: list[Mapping[str, Any]] = answer.get("data", {}).get("batch_results", [])
        if len(results) != len(asked) or any(one.get("error") for one in results):
            raise unwrap_failed() if verb == "decrypt" else refused(self._name, "it did not wrap every key")
        return results

    def _check(self) -> None:
        data = self._ask("GET", f"keys/{self._key}").get("data", {})
        if data.get("type") != _KEY_TYPE or data.get("exportable") is not False:
            raise refused(self._name, f"the root is a key of type {_KEY_TYPE} that cannot be exported")

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        status, answer = self._send(method, path, body)
        if status < 300:
            return answer
        if status == _BAD_REQUEST and path.startswith("decrypt/"):
            raise unwrap_failed()
        if status == _FORBIDDEN:
            raise refused(self._name, "renew the token, or give it rights on this key")
        if status in (_BAD_REQUEST, _NOT_FOUND):
            raise key_missing(self._name)
        raise unreachable(self._name)  # sealed, standby, overloaded

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, dict[str, Any]]:
        connection = self._connection()
        headers = {"X-Vault-Token": self._token(), "X-Vault-Request": "true"}
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, f"/v1/{self._mount}/{path}", data, headers)
            response = connection.getresponse()
            text = response.read(_LARGEST_ANSWER)
            return response.status, json.loads(text) if text else {}
        except (OSError, http.client.HTTPException, ValueError):
            raise unreachable(self._name) from None
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT)
        return http.client.HTTPSConnection(self._host, self._port, timeout=TIMEOUT, context=self._tls)


def _place(context: bytes) -> dict[str, str]:
    return {"associated_data": _text(CONTEXT_LABEL + context)}


def _packed(ciphertext: str) -> bytes:
    _, version, text = ciphertext.split(":")
    return whole(version.removeprefix("v")).to_bytes(4, "big") + b64decode(text)


def _spelled(wrapped: bytes) -> str:
    return f"vault:v{int.from_bytes(wrapped[:4], 'big')}:{_text(wrapped[4:])}"


def _text(data: bytes) -> str:
    return b64encode(data).decode("ascii")
