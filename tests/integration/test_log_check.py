"""« Qui a consulté mes documents » checks itself in a browser, and finds a host that lies."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from audit.checkpoint import Checkpoint, parse_and_verify, parse_text, sign, text_of
from coffre.demo_authority import identity_files
from keyvault.keys.keyring import SigningKey
from records.text.base64url import b64, unb64
from tests.integration.pages import Browser as PlainBrowser
from tests.integration.support import DOCTOR, Coffre, Patient, bearer
from tests.services import axe, ohif

ROOT = Path(__file__).parents[2]
VECTORS = json.loads((ROOT / "tests/vectors/log-proofs.json").read_text())
LONGEST_S = 30.0
LOG = "coffre-log-v1"
OTHER = b"another tree's root, of 32 bytes"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with ohif.chromium() as found:
        yield found


@pytest.fixture(scope="module")
def holder(coffre: Coffre) -> Patient:
    """Somebody whose documents a doctor asked for, and whom the doctor's colleague was refused."""
    person = coffre.open_record()
    person.authorise()
    for professional in (coffre.professional(DOCTOR), coffre.professional("899700099990")):
        for _ in range(2):
            coffre.http.get(f"/records/{person.ins}/documents", headers=bearer(professional))
    return person


@pytest.fixture(scope="module")
def sign_in(browser: Browser, coffre: Coffre, holder: Patient) -> Any:
    """What a browser keeps of the holder's sign-in."""
    context = browser.new_context(base_url=coffre.url)
    with coffre.system() as system:
        context.new_page().goto(identity_files.sign_in_link(system, holder.token, coffre.url))
    found = context.storage_state()
    context.close()
    return found


@pytest.fixture
def context(browser: Browser, coffre: Coffre, sign_in: Any) -> Iterator[BrowserContext]:
    """A browser that has never been here, signed in as the holder."""
    context = browser.new_context(locale="fr-FR", base_url=coffre.url, storage_state=sign_in)
    context.new_page()
    yield context
    context.close()


@pytest.fixture(scope="module")
def host_key(coffre: Coffre) -> SigningKey:
    """The key of the log, which its host has."""
    with coffre.system() as system:
        return system.guard.reader._vault.sequencer.signing


def visited(context: BrowserContext, path: str = "/consultations") -> Page:
    """The page, once it has said what it found."""
    page = context.pages[0]
    page.goto(path)
    until(lambda: page.get_attribute("#log-check", "data-verdict") not in (None, "again"))
    return page


def until(done: Callable[[], bool]) -> None:
    """Looked at from outside: a strict policy allows no eval in the page."""
    last = time.monotonic() + LONGEST_S
    while not done():
        assert time.monotonic() < last
        time.sleep(0.05)


def verdict(page: Page) -> str | None:
    return page.get_attribute("#log-check", "data-verdict")


def findings(page: Page) -> dict[str, str]:
    """Code and state of each point."""
    items = page.query_selector_all("#log-check-findings li")
    return {str(each.get_attribute("data-finding")): str(each.get_attribute("class")) for each in items}


def alarms(page: Page) -> list[str]:
    assert verdict(page) == "alarm"
    assert "Ne vous fiez pas à cette page" in page.inner_text("#log-check-verdict")
    return [code for code, state in findings(page).items() if state == "alarm"]


def kept(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(page.evaluate(f"localStorage.getItem('{LOG}')"))
    return found


def with_kept(context: BrowserContext, change: Callable[[dict[str, Any]], None]) -> Page:
    """The page, visited with something else kept than it was."""
    page = visited(context)
    memory = kept(page)
    change(memory)
    page.evaluate("([name, text]) => localStorage.setItem(name, text)", [LOG, json.dumps(memory)])
    found = visited(context)
    assert kept(found) == memory  # what contradicts is not forgotten
    return found


def signed(key: SigningKey, note: str, more: int) -> str:
    """A tree that the host never had, under the host's own key: of `more` entries than a note says."""
    told = parse_text(text_of(note))
    return sign(Checkpoint(told.origin, told.size + more, OTHER), key.sign, key.public)


# what is true


def test_the_page_says_what_it_checked_and_what_it_could_not(context: BrowserContext) -> None:
    first = visited(context)
    assert verdict(first) == "sound"
    assert set(findings(first).items()) >= {
        ("signature.first_visit", "verified"),
        ("growth.first_visit", "unverified"),
        ("inclusion.verified", "verified"),
        ("event.verified", "verified"),
        ("shown.verified", "verified"),
        ("chain.verified", "verified"),
    }
    assert first.inner_text("#log-check-verdict").startswith("Tout ce qui pouvait être contrôlé")
    first.click("#log-check summary")
    assert "un accès que l'hébergeur n'aurait jamais inscrit" in first.inner_text("#log-check")
    again = findings(visited(context))
    assert again["signature.verified"] == again["seen.verified"] == "verified"
    assert again.keys() & {"growth.same", "growth.grown"}
    # each of these readings is an entry, in the tree a second later
    until(lambda: findings(visited(context)).get("growth.grown") == "verified")
    english = visited(context, "/consultations?lang=en")
    assert english.inner_text("#log-check-verdict") == "All that could be checked on this page is in order."


def test_lines_that_a_choice_leaves_out_are_followed_in_the_chain(context: BrowserContext) -> None:
    page = visited(context, "/consultations?qui=tous")
    lines = int(page.locator("[data-seq]").count())
    refused = visited(context, "/consultations?resultat=refuse")
    assert int(refused.locator("[data-seq]").count()) < lines
    assert (verdict(refused), findings(refused)["chain.verified"]) == ("sound", "verified")


def test_the_file_is_checked_by_the_command_line_and_by_a_stranger(
    context: BrowserContext, coffre: Coffre, tmp_path: Path
) -> None:
    page = visited(context)
    with page.expect_download() as download:
        page.click("#log-check-proofs")
    file = tmp_path / download.value.suggested_filename
    assert file.name == "coffre-preuves.tlog-proof"
    download.value.save_as(file)
    keys = coffre.http.get("/audit/keys").json()["keys"]
    key = next(each["public"] for each in keys if each["use"] == "checkpoint")
    shown = page.locator("[data-seq]").count()
    for command in (
        [sys.executable, "-m", "coffre.cli", "audit", "proof", str(file), "--key", key, "--json"],
        [sys.executable, str(ROOT / "tests/unit/audit/stranger.py"), str(file), key],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
        assert done.returncode == 0, done.stderr
        lines = json.loads(done.stdout)["lines"] if "--json" in command else done.stdout.splitlines()
        assert len(lines) == shown


def test_the_modules_say_of_the_vectors_what_the_verifier_says(context: BrowserContext) -> None:
    page = visited(context)
    at = page.get_attribute("script[type=module]", "src")
    served = (ROOT / "tests/vectors/log_vectors.mjs").read_text()
    page.route("**/log_vectors.mjs", lambda route: route.fulfill(body=served, content_type="text/javascript"))
    found = page.evaluate(
        """async ([folder, vectors]) => {
            const { MODULES, compare } = await import('/log_vectors.mjs');
            const load = async (name) => [name, await import(`${folder}/${name}.js`)];
            return compare(vectors, Object.fromEntries(await Promise.all(MODULES.map(load))));
        }""",
        [str(at).rpartition("/")[0], VECTORS],
    )
    assert found["wrong"] == [] and found["checked"] > 150


# a moment later


def test_a_line_without_its_place_is_said_so_and_checked_again(context: BrowserContext) -> None:
    page, asked = context.pages[0], []

    def late(route: Route) -> None:
        asked.append(route)
        answer = route.fetch()
        told = answer.json()
        if len(asked) == 1:
            told["proofs"][0] = None
        route.fulfill(response=answer, json=told)

    page.route("**/audit/proofs", late)
    page.goto("/consultations")
    until(lambda: verdict(page) == "again")
    assert findings(page)["inclusion.waiting"] == "unverified"
    assert "elle n'est pas encore au registre" in page.inner_text("table.log")
    until(lambda: verdict(page) == "sound")
    assert "elle n'est pas encore au registre" not in page.inner_text("table.log")
    assert len(asked) == 2


def test_without_an_answer_nothing_is_called_verified(context: BrowserContext) -> None:
    page = context.pages[0]
    page.clock.install()
    page.route("**/audit/**", lambda route: route.abort())
    page.goto("/consultations")

    def given_up() -> bool:
        page.clock.run_for(2_000)
        return verdict(page) == "in_part"

    until(given_up)
    assert findings(page)["inclusion.no_answer"] == "unverified"
    assert "signature.first_visit" not in findings(page)
    assert page.locator("[data-seq]").count() > 0


def test_a_browser_that_cannot_read_the_signature_says_so(context: BrowserContext) -> None:
    page = context.pages[0]
    page.add_init_script(
        "crypto.subtle.importKey = async () => { throw new DOMException('', 'NotSupportedError'); };"
    )
    page = visited(context)
    assert verdict(page) == "in_part"
    assert findings(page)["signature.unsupported"] == "unverified"
    assert "inclusion.verified" not in findings(page)


# a host that lies


def test_a_fork_of_equal_size(context: BrowserContext, host_key: SigningKey) -> None:
    page = context.pages[0]
    # the reading itself is an entry: a tree that stays the same is one that the host holds still
    note = {}

    def still(route: Route) -> None:
        note.setdefault("answer", route.fetch())
        route.fulfill(response=note["answer"])

    page.route("**/audit/proofs", still)
    visited(context)

    def fork(memory: dict[str, Any]) -> None:
        memory["note"] = signed(host_key, memory["note"], 0)

    page = with_kept(context, fork)
    assert "growth.fork" in alarms(page)
    with page.expect_download() as download:
        page.click("#log-check-contradiction")
    both = Path(download.value.path()).read_text()
    assert both.count("\n\n") >= 2


def test_a_tree_older_than_the_one_seen(context: BrowserContext, host_key: SigningKey) -> None:
    page = with_kept(context, lambda memory: memory.update(note=signed(host_key, memory["note"], 1_000)))
    assert alarms(page) == ["growth.rollback"]


def test_a_history_that_was_written_anew(
    context: BrowserContext, coffre: Coffre, host_key: SigningKey
) -> None:
    page = with_kept(context, lambda memory: memory.update(note=signed(host_key, memory["note"], -1)))
    assert alarms(page) == ["growth.rewritten"]
    with page.expect_download() as download:
        page.click("#log-check-contradiction")
    keys = coffre.http.get("/audit/keys").json()["keys"]
    public = unb64(next(each["public"] for each in keys if each["use"] == "checkpoint"))
    origin = str(kept(page)["origin"])
    notes = re.findall(rf"{re.escape(origin)}\n\d+\n.+?\n\n— .+?\n", Path(download.value.path()).read_text())
    roots = [parse_and_verify(note, origin, public).root for note in notes]
    assert len(roots) == 2 and OTHER in roots  # anybody can see that the host signed both
    page.click("#log-check-restart-button")
    until(lambda: verdict(page) == "sound")


def test_another_key_and_another_log(context: BrowserContext) -> None:
    assert alarms(with_kept(context, lambda memory: memory.update(key=b64(OTHER)))) == [
        "signature.key_changed"
    ]
    context.pages[0].evaluate("localStorage.clear()")
    other_log = with_kept(context, lambda memory: memory.update(origin="audit.elsewhere/test"))
    assert alarms(other_log) == ["signature.checkpoint_origin"]


def test_a_signature_that_is_false(context: BrowserContext) -> None:
    def altered(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        lines = told["checkpoint"].split("\n")
        told["checkpoint"] = "\n".join([lines[0], str(int(lines[1]) + 1), *lines[2:]])
        route.fulfill(response=answer, json=told)

    context.pages[0].route("**/audit/proofs", altered)
    assert alarms(visited(context)) == ["signature.checkpoint_signature"]


def test_a_place_that_a_line_does_not_have(context: BrowserContext) -> None:
    def moved(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        told["proofs"][0] = told["proofs"][1]
        route.fulfill(response=answer, json=told)

    context.pages[0].route("**/audit/proofs", moved)
    page = visited(context)
    assert alarms(page) == ["inclusion.not_included"]
    assert page.locator(".mark.alarm").count() == 1


Change = Callable[[str, dict[str, Any]], str]


def dropped(html: str, claim: dict[str, Any]) -> str:
    claim["evidence"].pop(1)
    return html


def entry_changed(html: str, claim: dict[str, Any]) -> str:
    claim["evidence"][0]["entry"] = claim["evidence"][0]["entry"].replace('"v":1', '"v":1 ')
    return html


def event_changed(html: str, claim: dict[str, Any]) -> str:
    claim["evidence"][0]["event"] = claim["evidence"][0]["event"].replace("899700", "899701")
    return html


def person_changed(html: str, claim: dict[str, Any]) -> str:
    return html.replace("RPPS 899700024450", "RPPS 899700024468")


def hour_changed(html: str, claim: dict[str, Any]) -> str:
    return re.sub(r'(<time datetime="[^"]+">)\d+', r"\g<1>77", html, count=1)  # no hour of any day


def result_changed(html: str, claim: dict[str, Any]) -> str:
    return html.replace('<tr class="deny"', '<tr class="permit"')


def line_hidden(html: str, claim: dict[str, Any]) -> str:
    return re.sub(r"<li data-seq=.*?</li>", "", html, count=1, flags=re.DOTALL)


def link_dropped(html: str, claim: dict[str, Any]) -> str:
    claim["passed"].pop()
    return html


LIES = [
    (dropped, {"chain.chain_gap", "shown.other"}),
    (entry_changed, {"event.entry_malformed"}),
    (event_changed, {"event.event_changed"}),
    (person_changed, {"shown.other"}),
    (hour_changed, {"shown.other"}),
    (result_changed, {"shown.other"}),
    (line_hidden, {"shown.other"}),
    (link_dropped, {"chain.chain_gap"}),
]


def test_a_page_that_says_something_else(context: BrowserContext) -> None:
    change: Change

    def told(route: Route) -> None:
        answer = route.fetch()
        before, mark, rest = answer.text().partition('id="log-evidence">')
        data, end, after = rest.partition("</script>")
        claim = json.loads(data)
        html = change(before + mark + "@" + end + after, claim)
        route.fulfill(response=answer, body=html.replace("@", json.dumps(claim), 1))

    context.pages[0].route("**/consultations", told)
    for change, expected in LIES:
        assert set(alarms(visited(context))) == expected, change.__name__


def test_a_line_that_was_seen_and_is_gone_or_another(context: BrowserContext) -> None:
    page = visited(context)
    name = next(key for key in page.evaluate("Object.keys(localStorage)") if key != LOG)
    seen = json.loads(page.evaluate("name => localStorage.getItem(name)", name))
    for changed, alarm in (
        ({**seen, "900": "ab" * 32}, "seen.line_removed"),
        ({**seen, "1": "ab" * 32}, "seen.line_changed"),
    ):
        page.evaluate("([name, text]) => localStorage.setItem(name, text)", [name, json.dumps(changed)])
        assert alarms(visited(context)) == [alarm]


# for everybody


def test_without_script_the_lines_are_there_as_they_were(
    browser: Browser, coffre: Coffre, sign_in: Any
) -> None:
    context = browser.new_context(
        locale="fr-FR", base_url=coffre.url, storage_state=sign_in, java_script_enabled=False
    )
    page = context.new_page()
    page.goto("/consultations")
    assert page.locator("[data-seq]").count() > 0
    assert not page.is_visible("#log-check")
    assert "sans ce contrôle" in page.inner_text("main")
    context.close()


def test_only_this_page_has_a_program_and_it_talks_to_us_alone(
    context: BrowserContext, coffre: Coffre, holder: Patient
) -> None:
    asked: list[str] = []
    context.pages[0].on("request", lambda request: asked.append(request.url))
    page = visited(context)
    assert {url for url in asked if not url.startswith(coffre.url)} == set()
    assert kept(page).keys() == {"key", "origin", "note"}
    said = page.evaluate("JSON.stringify(localStorage)")
    assert holder.ins not in said and str(holder.public_id) not in said and DOCTOR not in said
    plain = PlainBrowser(coffre).sign_in(holder.token).http
    policy = plain.get("/consultations").headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self';" in policy and "unsafe" not in policy
    for path in ("/", "/choix", "/consultations?du=x"):
        assert "script-src" not in plain.get(path).headers["content-security-policy"]


def test_it_is_used_by_keyboard_on_a_small_screen_and_breaks_no_rule(
    context: BrowserContext, host_key: SigningKey
) -> None:
    page = visited(context)
    assert axe.violations(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.focus("#log-check summary")
    page.keyboard.press("Enter")
    assert page.is_visible("#log-check-findings")
    page.keyboard.press("Tab")
    with page.expect_download():
        page.keyboard.press("Enter")
    assert axe.violations(page) == []
    alarmed = with_kept(context, lambda memory: memory.update(note=signed(host_key, memory["note"], -1)))
    assert alarms(alarmed) and axe.violations(alarmed) == []
    assert alarmed.evaluate("document.documentElement.scrollWidth") <= 360
