"""A browser without a program, as the people of the demo use it: it follows links and sends forms."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

from coffre.demonstration.expecting import expect

LANGUAGE = "fr"
_VOID = frozenset({"meta", "link", "input", "br", "img", "hr"})
_CARD = re.compile(r'<li class="card')
_DOCUMENT = re.compile(r"/documents/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


@dataclass
class Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """A document in a list, as a page shows it."""

    id: str
    title: str
    type: str


class Page(HTMLParser):
    """A page's forms, links and visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html, self.text = html, ""
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self._open: list[tuple[str, str]] = []
        self.feed(html)
        self.close()
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.text += " "
        if tag not in _VOID:
            self._open.append((tag, found.get("href", "")))
        if tag == "form":
            self.forms.append(Form(found.get("action", "")))
        elif tag in ("input", "textarea") and self.forms and _is_sent(found):
            self.forms[-1].fields[found["name"]] = found.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if any(tag in ("script", "style") for tag, _ in self._open):
            return
        self.text += data
        for tag, address in self._open:
            if tag == "a":
                self.links[address] = self.links.get(address, "") + data

    def form(self, action: str, /, **having: str) -> Form:
        """The one form that posts to `action` and has these fields. Raises `StoryError`."""
        found = [
            each for each in self.forms if each.action == action and having.items() <= each.fields.items()
        ]
        expect(len(found) == 1, f"A page has {len(found)} forms of {action}, where it must have one.")
        return found[0]

    def link(self, text: str) -> str:
        """The address of the link that begins so. Raises `StoryError`."""
        found = [href for href, said in self.links.items() if " ".join(said.split()).startswith(text)]
        expect(bool(found), f"A page has no link “{text}”.")
        return found[0]

    @property
    def documents(self) -> list[ShownDocument]:
        return [_document(each) for each in _CARD.split(self.html)[1:]]


class Browser:
    """One person's browser at one server; what it keeps of a sign-in is a cookie."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=60, headers={"Accept-Language": LANGUAGE})

    def get(self, path: str, status: int = httpx.codes.OK) -> Page:
        """Raises `StoryError` where the answer has another status."""
        return _page(self.http.get(path), status)

    def send(self, form: Form, /, **fields: str) -> httpx.Response:
        said = {"Sec-Fetch-Site": "same-origin", "Origin": self.url}
        return self.http.post(form.action, data={**form.fields, **fields}, headers=said)

    def submit(self, form: Form, /, **fields: str) -> Page:
        """The page that a form leads to. Raises `StoryError` where it leads to none."""
        return self.led(self.send(form, **fields))

    def led(self, answer: httpx.Response, status: int = httpx.codes.OK) -> Page:
        """The page of an answer, a redirect followed."""
        if answer.status_code == httpx.codes.SEE_OTHER:
            answer = self.http.get(answer.headers["location"])
        return _page(answer, status)

    @property
    def cookies(self) -> dict[str, str]:
        return {each.name: each.value or "" for each in self.http.cookies.jar}


class InSession(httpx.BaseTransport):
    """What a page's script asks on its own origin, in the session of a browser: content, and no more."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        cookies = "; ".join(f"{name}={value}" for name, value in self._browser.cookies.items())
        request.headers.update(
            {"Cookie": cookies, "Sec-Fetch-Site": "same-origin", "Origin": self._browser.url}
        )
        return self._inner.handle_request(request)


def _is_sent(attributes: Mapping[str, str]) -> bool:
    """Unless somebody ticks it."""
    return attributes.get("type") not in ("radio", "checkbox") or "checked" in attributes


def _page(answer: httpx.Response, status: int) -> Page:
    expect(answer.status_code == status, f"A page is answered {answer.status_code} instead of {status}.")
    return Page(answer.text)


def _document(card: str) -> ShownDocument:
    found = _DOCUMENT.search(card)
    expect(found is not None, "A list shows a document that cannot be opened.")
    assert found is not None
    title = Page(card.partition("<h2>")[2].partition("</h2>")[0]).text
    kind = Page(card.partition("<dd>")[2].partition("</dd>")[0]).text
    return ShownDocument(found[1], title, kind)
