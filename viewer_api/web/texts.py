"""Choose the language of a page and look up its words: French first, English second."""

from starlette.requests import Request

from records.languages import LANGUAGE_COOKIE, Wording, by_language, chosen
from viewer_api.web import catalogue

_BY_LANGUAGE = by_language(catalogue.TEXTS)


class Texts(Wording):
    """The catalogue of these pages in one language.

    `to` names readers who are spoken to in other words: where there is a text `to.key`, it stands for `key`.
    """

    def __init__(self, language: str, to: str | None = None) -> None:
        super().__init__(language, _BY_LANGUAGE[language])
        if to:
            super().__init__(language, {**_BY_LANGUAGE[language], **self.below(f"{to}.")})


def language_of(request: Request) -> str:
    """`?lang=` wins over the cookie, the cookie over Accept-Language."""
    asked, kept = request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)
    return chosen(asked, kept, request.headers.get("accept-language", ""))
