"""`/opener/…`: the module with which a page opens sealed content itself (docs/opener.md).

`/opener/index.js` may change with the next version and is asked for anew each time;
`/opener/{version}/index.js` never changes, nor does anything that it imports.
"""

from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.responses import Response

from records.errors import NotFound
from viewer_api.opener.files import Module, OpenerFiles

MEDIA_TYPE = "text/javascript"
FOR_GOOD, ASKED_ANEW = "public, max-age=31536000, immutable", "no-cache"
_NOT_MODIFIED = 304


def headers_of(objects_url: str | None) -> dict[str, str]:
    """A worker has the policy that its own script came with (CSP3 section 7.8): it talks to us and to the
    store of the objects alone. `objects_url`: where browsers reach that store, None where it is here.
    """
    stores = f" {origin_of(objects_url)}" if objects_url else ""
    return {
        "Content-Security-Policy": f"default-src 'none'; script-src 'self'; connect-src 'self'{stores}",
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


def origin_of(url: str) -> str:
    """Scheme, host and port, as a policy names a source."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def router(files: OpenerFiles, objects_url: str | None = None) -> APIRouter:
    routes = APIRouter(include_in_schema=False)
    common = headers_of(objects_url)

    def answer(request: Request, name: str, kept: str) -> Response:
        found = files.modules.get(name)
        if found is None:
            raise NotFound("There is no such file.", code="no_such_file")
        headers = {**common, "Cache-Control": kept, "ETag": found.tag}
        if _has_it(request, found):
            return Response(status_code=_NOT_MODIFIED, headers=headers)
        return Response(found.content, headers=headers, media_type=MEDIA_TYPE)

    @routes.get("/opener/{name}")
    async def newest(name: str, request: Request) -> Response:
        return answer(request, name, ASKED_ANEW)

    @routes.get("/opener/{version}/{name}")
    async def versioned(version: str, name: str, request: Request) -> Response:
        """Another version's address is gone with it: a page of that version is loaded again."""
        if version != files.version:
            raise NotFound("There is no such file.", code="no_such_file")
        return answer(request, name, FOR_GOOD)

    return routes


def _has_it(request: Request, module: Module) -> bool:
    """RFC 9110 section 13.1.2, by weak comparison."""
    tags = request.headers.get("if-none-match", "").split(",")
    return any(tag.strip().removeprefix("W/") in (module.tag, "*") for tag in tags)
