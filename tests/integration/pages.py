"""A browser for the tests of the pages: follows links, fills forms in, keeps what a page is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

from coffre.demo_authority import identity_files
from tests.integration.support import Coffre

VOID = frozenset({"meta", "link", "input", "br", "img", "hr"})


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    text: str = ""


class Page(HTMLParser):
    """A page's elements as (tag, attributes), its forms, headings and visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.forms: list[Form] = []
        self.headings: list[tuple[int, str]] = []
        self.links: dict[str, str] = {}
        self.text = ""
        self._open: list[tuple[str, dict[str, str]]] = []
        self._form: Form | None = None
        self.feed(html)
        self.close()
        assert not self._open, f"never closed: {self._open}"
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        assert len(found) == len(attrs), f"an attribute twice in {tag}"
        self.text += " "
        self.elements.append((tag, found))
        if tag not in VOID:
            self._open.append((tag, found))
        if tag == "form":
            self._form = Form(found["action"], found["method"])
            self.forms.append(self._form)
        elif self._form is not None and tag in ("input", "textarea"):
            if found.get("type") not in ("radio", "checkbox") or "checked" in found:
                self._form.fields[found["name"]] = found.get("value", "")
        elif tag in ("h1", "h2", "h3", "h4"):
            self.headings.append((int(tag[1]), ""))

    def handle_endtag(self, tag: str) -> None:
        opened, _ = self._open.pop()
        assert opened == tag, f"{tag} closes {opened}"
        if tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        inside = [tag for tag, _ in self._open]
        if "script" in inside:
            return
        self.text += data
        if self._form is not None:
            self._form.text += data
        if self.headings and any(tag in ("h1", "h2", "h3", "h4") for tag in inside):
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)
        for tag, attrs in self._open:
            if tag == "a" and "href" in attrs:
                self.links[attrs["href"]] = self.links.get(attrs["href"], "") + data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attrs for found, attrs in self.elements if found == tag]

    def form(self, action: str, /, **having: str) -> Form:
        """The one form that posts to `action` and has these fields."""
        found = [
            form for form in self.forms if form.action == action and having.items() <= form.fields.items()
        ]
        assert len(found) == 1, f"{len(found)} forms of {action} with {having}"
        return found[0]

    def link(self, text: str) -> str:
        found = [href for href, said in self.links.items() if " ".join(said.split()).startswith(text)]
        assert len(found) == 1, f"{len(found)} links say {text}"
        return found[0]


class Browser:
    """One person's browser; sends what browsers send with forms of our pages."""

    def __init__(self, coffre: Coffre) -> None:
        self.http = httpx.Client(base_url=coffre.url, timeout=60)
        self._coffre = coffre

    def sign_in(self, token: str) -> "Browser":
        with self._coffre.system() as system:
            link = identity_files.sign_in_link(system, token, self._coffre.url)
        answer = self.http.get(link)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        return self

    def get(self, path: str, status: int = 200, **headers: str) -> Page:
        answer = self.http.get(path, headers=headers)
        assert answer.status_code == status, answer.text
        return Page(answer.text)

    def send(self, form: Form, **fields: str) -> httpx.Response:
        return self.post(form.action, {**form.fields, **fields})

    def submit(self, form: Form, status: int = 200, **fields: str) -> Page:
        """The page a form leads to, a redirect followed."""
        answer = self.send(form, **fields)
        if answer.status_code == 303:
            answer = self.http.get(answer.headers["location"])
        assert answer.status_code == status, answer.text
        return Page(answer.text)

    def post(self, path: str, fields: Mapping[str, str], **headers: str) -> httpx.Response:
        sent = {"Sec-Fetch-Site": "same-origin", "Origin": "null", **headers}
        return self.http.post(path, data=dict(fields), headers=sent)
