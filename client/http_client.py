"""A Coffre server as its clients meet it: a token from a file, repeated attempts, refusals as sentences."""

import logging
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import httpcore
import httpx

from client.options import check_url
from keyvault.credentials.proving import ProofKey
from records.errors import CoffreError, Refused
from records.text.hosts import is_loopback
from records.text.numbers import whole

ATTEMPTS = 6
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 20.0
# a deposit is answered when its verdict is there, up to a minute later
_TIMEOUT = httpx.Timeout(connect=10, read=150, write=120, pool=10)
_UNAVAILABLE, _TOO_MANY = 503, 429
# httpcore takes 64 KiB of a body at once, each through h11: of a range of 16 MiB that is a third of its cost
httpcore.HTTP11Connection.READ_NUM_BYTES = 1 << 18
LONGEST_ASKED_S = 300.0
"""Seconds of Retry-After that are waited; who asks for more is given up."""
LARGEST_ANSWER = 64 * 2**20
"""Bytes of an answer, unless the caller asked for more."""
_IDENTITY = "identity"

Body = Callable[[], Iterable[bytes]]
"""Makes the content of a request anew for each attempt."""
Token = str | Callable[[], str]
"""A credential, or what gives one that is valid now."""
Take = Callable[[httpx.Response, Iterator[bytes]], None]
"""Takes the body of a successful answer in pieces, from the beginning again for each attempt."""


def _shown(url: str) -> str:
    """Scheme, host and port alone."""
    host = httpx.URL(url).netloc.decode("ascii")
    return f"{httpx.URL(url).scheme}://{host}"


class CoffreClient:
    """Requests to one server with one token. Without a token also for several threads at once."""

    def __init__(
        self,
        url: str,
        token: Token | None,
        *,
        key: ProofKey | None = None,
        tls: ssl.SSLContext | None = None,
        allow_http: bool = False,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = check_url(url, allow_http=allow_http)
        logging.getLogger("httpx").setLevel(logging.WARNING)  # at INFO it logs addresses, which name records
        headers = {"User-Agent": f"coffre/{version('coffre')}", "Accept-Encoding": _IDENTITY}
        self._token, self._key = token, key
        here = is_loopback(urlsplit(url).hostname or "")
        self._http = httpx.Client(
            headers=headers,
            timeout=_TIMEOUT,
            trust_env=not here,
            transport=transport,
            verify=True if tls is None else tls,
        )
        self._sleep = sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        body: Body | None = None,
        headers: Mapping[str, str] | None = None,
        parts: Callable[[], Sequence[bytes]] | None = None,
        lost: Callable[[], None] | None = None,
        most: int = LARGEST_ANSWER,
        take: Take | None = None,
    ) -> httpx.Response:
        """Returns the answer, whatever its status, to a path below the server's URL, which begins with
        a slash whatever else it holds, or to an absolute URL.

        An answer whose body `take` took has none.

        `parts` gives the SHA-256 of a deposit's parts, asked for only where the token is bound to a key.

        Lost connections and 503 are tried again with growing pauses or after what Retry-After says, 429 only
        with the latter; `lost`, called after a lost connection, may end that by raising. Raises `CoffreError`
        "unreachable", and "bad_answer" for an answer of more than `most` bytes.
        """
        url = self.url + path if path.startswith("/") else path
        pause = FIRST_PAUSE_S
        for attempt in range(1, ATTEMPTS + 1):
            content = body() if body else None
            wait = pause
            try:
                request = self._http.build_request(method, url, json=json, content=content, headers=headers)
                answer = self._send(request, streamed=body is not None, parts=parts, most=most, take=take)
            except httpx.InvalidURL:  # of a server's making: ours was checked
                raise bad_answer() from None
            except httpx.TransportError:
                if attempt == ATTEMPTS:
                    # the library's message holds the whole address
                    raise CoffreError(
                        f"{_shown(url)} cannot be reached; check the address, or try again later.",
                        code="unreachable",
                    ) from None
                if lost is not None:
                    lost()
            else:
                asked = _retry_after(answer, pause)
                if asked is None or attempt == ATTEMPTS:
                    return answer
                wait = asked
            self._sleep(wait)
            pause = min(2 * pause, LONGEST_PAUSE_S)
        raise AssertionError("the last attempt returns or raises")

    def once(self, path: str) -> httpx.Response | None:
        """Returns the answer to one GET, None where there is none."""
        try:
            return self._send(self._http.build_request("GET", self.url + path))
        except httpx.TransportError:
            return None

    def _send(
        self,
        request: httpx.Request,
        *,
        streamed: bool = False,
        parts: Callable[[], Sequence[bytes]] | None = None,
        most: int = LARGEST_ANSWER,
        take: Take | None = None,
    ) -> httpx.Response:
        """With the token, and a proof of its own where that asks for one."""
        token = self._token() if callable(self._token) else self._token
        if token and self._key is None:
            request.headers["Authorization"] = f"Bearer {token}"
        elif token and self._key is not None:
            reason = request.headers.get("coffre-reason")
            request.headers["Authorization"] = f"DPoP {token}"
            request.headers["DPoP"] = self._key.proof(
                token,
                request.method,
                str(request.url),
                body=None if streamed else request.content,
                parts=parts() if parts else None,
                purpose=request.headers.get("coffre-purpose"),
                reason=unquote(reason) if reason is not None else None,
            )
        return _read_whole(self._http.send(request, stream=True), most, take)

    def read(self, method: str, path: str, **kwargs: Any) -> Any:
        """Returns the JSON of a successful answer. Raises what `call` and `refusal` give."""
        answer = self.call(method, path, **kwargs)
        if not answer.is_success:
            raise refusal(answer)
        return json_of(answer)


def _read_whole(answer: httpx.Response, most: int, take: Take | None) -> httpx.Response:
    """The answer with its body, at most `most` bytes, none of them expanded. Raises "bad_answer"."""
    body = b""
    try:
        if answer.headers.get("content-encoding", _IDENTITY) != _IDENTITY:
            raise bad_answer()
        if take is not None and answer.is_success:
            take(answer, _bounded(answer, most))
        else:
            body = b"".join(_bounded(answer, most))
    finally:
        answer.close()
    return httpx.Response(answer.status_code, headers=answer.headers, content=body, request=answer.request)


def _bounded(answer: httpx.Response, most: int) -> Iterator[bytes]:
    size = 0
    for piece in answer.iter_bytes():
        size += len(piece)
        if size > most:
            raise bad_answer()
        yield piece


def json_of(answer: httpx.Response) -> Any:
    """Returns an answer's JSON. Raises `CoffreError` "bad_answer"."""
    try:
        return answer.json()
    except (ValueError, RecursionError):
        raise bad_answer() from None


def bad_answer() -> CoffreError:
    """What a server that is no Coffre, or of another version, earns."""
    return CoffreError(
        "The server's answer is not one of Coffre's; check the address and the versions.", code="bad_answer"
    )


def refusal(answer: httpx.Response) -> Refused:
    """Returns what an unsuccessful answer says: problem+json (RFC 9457), a FHIR OperationOutcome, or what
    `POST /token` refuses with (RFC 6749 section 5.2).
    """
    code, sentence = f"http_{answer.status_code}", ""
    try:
        found = answer.json()
        if found.get("resourceType") == "OperationOutcome":
            details = found["issue"][0]["details"]
            found = {"code": details["coding"][0]["code"], "detail": details["text"]}
        code = printable(str(found.get("code") or code))
        said = found.get("detail") or found.get("error_description") or found.get("title")
        sentence = printable(str(said or ""))
    except (ValueError, AttributeError, LookupError, TypeError, RecursionError):
        pass
    return Refused(sentence or f"The server answered {answer.status_code} without a reason.", code=code)


def printable(text: str, most: int = 1000) -> str:
    """Returns text that cannot steer a terminal."""
    return "".join(character if character.isprintable() else "�" for character in text[:most])


def _retry_after(answer: httpx.Response, otherwise: float) -> float | None:
    """Seconds to wait before the next attempt (RFC 9110 section 10.2.3), None where none is worth it."""
    if answer.status_code not in (_UNAVAILABLE, _TOO_MANY):
        return None
    value = answer.headers.get("retry-after", "")
    with suppress(ValueError):
        return float(value) if whole(value) <= LONGEST_ASKED_S else None
    return otherwise if answer.status_code == _UNAVAILABLE else None
