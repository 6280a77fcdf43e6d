"""A visitor at a door, as far as the request says who it is, and one who was let in."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Visitor:
    """`browser`: the secret of its cookie, `device` that of a browser that somebody signed in with before;
    `address` is what is counted of where it comes from, `label` what a person calls the browser, `session`
    the code of whoever is signed in there.
    """

    browser: str = field(repr=False)
    device: str | None = field(repr=False)
    address: str = field(repr=False)
    label: str = ""
    session: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Admitted:
    """Signed in: codes for the browser's cookies, and the page that it came from."""

    session: str = field(repr=False)
    device: str = field(repr=False)
    leads_to: str = field(repr=False)
