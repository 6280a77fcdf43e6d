"""Asking an OCSP responder over HTTP (RFC 6960 appendix A), while somebody waits at the door."""

import asyncio
import ssl

import httpx

WITHIN_S = 2
LARGEST = 64 * 1024
_HEADERS = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}


class Responders:
    """Answers of responders whose addresses stand in certificates of configured authorities."""

    def __init__(self, within_s: float = WITHIN_S) -> None:
        self._within_s = within_s
        self._tls = ssl.create_default_context()

    def ask(self, address: str, question: bytes) -> bytes | None:
        """The answer in DER; None where none came in time. Not for a thread with an event loop."""
        return asyncio.run(self._in_time(address, question))

    async def _in_time(self, address: str, question: bytes) -> bytes | None:
        try:
            # httpx bounds each read: who sends a byte now and then would hold the door for hours
            async with asyncio.timeout(self._within_s):
                return await self._answer(address, question)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL):
            return None

    async def _answer(self, address: str, question: bytes) -> bytes | None:
        async with (
            httpx.AsyncClient(verify=self._tls, timeout=self._within_s, follow_redirects=False) as http,
            http.stream("POST", address, content=question, headers=_HEADERS) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                return None
            content = bytearray()
            async for piece in answer.aiter_bytes():
                content += piece
                if len(content) > LARGEST:
                    return None
            return bytes(content)
