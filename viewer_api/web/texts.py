"""Choose the language of a page and look up its words: French first, English second."""

from starlette.requests import Request

from records.text.languages import LANGUAGE_COOKIE, Wording, by_language, chosen
from viewer_api.web.catalogue import catalogue
from viewer_api.web.names import Names

_BY_LANGUAGE = by_language(catalogue.TEXTS)


class Texts(Wording):
    """The catalogue of these pages in one language.

    `to` names readers who are spoken to in other words: where there is a text `to.key`, it stands for `key`.
    `names` are those that the page has looked up.
    """

    def __init__(self, language: str, to: str | None = None, names: Names | None = None) -> None:
        super().__init__(language, _BY_LANGUAGE[language])
        if to:
            super().__init__(language, {**_BY_LANGUAGE[language], **self.below(f"{to}.")})
        self._names = names or Names()

    def professional(self, number: str, key: str = "professional") -> str:
        """Who has this national number: name and number, or the number alone."""
        name = self._names.person(number)
        return self(f"{key}.named", name=name, rpps=number) if name else self(key, rpps=number)

    def knows(self, number: str) -> bool:
        """Whether a professional's number has a name."""
        return self._names.person(number) is not None

    def structure(self, number: str) -> str:
        """The same of a structure."""
        name = self._names.place(number)
        return self("place.named", name=name, number=number) if name else self("place", number=number)


def language_of(request: Request) -> str:
    """`?lang=` wins over the cookie, the cookie over Accept-Language."""
    asked, kept = request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)
    return chosen(asked, kept, request.headers.get("accept-language", ""))
