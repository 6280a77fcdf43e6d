"""Race the opening of a CT in a browser: the viewer page of Coffre, whose server opens nothing, against OHIF
on Debian's Orthanc; `python -m benchmarks viewing-race`. On loopback, and on a line of 50 Mb/s and 40 ms.

From the navigation on, until something is drawn, and until the first image stands in full. OHIF has no small
picture to show before: there both are its first image. nginx serves its files, packed beforehand; Orthanc
asks nobody who reads. Cold: a browser that was never there. Warm: the second time, the program kept.
"""

import gzip
import os
import shutil
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pydicom
from playwright.sync_api import Browser, BrowserContext

from benchmarks.race.deposits import TMPFS, send, spread, tell
from benchmarks.race.racers import Racer, installed, orthanc
from benchmarks.tools.alone import alone
from benchmarks.tools.measuring import table
from benchmarks.tools.shaping import shaped
from coffre.demo_authority import identity_files
from coffre.demonstration.files import data as demo_data
from records.people.identity import INS_NIR_TEST
from tests.integration.support import Coffre, Patient, bearer, multipart, serving
from tests.services import ohif
from tests.services.processes import debian
from tests.services.service import free_ports, listens, process, wait_until

MEGABITS, ROUND_TRIP_MS = 50.0, 40.0
GOAL = 0.5
"""Of the time that OHIF on Orthanc takes."""
PACKED = (".js", ".css", ".html", ".json", ".svg", ".wasm")
NGINX = """
{user}daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log crit;
events {{ worker_connections 512; }}
http {{
  access_log off; gzip_static on; sendfile on;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  types {{
    text/html html; text/javascript js; text/css css; application/wasm wasm; application/json json;
    image/svg+xml svg;
  }}
  server {{
    listen 127.0.0.1:{port}; root {dist};
    location /dicom-web/ {{
      proxy_pass {orthanc}; proxy_http_version 1.1; proxy_buffering off; proxy_set_header Connection "";
      proxy_set_header Host $http_host;
    }}
    location ~ "[.-][0-9a-f]{{16,}}[.]" {{ add_header Cache-Control "public, max-age=31536000, immutable"; }}
    location / {{ try_files $uri /index.html; }}
  }}
}}
"""
CONFIGURATION = """window.config = { routerBasename: "/", extensions: [], modes: [], showStudyList: true,
  investigationalUseDialog: { option: "never" }, defaultDataSourceName: "orthanc", maxNumberOfWebWorkers: 3,
  dataSources: [{ namespace: "@ohif/extension-default.dataSourcesModule.dicomweb", sourceName: "orthanc",
    configuration: { friendlyName: "Orthanc", name: "orthanc", qidoRoot: "/dicom-web", wadoRoot: "/dicom-web",
      qidoSupportsIncludeField: true, imageRendering: "wadors", thumbnailRendering: "wadors",
      enableStudyLazyLoad: true, omitQuotationForMultipartRequest: true } }] };
"""
LONGEST_S = 180
DRAWN = """([overview, covers, longest]) => new Promise((resolve, reject) => {
    const small = new OffscreenCanvas(32, 32).getContext("2d", { willReadFrequently: true });
    const isShown = id => { const found = document.getElementById(id); return found && !found.hidden; };
    const found = {};
    const hasPicture = () => {
        const canvas = document.querySelector("canvas.cornerstone-canvas");
        if (!canvas || canvas.width < 100 || covers.some(isShown)) return false;
        small.drawImage(canvas, 0, 0, 32, 32);
        const { data } = small.getImageData(0, 0, 32, 32);
        return data.some((value, at) => at % 4 < 3 && value !== data[at % 4]);
    };
    const look = () => {
        const picture = overview && document.querySelector(overview);
        if (!found.first && picture?.complete && picture.naturalWidth) found.first = performance.now();
        if (hasPicture()) {
            found.frame = performance.now();
            found.first ??= found.frame;
            return resolve(found);
        }
        if (performance.now() > longest) return reject(new Error("nothing was drawn"));
        setTimeout(look, 10);
    };
    look();
})"""


@dataclass(frozen=True)
class Page:
    """Where a racer shows the study, what is its small picture, and what lies over the canvas meanwhile."""

    name: str
    url: str
    overview: str | None = None
    covers: tuple[str, ...] = ()
    cookies: object = None


@dataclass(frozen=True)
class Held:
    """The study that both hold: its holder's token, and the paths of the pages that show it."""

    token: str
    ours: str
    theirs: str


@dataclass(frozen=True)
class Seen:
    """Milliseconds from the navigation."""

    first: float
    frame: float


def run(rounds: int = 3, slices: int = 200) -> None:
    ohif.dist()  # fetched while there is a network
    if not alone(["viewing-race", "--rounds", str(rounds)]):
        return
    folder = TMPFS if os.access(TMPFS, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="coffre-viewing-race-", dir=folder) as made, ExitStack() as stack:
        browser = stack.enter_context(ohif.chromium())
        peer = stack.enter_context(orthanc(Path(made)))
        with installed(Path(made)) as coffre:
            person = coffre.open_record()
            person.authorise()
            study = _deposited(coffre, person, peer, slices)
            (document,) = (each["id"] for each in person.documents() if each["kind"] == "study")
            path = f"/dossier/{person.public_id}/documents/{document}/viewer"
        port = stack.enter_context(_ohif(Path(made), peer))
        rows = []
        for line in (None, (MEGABITS, ROUND_TRIP_MS)):
            held = Held(person.token, path, f"/viewer?StudyInstanceUIDs={study}")
            with _pages(Path(made), browser, held, port, line) as pages:
                rows += list(_raced(browser, pages, line, rounds))
    header = ("open a study", "line", "browser", "coffre", "OHIF on Orthanc", "ratio", "goal")
    table(f"A CT of {slices} slices opened in a browser, ms from the navigation", header, rows)


def _raced(browser: Browser, pages: Sequence[Page], line: object, rounds: int) -> Iterator[tuple[str, ...]]:
    seen: dict[tuple[str, str], list[Seen]] = {}
    for number in range(rounds):
        for page in pages if number % 2 else pages[::-1]:
            tell(f"  round {number + 1} of {rounds}, {page.name} ")
            context = browser.new_context(viewport={"width": 1200, "height": 900}, storage_state=page.cookies)  # type: ignore[arg-type]
            for state in ("cold", "warm"):
                seen.setdefault((page.name, state), []).append(_opened(context, page))
            context.close()
    tell(" " * 79)
    for state in ("cold", "warm"):
        mine, theirs = seen["coffre", state], seen["orthanc", state]
        for what in ("first", "frame"):
            ours, others = ([getattr(each, what) for each in found] for found in (mine, theirs))
            yield (
                {"first": "until a picture", "frame": "until the first image"}[what],
                "loopback" if line is None else f"{MEGABITS:.0f} Mb/s, {ROUND_TRIP_MS:.0f} ms",
                state,
                f"{statistics.median(ours):.0f}",
                f"{statistics.median(others):.0f}",
                spread([our / other for our, other in zip(ours, others, strict=True)]),
                f"<= {GOAL}",
            )


def _opened(context: BrowserContext, page: Page) -> Seen:
    tab = context.new_page()
    tab.goto(page.url, wait_until="commit")
    found = tab.evaluate(DRAWN, [page.overview, page.covers, 1000 * LONGEST_S])
    tab.close()
    return Seen(found["first"], found["frame"])


@contextmanager
def _pages(
    folder: Path, browser: Browser, held: Held, port: int, line: tuple[float, float] | None
) -> Iterator[list[Page]]:
    """Both racers' pages, over a line or without one."""
    ours, theirs = free_ports(2)
    settings = {} if line is None else {"COFFRE_PUBLIC_URL": f"http://127.0.0.1:{ours}"}
    with serving(folder / "coffre", COFFRE_GATEWAY="false", **settings) as coffre, ExitStack() as stack:
        if line is not None:
            server = int(coffre.url.rpartition(":")[2])
            stack.enter_context(shaped(folder, ours, server, *line))
            stack.enter_context(shaped(folder, theirs, port, *line))
        base = coffre.url if line is None else settings["COFFRE_PUBLIC_URL"]
        with coffre.system() as system:
            link = identity_files.sign_in_link(system, held.token, base)
        with browser.new_context() as signed_in:
            signed_in.new_page().goto(link)
            cookies = signed_in.storage_state()
        other = f"http://127.0.0.1:{port if line is None else theirs}{held.theirs}"
        yield [
            Page(
                "coffre",
                base + held.ours,
                "#preview:not([hidden]) img",
                ("cover", "preview", "loading"),
                cookies,
            ),
            Page("orthanc", other),
        ]


@contextmanager
def _ohif(folder: Path, peer: Racer) -> Iterator[int]:
    """OHIF's files and Orthanc behind one nginx; answers its port."""
    dist = folder / "ohif"
    shutil.copytree(ohif.dist(), dist)
    (dist / "app-config.js").write_text(CONFIGURATION)
    for file in [each for each in dist.rglob("*") if each.suffix in PACKED]:
        file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes(), 6))
    (port,) = free_ports(1)
    (folder / "nginx").mkdir()
    conf, log = folder / "nginx" / "nginx.conf", folder / "nginx" / "log"
    origin = peer.url.removesuffix("/dicom-web/studies")
    user = "user root;\n" if os.geteuid() == 0 else ""  # whoever serves may read what we alone may
    conf.write_text(NGINX.format(user=user, folder=folder / "nginx", port=port, dist=dist, orthanc=origin))
    command: list[str | Path] = [
        debian("nginx", "nginx-light"),
        "-c",
        conf,
        "-p",
        folder / "nginx",
        "-e",
        folder / "nginx/error.log",
    ]
    with process(command, log) as child:
        wait_until(lambda: listens(port), child, log)
        yield port


def _deposited(coffre: Coffre, person: Patient, peer: Racer, slices: int) -> str:
    """The same study to both; answers its UID."""
    made = demo_data.ct_study(person.ins, INS_NIR_TEST, slices=slices, seed=1)
    files = [content for _, content in made]
    url = f"{coffre.url}/records/{person.ins}/dicomweb/studies"
    assert coffre.server.pid is not None
    for racer in (Racer("coffre", url, bearer(coffre.depositor()), coffre.server.pid), peer):
        send(racer, [multipart(files)])
    return str(pydicom.dcmread(BytesIO(files[0]), stop_before_pixels=True).StudyInstanceUID)
