"""What the pages hold against: forged forms, hostile content, ended sign-ins, prying eyes."""

import re
import time
from urllib.parse import unquote_plus

import httpx
import pytest

from coffre.demo_authority import identity_files
from coffre.demonstration.files import data as demo_data
from coffre.wiring import System
from keyvault.credentials.sign_in_links import SignIn, new_sign_in
from records.text.base64url import b64
from storage.rows.sign_ins import SignedIn
from tests.integration.pages import Browser, Form, Page
from tests.integration.support import DOCTOR, HOSPITAL, TRAITS, Coffre, Patient
from viewer_api.web.words import grouped_ins

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}'
REASON = f"Urgence vitale {HOSTILE}"
CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
PROGRAM = "script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"


@pytest.fixture
def holder(coffre: Coffre, patient: Patient) -> Browser:
    return Browser(coffre).sign_in(patient.token)


@pytest.fixture
def doctor(coffre: Coffre) -> Browser:
    return Browser(coffre).sign_in(coffre.professional())


def publish(coffre: Coffre, patient: Patient, title: str = "Compte rendu") -> str:
    answer = coffre.publish_pdf(coffre.depositor(HOSPITAL), patient.ins, demo_data.report_pdf(), title=title)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"].rpartition("/")[2]


def every_page(coffre: Coffre, patient: Patient) -> list[httpx.Response]:
    """One answer of each kind of page, errors included."""
    document = publish(coffre, patient, HOSTILE)
    coffre.stow(coffre.depositor(), patient.ct(), patient.ins)
    nobody, holder = Browser(coffre), Browser(coffre).sign_in(patient.token)
    doctor = Browser(coffre).sign_in(coffre.professional())
    study = Page(holder.http.get("/").text).link("Voir les images")
    block = holder.get("/choix").form("/choix", action="block")
    ask = doctor.get("/").form("/dossier")
    refused = doctor.send(ask, ins=patient.ins)
    glass = Page(refused.text).form("/dossier", purpose="bris_de_glace")
    return [
        nobody.http.get("/"),
        nobody.http.get("/?lang=en"),
        nobody.http.get("/choix"),
        nobody.http.get(f"/link/{b64(bytes(32))}"),
        *(holder.http.get(path) for path in ("/", "/consultations?qui=tous", "/choix", study)),
        holder.http.get("/consultations?avant=rien"),
        holder.send(block, professional=DOCTOR),
        holder.send(block, professional="1"),
        holder.http.get(f"/dossier/{patient.public_id}/documents/{patient.public_id}"),
        doctor.http.get("/"),
        doctor.send(ask, ins="1"),
        refused,
        doctor.send(glass, reason="court"),
        doctor.send(glass, reason=REASON),
        holder.post(f"/documents/{document}/visibilite", {"masque": "oui"}),
    ]


def is_ours(script: dict[str, str]) -> bool:
    """The log's program, a file of ours, and what it is to check, which no browser runs."""
    if script.get("type") == "application/json":
        return "src" not in script
    return script.get("type") == "module" and script["src"].startswith("/static/log_check.")


def test_no_page_but_the_log_holds_a_script_and_none_a_handler_or_a_style_of_its_own(
    coffre: Coffre, patient: Patient
) -> None:
    for answer in every_page(coffre, patient):
        page = Page(answer.text)
        assert all(is_ours(script) for script in page.all("script"))
        assert len(page.all("script")) == (
            2 if answer.url.path == "/consultations" and page.all("table") else 0
        )
        assert not page.all("style")
        # a rendering of ours, of the same origin
        assert all(
            each["src"].startswith("/records/") and "/thumbnail?" in each["src"] for each in page.all("img")
        )
        for tag, attributes in page.elements:
            assert not [name for name in attributes if name.startswith("on") or name == "style"], tag
            for name in ("href", "src", "action"):
                assert not attributes.get(name, "/").lower().startswith(("javascript:", "data:", "//"))


def test_every_page_is_locked_down_by_its_headers(coffre: Coffre, patient: Patient) -> None:
    for answer in every_page(coffre, patient):
        headers = answer.headers
        has_program = "<script" in answer.text
        assert headers["content-security-policy"] == (f"{CSP}; {PROGRAM}" if has_program else CSP)
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["content-type"] == "text/html; charset=utf-8"


def test_hostile_titles_and_reasons_are_shown_as_text(coffre: Coffre, patient: Patient) -> None:
    shown = [Page(answer.text).text for answer in every_page(coffre, patient)]
    assert any(HOSTILE in text for text in shown)
    assert any(f"Motif : {REASON}" in text for text in shown)
    log = Browser(coffre).sign_in(patient.token).get("/consultations")
    assert f"Motif écrit : {REASON}" in log.text


def test_no_identity_stands_in_an_address_or_a_title(coffre: Coffre, patient: Patient) -> None:
    for answer in every_page(coffre, patient):
        page = Page(answer.text)
        title = re.search("<title>(.*)</title>", page.html)
        addresses = [value for _, attrs in page.elements for name, value in attrs.items() if name == "href"]
        addresses += [form.action for form in page.forms] + [str(answer.url), title[1] if title else ""]
        hidden = (patient.ins, grouped_ins(patient.ins), DOCTOR, TRAITS.family_name, TRAITS.given_name)
        told = [unquote_plus(each).upper() for each in addresses]
        assert not [each for each in told for word in hidden if word.upper() in each]
        # beside the head of an open record, the one place of an INS is the field that its asker filled in,
        # to ask again in an emergency
        assert page.html.count(patient.ins) == sum(
            form.fields.get("ins") == patient.ins for form in page.forms
        )


# forms


def mask_form(holder: Browser, document: str) -> Form:
    return holder.get("/").form(f"/documents/{document}/visibilite")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    ],
)
def test_a_form_from_elsewhere_is_refused(
    coffre: Coffre, patient: Patient, holder: Browser, headers: dict[str, str]
) -> None:
    form = mask_form(holder, publish(coffre, patient))
    answer = holder.post(form.action, form.fields, **headers)
    assert answer.status_code == 403
    assert "Ce formulaire n'est plus valable" in Page(answer.text).text
    assert patient.documents()[0]["labels"] == []


def test_a_form_without_its_own_proof_is_refused(coffre: Coffre, patient: Patient, holder: Browser) -> None:
    form = mask_form(holder, publish(coffre, patient))
    of_another = Browser(coffre).sign_in(patient.token).get("/").form(form.action).fields["csrf"]
    for wrong in (
        "",
        "é",
        form.fields["csrf"][:-1],
        holder.get("/").form("/sign-out").fields["csrf"],
        of_another,
    ):
        assert holder.post(form.action, {**form.fields, "csrf": wrong}).status_code == 403
    assert holder.post(form.action, {"masque": "oui"}).status_code == 403
    assert patient.documents()[0]["labels"] == []


def test_every_posted_address_wants_a_proof(coffre: Coffre, patient: Patient, doctor: Browser) -> None:
    patient.authorise()
    record, document = patient.public_id, publish(coffre, patient)
    for path in (
        "/choix",
        "/avis",
        "/avis/adresse",
        "/avis/code",
        "/avis/retrait",
        "/sign-out",
        "/dossier",
        f"/dossier/{record}",
        f"/dossier/{record}/documents/{document}",
        f"/dossier/{record}/documents/{document}/contenu",
        f"/dossier/{record}/images",
        f"/documents/{document}/visibilite",
    ):
        assert doctor.post(path, {"ins": patient.ins}).status_code == 403, path


@pytest.mark.parametrize("origin", ["null", None, "own"])
def test_a_browser_that_says_nothing_of_the_origin_is_accepted_by_its_proof(
    coffre: Coffre, patient: Patient, holder: Browser, origin: str | None
) -> None:
    form = mask_form(holder, publish(coffre, patient))
    headers = {} if origin is None else {"Origin": coffre.url if origin == "own" else origin}
    answer = holder.http.post(form.action, data=form.fields, headers=headers)
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data; boundary=x", b"--x--"),
        ("application/x-www-form-urlencoded", b"csrf=1&csrf=2"),
        ("application/x-www-form-urlencoded", b"csrf=%FF"),
        ("application/x-www-form-urlencoded", "csrf=é".encode()),
        ("application/x-www-form-urlencoded", b"a=1&" * 65),
        ("application/x-www-form-urlencoded", b"a=" + b"1" * 65_536),
    ],
)
def test_a_form_that_is_none_is_refused_as_a_page(holder: Browser, content_type: str, content: bytes) -> None:
    answer = holder.http.post("/choix", content=content, headers={"Content-Type": content_type})
    assert answer.status_code == 400
    assert Page(answer.text).headings[0] == (1, "Demande incomprise")


@pytest.mark.parametrize(
    "fields", [{}, {"action": "retrieve"}, {"action": "set_emergency", "mode": "normal"}]
)
def test_a_form_that_names_no_choice_changes_nothing(holder: Browser, fields: dict[str, str]) -> None:
    proof = holder.get("/choix").form("/choix", action="block").fields["csrf"]
    assert holder.post("/choix", {"csrf": proof, **fields}).status_code == 400


# sign-in


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(coffre: Coffre, patient: Patient) -> None:
    with coffre.system() as system:
        link = identity_files.sign_in_link(system, patient.token, coffre.url)
    answer = httpx.get(link)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert link.rpartition("/")[2] not in cookie
    assert httpx.get(link).status_code == 303, "a link serves until it expires"


def test_signing_out_ends_the_sign_in_and_not_the_link(coffre: Coffre, patient: Patient) -> None:
    with coffre.system() as system:
        link = identity_files.sign_in_link(system, patient.token, coffre.url)
    browser = Browser(coffre)
    browser.http.get(link)
    (kept,) = browser.http.cookies.jar
    page = browser.submit(browser.get("/").form("/sign-out"))
    assert "Vous êtes déconnecté." in page.text
    assert not list(browser.http.cookies.jar)
    stolen = httpx.get(f"{coffre.url}/choix", cookies={kept.name: kept.value or ""})
    assert stolen.status_code == 403
    assert browser.http.get(link).status_code == 303


@pytest.mark.parametrize("code", [b64(bytes(32)), "x", "A" * 44, "%00", "é"])
def test_an_unknown_link_has_a_page_of_its_own(coffre: Coffre, code: str) -> None:
    page = Browser(coffre).get(f"/link/{code}", 410)
    assert page.headings[0] == (1, "Ce lien de connexion n'est plus valable")


def put(system: System, made: SignIn, for_ms: int) -> None:
    expires = int(time.time() * 1000) + for_ms
    system.index.put_sign_in(SignedIn(digest=made.digest, sealed=made.sealed, expires=expires))


def test_an_expired_link_signs_nobody_in(coffre: Coffre, patient: Patient) -> None:
    made = new_sign_in(patient.token)
    with coffre.system() as system:
        put(system, made, -1)
    browser = Browser(coffre)
    browser.get(f"/link/{made.code}", 410)
    assert not list(browser.http.cookies.jar)


def test_a_forged_token_signs_in_to_nothing(coffre: Coffre, patient: Patient) -> None:
    """The pages show what a token says; the vault alone verifies it."""
    head, claims, _ = patient.token.split(".")
    made = new_sign_in(f"{head}.{claims}.{b64(bytes(64))}")
    with coffre.system() as system:
        put(system, made, 60_000)
    browser = Browser(coffre)
    browser.http.get(f"/link/{made.code}")
    page = browser.get("/", 403)
    assert "votre connexion a expiré" in page.text
    assert not page.forms


def test_the_index_says_nothing_of_who_is_signed_in(
    coffre: Coffre, patient: Patient, holder: Browser
) -> None:
    (cookie,) = holder.http.cookies.jar
    code = (cookie.value or "").encode()
    for file in coffre.data.glob("index.db*"):
        content = file.read_bytes()
        assert patient.token.encode() not in content
        assert patient.ins.encode() not in content
        assert code not in content


def test_logs_name_neither_person_nor_address(coffre: Coffre, patient: Patient) -> None:
    every_page(coffre, patient)
    written = coffre.data.with_name(f"{coffre.data.name}-server.log").read_text()
    said = ("/link/", HOSTILE, "Urgence vitale", TRAITS.family_name, grouped_ins(patient.ins))
    for word in (patient.ins, DOCTOR, str(patient.public_id), *said):
        assert word not in written


# the style sheet


def test_the_style_sheet_may_be_kept_for_good_under_its_own_name(coffre: Coffre) -> None:
    browser = Browser(coffre)
    page = browser.get("/")
    links = {each["rel"]: each["href"] for each in page.all("link")}
    for kind, media_type in (("stylesheet", "text/css"), ("icon", "image/svg+xml")):
        answer = browser.http.get(links[kind])
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(media_type)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "http" not in answer.text.replace("http://www.w3.org/2000/svg", "")
    browser.get("/static/coffre.css", 404)


def test_no_visitor_is_ever_taken_for_another(coffre: Coffre, patient: Patient) -> None:
    """The web processes pass pages on, and keep nothing of whom they passed them to."""
    other = coffre.open_record()
    titles = {"Compte rendu du matin": patient, "Compte rendu du soir": other}
    browsers = {}
    for title, holder in titles.items():
        publish(coffre, holder, title)
        browsers[title] = Browser(coffre).sign_in(holder.token)
    for _ in range(12):
        for title, browser in browsers.items():
            text = browser.get("/").text
            assert [each for each in titles if each in text] == [title]
        with httpx.Client(base_url=coffre.url) as nobody:
            answer = nobody.get("/choix")
            assert answer.status_code == 403 and "set-cookie" not in answer.headers
