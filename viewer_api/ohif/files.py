"""OHIF's own files, prebuilt, as one record sees them: the page and its configuration name that record.

The viewer lives below the record, so that whatever it asks is on the same origin and under the same session,
and within the scope of the service worker that opens it (docs/adr/0025-ohif-service-worker.md). It holds no
content and nobody signs in to read it.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from records.errors import CoffreError

INDEX, CONFIGURATION = "index.html", "app-config.js"
_INLINE = re.compile(r"<script>.*?</script>", re.DOTALL)
_OWN_WORKER = re.compile(r'<script [^>]*src="/init-service-worker\.js"></script>')
"""Takes the registration of every service worker of the origin away."""
_PROGRAM = re.compile(r'<script defer(?:="defer")? src="(/app\.bundle\.[0-9a-f]+\.js)"></script>')
_OTHER_SCRIPT = re.compile(r'<script\b(?![^>]* src="/app-config\.js">)')
_ADDRESSES = re.compile(r'\b(href|src|content)="/(?!/)')
_HASHED = re.compile(r"[.-]?[0-9a-f]{16}[.]")
SOURCE = "coffre"
PROGRAM = r'<link id="ohif" rel="preload" as="script" href="\1">'
"""OHIF's program, fetched and not run: worker/whose.js runs it once it stands above whose record is open."""


class UnknownOhifError(CoffreError):
    """A page whose program would run by itself, whosever record is open."""

    code = "ohif_unknown"

    def __init__(self) -> None:
        super().__init__(
            "The OHIF of COFFRE_OHIF is not the version that is known here: make ohif fetches it."
        )


@dataclass(frozen=True, slots=True)
class OhifFiles:
    """The folder with OHIF's `dist`, made by `make ohif`."""

    folder: Path

    def index(self, record: UUID, *scripts: str) -> str:
        """The page, without its inline scripts: the configuration says the same, and our policy runs none.

        `scripts`: modules of ours that the page runs, too. Raises `UnknownOhifError`.
        """
        html = _OWN_WORKER.sub("", _INLINE.sub("", (self.folder / INDEX).read_text("utf-8")))
        html, programs = _PROGRAM.subn(PROGRAM, html)
        if programs != 1 or _OTHER_SCRIPT.search(html):
            raise UnknownOhifError
        ours = "".join(f'<script type="module" src="/{script}"></script>' for script in scripts)
        html = html.replace("</head>", f"{ours}</head>", 1)
        return _ADDRESSES.sub(rf'\1="{base(record)}/', html)

    def file(self, name: str) -> Path | None:
        """A file of the folder; None for anything else, links out of it included."""
        root = self.folder.resolve()
        try:
            found = (root / name).resolve()
            return found if found.is_file() and found.is_relative_to(root) else None
        except (OSError, ValueError):  # a name that no file can have
            return None

    @staticmethod
    def configuration(record: UUID) -> str:
        """OHIF's `window.config`, with what its inline scripts would set."""
        return (
            f"window.PUBLIC_URL = {json.dumps(base(record) + '/')};\n"
            "window.browserImportFunction = name => import(name);\n"
            f"window.config = {json.dumps(_configuration(record), indent=1)};\n"
        )


def base(record: UUID) -> str:
    return f"/records/{record}/ohif"


def lasts(name: str) -> bool:
    """Whether a file's name changes with its content, so that it may be kept for good."""
    return _HASHED.search(name) is not None


def _configuration(record: UUID) -> dict[str, object]:
    root = f"/records/{record}/dicomweb"
    return {
        "routerBasename": base(record),
        "extensions": [],
        "modes": [],
        "showStudyList": True,
        "maxNumberOfWebWorkers": 3,
        "showWarningMessageForCrossOrigin": False,
        "showCPUFallbackMessage": True,
        "showLoadingIndicator": True,
        "strictZSpacingForVolumeViewport": True,
        "investigationalUseDialog": {"option": "never"},
        "maxNumRequests": {"interaction": 20, "thumbnail": 5, "prefetch": 10},
        "showErrorDetails": "production",
        "defaultDataSourceName": SOURCE,
        "dataSources": [
            {
                "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
                "sourceName": SOURCE,
                "configuration": {
                    "friendlyName": "Coffre",
                    "name": SOURCE,
                    "qidoRoot": root,
                    "wadoRoot": root,
                    "qidoSupportsIncludeField": True,
                    "imageRendering": "wadors",
                    "thumbnailRendering": "wadors",
                    "enableStudyLazyLoad": True,
                    "supportsFuzzyMatching": True,
                    "supportsWildcard": True,
                    "omitQuotationForMultipartRequest": True,
                    "singlepart": "bulkdata,video",
                    "bulkDataURI": {"enabled": True, "relativeResolution": "studies"},
                },
            }
        ],
    }
