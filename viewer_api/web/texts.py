"""Choose the language of a page and look up its words: French first, English second."""

from collections.abc import Mapping

from starlette.requests import Request

from records.numbers import decimal
from viewer_api.web import catalogue

FRENCH, ENGLISH = "fr", "en"
LANGUAGES = (FRENCH, ENGLISH)
LANGUAGE_COOKIE = "coffre_lang"
_NARROW, _WIDE = "\u202f", "\u00a0"


def typographic(text: str) -> str:
    """French spacing: the signs that stand apart from their word never stand on a line of their own."""
    for sign in ";?!":
        text = text.replace(f" {sign}", _NARROW + sign)
    return text.replace(" :", f"{_WIDE}:").replace("« ", f"«{_WIDE}").replace(" »", f"{_WIDE}»")


_BY_LANGUAGE: Mapping[str, Mapping[str, str]] = {
    FRENCH: {key: typographic(french) for key, (french, _) in catalogue.TEXTS.items()},
    ENGLISH: {key: english for key, (_, english) in catalogue.TEXTS.items()},
}


class Texts:
    """The catalogue in one language. Values are filled in as they are: the template escapes the whole.

    `to` names readers who are spoken to in other words: where there is a text `to.key`, it stands for `key`.
    """

    def __init__(self, language: str, to: str | None = None) -> None:
        self.language = language
        self._texts = {**_BY_LANGUAGE[language], **self.below(f"{to}.")} if to else _BY_LANGUAGE[language]

    def __call__(self, key: str, **values: object) -> str:
        """The text under `key`; an unknown key is a programming error."""
        return self._texts[key].format(**values) if values else self._texts[key]

    def counted(self, key: str, n: int) -> str:
        """How many: the text under `key.one` or `key.many`."""
        return self(f"{key}.one") if n == 1 else self(f"{key}.many", n=n)

    def below(self, prefix: str) -> dict[str, str]:
        """The texts whose key begins so, by the rest of it: for a page's program, which fills them in."""
        texts = _BY_LANGUAGE[self.language]
        return {key.removeprefix(prefix): text for key, text in texts.items() if key.startswith(prefix)}

    def has(self, key: str) -> bool:
        return key in self._texts


def language_of(request: Request) -> str:
    """`?lang=` wins over the cookie, the cookie over Accept-Language (RFC 9110 section 12.5.4)."""
    for asked in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if asked in LANGUAGES:
            return asked
    return _preferred(request.headers.get("accept-language", ""))


def _preferred(header: str) -> str:
    best, weight = FRENCH, 0.0
    for item in header.split(",")[:20]:
        tag, _, quality = item.strip().partition(";q=")
        language = tag.strip().lower().partition("-")[0]
        found = _quality(quality)
        if language in LANGUAGES and found > weight:
            best, weight = language, found
    return best


def _quality(text: str) -> float:
    try:
        return min(1.0, max(0.0, decimal(text))) if text else 1.0
    except ValueError:
        return 0.0
