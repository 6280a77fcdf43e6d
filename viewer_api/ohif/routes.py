"""`/records/{record}/ohif/…`: OHIF, a stock viewer, on the same origin as what it asks.

A service worker answers what it asks for from sealed content, in the browser. It has to be there before OHIF
is: whoever navigates here without it gets a page that starts it and comes again.
"""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, HTMLResponse, Response

from records.errors import NotFound
from viewer_api.ohif.files import CONFIGURATION, INDEX, OhifFiles, base, lasts
from viewer_api.ohif.worker_files import PAGE, START, WHOSE, WORKER, WorkerFiles
from viewer_api.web.site import Site

POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval' blob:; worker-src 'self' blob:; "
    "img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "connect-src 'self' blob: data:; object-src 'self' blob:; frame-src 'self' blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""Wasm for its codecs, workers and pictures from blobs, styles from its script; nothing from elsewhere: what
the store has is fetched by its service worker.
"""
WORKERS_POLICY = POLICY.replace("'wasm-unsafe-eval'", "'wasm-unsafe-eval' 'unsafe-eval'")
"""A worker has the policy that its own script came with. The codecs of JPEG-LS and JPEG 2000, made by
Emscripten, write small functions as text; the page itself may not.
"""
START_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
ISOLATED = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HEADERS = {**ISOLATED, "Content-Security-Policy": POLICY}
FOR_GOOD = "public, max-age=31536000, immutable"
OVER, THE_GATEWAY = "over", "gateway"
"""`?over=gateway`: OHIF without the worker, for browsers that open nothing themselves."""


class OhifPages:
    """What a browser gets below a record."""

    def __init__(self, files: OhifFiles, worker: WorkerFiles, site: Site, *, has_gateway: bool) -> None:
        self._files = files
        self._worker = worker
        self._site = site
        self._has_gateway = has_gateway

    def page(self, record: UUID, request: Request) -> Response:
        """OHIF's page to the worker, which fetches it for whoever navigates; to a browser the page that
        starts the worker.
        """
        if self._has_gateway and request.query_params.get(OVER) == THE_GATEWAY:
            return HTMLResponse(self._files.index(record, WHOSE), headers=HEADERS)
        if request.url.path == f"{base(record)}/{INDEX}" and not _navigates(request):
            return HTMLResponse(self._files.index(record, WHOSE, PAGE), headers=HEADERS)
        folder = f"{base(record)}/"
        answer = self._site.page(
            request,
            "ohif_start.html",
            folder=folder,
            script=folder + START,
            worker=folder + WORKER,
            over=_over_gateway(request) if self._has_gateway else None,
        )
        answer.headers.update({**ISOLATED, "Content-Security-Policy": START_POLICY})
        return answer

    def file(self, record: UUID, name: str) -> Response:
        if name == CONFIGURATION:
            text = self._files.configuration(record)
            return Response(text, headers=HEADERS, media_type="text/javascript")
        module = self._worker.module(name)
        if module is not None:
            headers = self._worker.headers(name, f"{base(record)}/")
            return Response(module, headers=dict(headers), media_type="text/javascript")
        found = self._files.file(name)
        if found is None:
            raise NotFound("There is no such file.", code="no_such_file")
        policy = WORKERS_POLICY if name.endswith(".js") else POLICY
        kept = FOR_GOOD if lasts(name) else "no-cache"
        headers = {**HEADERS, "Content-Security-Policy": policy, "Cache-Control": kept}
        return FileResponse(found, headers=headers)


def router(pages: OhifPages) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/records/{record}/ohif/{name:path}")
    def read(record: UUID, name: str, request: Request) -> Response:
        """A file of OHIF; its page for addresses without one, which its own script reads."""
        return pages.page(record, request) if name == INDEX or "." not in name else pages.file(record, name)

    return routes


def _navigates(request: Request) -> bool:
    """Fetch Metadata, which browsers send wherever they have service workers."""
    return request.headers.get("sec-fetch-mode") == "navigate"


def _over_gateway(request: Request) -> str:
    return str(request.url.include_query_params(**{OVER: THE_GATEWAY}).replace(scheme="", netloc=""))
