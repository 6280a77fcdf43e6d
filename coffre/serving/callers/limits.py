"""Limit calls without a valid credential by their address, before the vault is called or a body is read.

An address is not a person: a whole hospital may have one. A caller whose credential was signed for this
Coffre and has not expired is never refused here; the vault limits persons and records.
"""

import re
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from coffre.serving import problems
from coffre.serving.bodies import is_streamed
from coffre.serving.callers.caller_address import of_connection
from coffre.serving.callers.presented import presented
from coffre.serving.shared_counts import Buckets
from coffre.trusted_proxies import TrustedProxies
from keyvault.credentials.refusing import CredentialError
from records.errors import CoffreError, Refused

BURST = 200
PER_SECOND = 2.0
_BODIES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_PUBLIC = frozenset({"fhir/metadata"})
_OHIF = re.compile("records/[^/]+/ohif(/|$)")


class TooManyCalls(Refused):
    code = "too_many_calls"

    def __init__(self) -> None:
        super().__init__(
            "Too many requests of this address showed no credential that holds: wait as long as Retry-After "
            "says, and sign in."
        )


class Door:
    """Who judges credentials, before a request is let in."""

    def __init__(
        self,
        holds: Callable[[str], bool],
        taken: Callable[[str], frozenset[str]],
        refuse: Callable[[str], None] | None,
    ) -> None:
        """`holds`: a token was signed for this Coffre and lasts. `taken`: the methods of an address. `refuse`
        has the log know of a token that doesn't hold, and raises what is wrong with it; where a process has
        no vault for that, its routes judge.
        """
        self.holds = holds
        self.taken = taken
        self.refuse = refuse


class Callers:
    """Answers 429 to an address with too many calls that show nothing, and 401 before a body is read."""

    def __init__(self, app: ASGIApp, door: Door, proxies: TrustedProxies, buckets: Buckets) -> None:
        self._app = app
        self._door = door
        self._caller = of_connection(proxies)
        self._buckets = buckets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = None
        if scope["type"] == "http" and _wants_credential(scope):
            answer = await self._judged(Request(scope))
        await (answer or self._app)(scope, receive, send)

    async def _judged(self, request: Request) -> Response | None:
        """None where the application is to answer, as it is where there is nothing to judge for."""
        if request.method not in self._door.taken(request.url.path):
            return None
        missing, token = None, ""
        try:
            token, _ = presented(request)
        except CredentialError as error:
            missing = error
        if missing is None and await run_in_threadpool(self._door.holds, token):
            return None
        if wait := self._buckets.take(self._caller(request)):
            answer = problems.problem(request, *problems.described(TooManyCalls()))
            answer.headers["Retry-After"] = str(wait)
            return answer
        if not self._reads_a_body_first(request):
            return None
        return await self._refused(request, token, missing)

    def _reads_a_body_first(self, request: Request) -> bool:
        """Whether the application would read a body before it judges; routes that stream one do not."""
        return request.method in _BODIES and not is_streamed(request.method, request.url.path)

    async def _refused(
        self, request: Request, token: str, missing: CredentialError | None
    ) -> Response | None:
        error: CoffreError | None = missing
        if error is None and self._door.refuse is not None:
            try:
                await run_in_threadpool(self._door.refuse, token)
            except CoffreError as found:
                error = found
        return None if error is None else problems.problem(request, *problems.described(error))


def _wants_credential(scope: Scope) -> bool:
    path = scope["path"].strip("/")
    if _OHIF.match(path):  # files that say nothing of anybody, a hundred for each opening
        return False
    return (
        path.partition("/")[0] in problems.ASK_CREDENTIALS
        and path not in _PUBLIC
        and scope["method"] != "OPTIONS"
    )
