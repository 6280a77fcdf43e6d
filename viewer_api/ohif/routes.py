"""`/records/{record}/ohif/…`: OHIF, a stock viewer, on the same origin as what it asks."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import FileResponse, HTMLResponse, Response

from records.errors import NotFound
from viewer_api.ohif.files import CONFIGURATION, INDEX, OhifFiles, lasts

POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval' blob:; worker-src 'self' blob:; "
    "img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "connect-src 'self' blob: data:; object-src 'self' blob:; frame-src 'self' blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""Wasm for its codecs, workers and pictures from blobs, styles from its script; nothing from elsewhere."""
WORKERS_POLICY = POLICY.replace("'wasm-unsafe-eval'", "'wasm-unsafe-eval' 'unsafe-eval'")
"""A worker has the policy that its own script came with. The codecs of JPEG-LS and JPEG 2000, made by
Emscripten, write small functions as text; the page itself may not.
"""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
}
FOR_GOOD = "public, max-age=31536000, immutable"


def router(files: OhifFiles) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/records/{record}/ohif/{name:path}")
    def read(record: UUID, name: str) -> Response:
        """A file of OHIF; its page for addresses without one, which its own script reads."""
        if name == CONFIGURATION:
            return Response(files.configuration(record), headers=HEADERS, media_type="text/javascript")
        if name == INDEX or "." not in name:
            return HTMLResponse(files.index(record), headers=HEADERS)
        found = files.file(name)
        if found is None:
            raise NotFound("There is no such file.", code="no_such_file")
        policy = WORKERS_POLICY if name.endswith(".js") else POLICY
        kept = FOR_GOOD if lasts(name) else "no-cache"
        headers = {**HEADERS, "Content-Security-Policy": policy, "Cache-Control": kept}
        return FileResponse(found, headers=headers)

    return routes
