"""`/dossier/{record}/documents/{id}/viewer`: a study or a PDF, opened by the browser itself.

The page gets a grant for a key of its own, fetches ciphertext and opens it; this process never sees content.
"""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from records.documents.instances import live_series
from records.errors import NotFound, Refused
from viewer_api.opener.routes import origin_of
from viewer_api.viewer.built_files import BuiltViewer
from viewer_api.web.dossier.documents import DocumentPages, OpenedDocument
from viewer_api.web.dossier.series import series_view
from viewer_api.web.mode import NORMAL, Mode, mode_of
from viewer_api.web.sessions import Session
from viewer_api.web.site import Site
from viewer_api.web.texts import Texts
from viewer_api.web.words import whose_view

WORDS = "viewer."


class ViewerMissing(Refused):
    code = "viewer_missing"

    def __init__(self) -> None:
        super().__init__("This installation has no viewer: `make viewer` builds it, with Node.js and npm.")


class NotShownHere(NotFound):
    code = "not_shown_here"

    def __init__(self) -> None:
        super().__init__("The viewer shows studies and PDF: download this document.")


class ViewerPages:
    """`objects_url`: where browsers reach the store of the objects; None where it is here."""

    def __init__(
        self,
        site: Site,
        records: DocumentPages,
        files: BuiltViewer | None,
        opener_version: str,
        objects_url: str | None,
    ) -> None:
        self._site = site
        self._records = records
        self._files = files
        self._opener = f"/opener/{opener_version}/index.js"
        self._policy = policy(objects_url)

    async def viewer(
        self, request: Request, session: Session, record: str, document_id: UUID, mode: Mode = NORMAL
    ) -> Response:
        opened = await self._records.document(request, session, record, document_id, mode)
        if self._files is None:
            raise ViewerMissing
        if not opened.view.is_study and not opened.view.carries_pdf:
            raise NotShownHere
        t = self._site.texts(request)
        response = self._site.page(
            request,
            "viewer.html",
            document=opened.view,
            record=record,
            mode=mode,
            help=key_map(t),
            script=self._files.script,
            styles=self._files.styles,
            data=json.dumps(self._data(opened, record, mode, t), ensure_ascii=False),
        )
        response.headers["Content-Security-Policy"] = self._policy
        return response

    def _data(self, opened: OpenedDocument, record: str, mode: Mode, t: Texts) -> Mapping[str, Any]:
        """What the page's script has to know; it stands in the page, escaped like any text."""
        return {
            "record": record,
            "document": str(opened.view.id),
            "kind": "study" if opened.view.is_study else "pdf",
            "purpose": mode.purpose.value,
            "reason": mode.reason,
            "opener": self._opener,
            "patient": whose_view(opened.whose, t).name,
            "series": [
                {
                    "uid": each["uid"],
                    "title": each["title"],
                    "count": t.counted("images", len(each["instances"])),
                    "pictures": each["has_pictures"],
                }
                for each in (series_view(one, n, t) for n, one in enumerate(live_series(opened.details), 1))
            ],
            "words": t.below(WORDS),
        }


def key_map(t: Texts) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Keys and the commands that they give, as `keys.js` has them."""
    shift = {sign: t("viewer.key.shift", sign=sign) for sign in "←→↑↓"}
    return (
        (("↓", "→"), "next"),
        (("↑", "←"), "previous"),
        ((t("viewer.key.page_down"),), "forward"),
        ((t("viewer.key.page_up"),), "back"),
        ((t("viewer.key.home"),), "first"),
        ((t("viewer.key.end"),), "last"),
        (("+",), "zoom-in"),
        (("-",), "zoom-out"),
        (("0",), "fit"),
        *(((shift[sign],), name) for sign, name in zip("←→↑↓", ("left", "right", "up", "down"), strict=True)),
        (("B",), "brighter"),
        (("N",), "darker"),
        (("C",), "more-contrast"),
        (("V",), "less-contrast"),
        (("I",), "invert"),
        (("R",), "reset"),
        ((t("viewer.key.space"),), "play"),
        (("?", "H"), "help"),
    )


def policy(objects_url: str | None) -> str:
    """Scripts, workers and requests of ours and of the store of the objects alone; pictures from memory."""
    store = f" {origin_of(objects_url)}" if objects_url else ""
    return (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; "
        f"img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'{store}; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def install(routes: APIRouter, site: Site, pages: ViewerPages) -> None:
    @routes.get("/dossier/{record}/documents/{document_id}/viewer")
    async def viewer(record: UUID, document_id: UUID, request: Request) -> Response:
        return await pages.viewer(request, await site.session(request), str(record), document_id)

    @routes.post("/dossier/{record}/documents/{document_id}/viewer")
    async def viewer_in_emergency(record: UUID, document_id: UUID, request: Request) -> Response:
        session = await site.session(request)
        mode = mode_of(await site.form(request, session))
        return await pages.viewer(request, session, str(record), document_id, mode)
