"""Viewers on origins of their own: what COFFRE_ALLOWED_ORIGINS opens to their pages, and what never."""

from collections.abc import Iterator

import httpx
import pytest

from coffre.installation.install import initialise
from coffre.serving.answers.origins import EXPOSED_HEADERS
from coffre.settings import load
from records.errors import CoffreError, Invalid
from tests.integration.support import Coffre, Patient, bearer, problem, serving

VIEWER, OTHER = "https://viewer.example", "http://127.0.0.1:3000"
ALLOW_ORIGIN = "access-control-allow-origin"
REFUSED = (
    "https://evil.example",
    "http://viewer.example",
    "https://viewer.example:8443",
    "https://viewer.example.evil.example",
    "https://viewer.example/",
    "https://VIEWER.example",
    "null",
    "*",
    "",
)
API = (
    ("GET", "/records/1/documents"),
    ("POST", "/records/1/dicomweb/studies"),
    ("GET", "/records/1/dicomweb/studies"),
    ("PUT", "/records/1/emergency"),
    ("DELETE", "/records/1/authorisations/1"),
    ("POST", "/grants"),
    ("GET", "/objects/00000000-0000-0000-0000-000000000000/1"),
    ("POST", "/fhir/DocumentReference"),
    ("GET", "/submissions/00000000-0000-0000-0000-000000000000"),
    ("GET", "/audit/checkpoint"),
    ("GET", "/health/live"),
    ("GET", "/openapi.json"),
    ("GET", "/records/no/such/address"),
)
PAGES = ("/", "/consultations", "/choix", "/link/x", "/static/x", "/dossier/x", "/metrics", "/nothing")
A_VIEWERS_HEADERS = (
    *("accept", "authorization", "content-encoding", "content-type", "coffre-purpose", "coffre-reason"),
    *("dpop", "if-none-match", "prefer", "range"),
)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coffre]:
    """A Coffre whose API two viewers may call."""
    data = tmp_path_factory.mktemp("origins") / "data"
    initialise(load(data=data))
    with serving(data, COFFRE_ALLOWED_ORIGINS=f"{VIEWER}, {OTHER}") as coffre:
        yield coffre


@pytest.fixture(scope="module")
def person(opened: Coffre) -> Patient:
    patient = opened.open_record()
    assert opened.stow(opened.depositor(), patient.ct(slices=1, size=16), patient.ins).status_code == 200
    return patient


def preflight(coffre: Coffre, path: str, origin: str, method: str = "GET") -> httpx.Response:
    wish = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": ",".join(A_VIEWERS_HEADERS),
    }
    return coffre.http.options(path, headers=wish)


def names(text: str) -> set[str]:
    return {name.strip().lower() for name in text.split(",")}


def cross_origin(answer: httpx.Response) -> set[str]:
    return {name for name in answer.headers if name.startswith("access-control-")}


class TestAdmitted:
    @pytest.mark.parametrize("origin", [VIEWER, OTHER])
    @pytest.mark.parametrize(("method", "path"), API)
    def test_a_preflight_admits_methods_and_headers(
        self, opened: Coffre, method: str, path: str, origin: str
    ) -> None:
        answer = preflight(opened, path, origin, method)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers[ALLOW_ORIGIN] == origin
        assert method.lower() in names(answer.headers["access-control-allow-methods"])
        assert names(answer.headers["access-control-allow-headers"]) >= set(A_VIEWERS_HEADERS)
        assert names(answer.headers["vary"]) >= {"origin", "access-control-request-headers"}
        assert "access-control-allow-credentials" not in answer.headers

    def test_answers_show_what_a_viewer_reads(self, opened: Coffre, person: Patient) -> None:
        for method in ("GET", "HEAD"):
            answer = opened.http.request(
                method,
                f"/records/{person.ins}/dicomweb/studies",
                headers={**bearer(person.token), "Origin": VIEWER},
            )
            assert answer.status_code == 200
            assert answer.headers[ALLOW_ORIGIN] == VIEWER
            shown = names(answer.headers["access-control-expose-headers"])
            assert shown == {name.lower() for name in EXPOSED_HEADERS}
            assert shown >= {"content-range", "content-location", "location", "etag", "warning"}
            assert "origin" in names(answer.headers["vary"])
            assert "access-control-allow-credentials" not in answer.headers

    def test_ranges_of_sealed_objects_are_read(self, opened: Coffre, person: Patient) -> None:
        (url, *_) = opened.grant(person.token, person.ins).answer.json()["urls"].values()
        answer = httpx.get(url, headers={"Origin": VIEWER, "Range": "bytes=0-9"})
        assert (answer.status_code, answer.headers[ALLOW_ORIGIN]) == (206, VIEWER)
        beyond = httpx.get(url, headers={"Origin": VIEWER, "Range": "bytes=99999999-"})
        assert (beyond.status_code, beyond.headers[ALLOW_ORIGIN]) == (416, VIEWER)

    def test_errors_can_be_read(self, opened: Coffre, person: Patient) -> None:
        record = f"/records/{person.ins}"
        stranger = bearer(opened.professional("899700099990"))
        for status, method, path, headers in (
            (401, "GET", f"{record}/documents", {}),
            (403, "GET", f"{record}/documents", stranger),
            (404, "GET", "/records/no/such/address", {}),
            (405, "PATCH", f"{record}/documents", {}),
            (400, "GET", f"{record}/dicomweb/studies?limit=some", bearer(person.token)),
            (415, "POST", f"{record}/dicomweb/studies", bearer(opened.depositor())),
            (422, "PUT", f"{record}/emergency", bearer(person.token)),
        ):
            answer = opened.http.request(method, path, headers={**headers, "Origin": VIEWER})
            assert (answer.status_code, answer.headers[ALLOW_ORIGIN]) == (status, VIEWER), path
            assert problem(answer)

    def test_a_fault_of_ours_can_be_read(self, opened: Coffre) -> None:
        """A 500 too: the index has a table less."""
        import sqlite3

        with sqlite3.connect(opened.data / "index.db") as index:
            index.execute("ALTER TABLE submission RENAME TO elsewhere")
        try:
            answer = opened.http.get(
                "/submissions/00000000-0000-0000-0000-000000000001",
                headers={**bearer(opened.depositor()), "Origin": VIEWER},
            )
        finally:
            with sqlite3.connect(opened.data / "index.db") as index:
                index.execute("ALTER TABLE elsewhere RENAME TO submission")
        assert answer.status_code >= 500
        assert answer.headers[ALLOW_ORIGIN] == VIEWER
        assert "x-request-id" in answer.headers

    def test_the_capability_statement_says_whether_other_origins_are_admitted(
        self, opened: Coffre, coffre: Coffre
    ) -> None:
        for server, admitted in ((opened, True), (coffre, False)):
            (rest,) = server.http.get("/fhir/metadata").json()["rest"]
            assert rest["security"]["cors"] is admitted


class TestRefused:
    @pytest.mark.parametrize("origin", REFUSED)
    def test_another_origin_gets_no_header(self, opened: Coffre, person: Patient, origin: str) -> None:
        path = f"/records/{person.ins}/documents"
        for answer in (
            preflight(opened, path, origin),
            opened.http.get(path, headers={**bearer(person.token), "Origin": origin}),
            opened.http.get(path, headers={"Origin": origin}),
        ):
            assert not cross_origin(answer)
            assert "origin" in names(answer.headers["vary"])

    def test_two_origins_at_once_are_none(self, opened: Coffre) -> None:
        headers = [("Origin", VIEWER), ("Origin", VIEWER)]
        assert not cross_origin(opened.http.get("/audit/keys", headers=headers))

    def test_who_names_no_origin_is_told_that_answers_vary(self, opened: Coffre) -> None:
        answer = opened.http.get("/audit/keys")
        assert not cross_origin(answer)
        assert "origin" in names(answer.headers["vary"])

    @pytest.mark.parametrize("path", PAGES)
    def test_what_a_browser_shows_stays_closed(self, opened: Coffre, path: str) -> None:
        browser = {"Origin": VIEWER, "Accept": "text/html"}
        for answer in (
            preflight(opened, path, VIEWER),
            preflight(opened, path, VIEWER, "POST"),
            opened.http.get(path, headers=browser),
            opened.http.post(path, headers=browser),
        ):
            assert not cross_origin(answer), path

    def test_without_the_setting_nobody_is_admitted(self, coffre: Coffre) -> None:
        for method, path in API:
            assert not cross_origin(preflight(coffre, path, VIEWER, method))
            assert not cross_origin(coffre.http.request(method, path, headers={"Origin": VIEWER}))


class TestSetting:
    @pytest.mark.parametrize("text", ["*", "https://*", "https://*.example", f"{VIEWER},*", "* "])
    def test_never_everybody(self, text: str) -> None:
        with pytest.raises(
            Invalid, match=r"COFFRE_ALLOWED_ORIGINS never holds \*.*Name each origin"
        ) as error:
            load(allowed_origins=text)
        assert error.value.code == "bad_setting"

    @pytest.mark.parametrize(
        "text",
        [
            "viewer.example",
            "null",
            "https://viewer.example/app",
            "https://viewer.example?x",
            "https://viewer.example#x",
            "https://somebody@viewer.example",
            "https://",
            "https://viewer.example:0",
            "https://viewer.example:65536",
            "https://viewer.example:443a",
            "https://vïewer.example",
            "file:///tmp",
            "https://-",
        ],
    )
    def test_what_is_no_origin_is_told(self, text: str) -> None:
        with pytest.raises(Invalid, match="COFFRE_ALLOWED_ORIGINS names origins such as"):
            load(allowed_origins=text)

    @pytest.mark.parametrize(
        ("text", "origins"),
        [
            ("", ()),
            (" , ", ()),
            (VIEWER, (VIEWER,)),
            (f"{VIEWER},{OTHER}", (VIEWER, OTHER)),
            (f" {VIEWER}\n{OTHER} ", (VIEWER, OTHER)),
            (f"{VIEWER},{VIEWER}/", (VIEWER,)),
            ("HTTPS://Viewer.Example:443/", (VIEWER,)),
            ("http://viewer.example:80", ("http://viewer.example",)),
            ("https://viewer.example:80", ("https://viewer.example:80",)),
            ("http://[::1]:3000", ("http://[::1]:3000",)),
        ],
    )
    def test_origins_are_read_as_browsers_send_them(self, text: str, origins: tuple[str, ...]) -> None:
        assert load(allowed_origins=text).origins() == origins

    def test_production_admits_https_alone(self) -> None:
        with pytest.raises(CoffreError, match="COFFRE_ALLOWED_ORIGINS=https://…"):
            load(environment="production", allowed_origins=f"{VIEWER},{OTHER}")

    def test_a_bucket_admits_our_own_pages_and_theirs(self) -> None:
        """`tests/contract/test_objects_s3.py` asks real stores."""
        settings = load(
            public_url="https://coffre.example/", allowed_origins=f"{VIEWER} https://coffre.example"
        )
        assert settings.pages() == ("https://coffre.example", VIEWER)
