"""`/viewer/…`: scripts, codecs and fonts of the viewer page, the same for everybody."""

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, Response

from records.errors import NotFound
from viewer_api.viewer.built_files import FASTER, MEDIA_TYPES, BuiltViewer

WORKER = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
"""A worker has the policy that its own script came with (CSP3 section 7.8)."""
DECODER = WORKER.replace("'wasm-unsafe-eval'", "'wasm-unsafe-eval' 'unsafe-eval'")
"""Codecs made by Emscripten write functions as text. Their worker has no key and no address but ours."""
FOR_GOOD = "public, max-age=31536000, immutable"
_DECODERS = "workers/"


def router(files: BuiltViewer | None) -> APIRouter:
    """`files`: None where none were built; no file is there then."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/viewer/{name:path}")
    def read(name: str, request: Request) -> Response:
        found = files.file(name) if files else None
        if found is None:
            raise NotFound("There is no such file.", code="no_such_file")
        headers = {
            "Content-Security-Policy": DECODER if name.startswith(_DECODERS) else WORKER,
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cross-Origin-Embedder-Policy": "require-corp",
            "Cache-Control": FOR_GOOD,
            "Vary": "Accept-Encoding",
        }
        media_type = MEDIA_TYPES[found.suffix[1:]]
        smaller = found.with_name(found.name + FASTER)
        if _takes_gzip(request) and smaller.is_file():
            return FileResponse(
                smaller, headers={**headers, "Content-Encoding": "gzip"}, media_type=media_type
            )
        return FileResponse(found, headers=headers, media_type=media_type)

    return routes


def _takes_gzip(request: Request) -> bool:
    """RFC 9110 section 12.5.3; who weighs codings gets the file as it is."""
    codings = request.headers.get("accept-encoding", "").lower().split(",")
    return "gzip" in [coding.strip() for coding in codings]
