"""Languages of the pages: French first, English second; which one a visitor is answered in, and its words."""

from collections.abc import Mapping

from records.text.numbers import decimal

FRENCH, ENGLISH = "fr", "en"
LANGUAGES = (FRENCH, ENGLISH)
LANGUAGE_COOKIE = "coffre_lang"
_NARROW, _WIDE = "\u202f", "\u00a0"

Catalogue = Mapping[str, tuple[str, str]]
"""Every text under its key: French, then English."""


def typographic(text: str) -> str:
    """French spacing: the signs that stand apart from their word never stand on a line of their own."""
    for sign in ";?!":
        text = text.replace(f" {sign}", _NARROW + sign)
    return text.replace(" :", f"{_WIDE}:").replace("« ", f"«{_WIDE}").replace(" »", f"{_WIDE}»")


def by_language(catalogue: Catalogue) -> Mapping[str, Mapping[str, str]]:
    """The texts of each language."""
    return {
        FRENCH: {key: typographic(french) for key, (french, _) in catalogue.items()},
        ENGLISH: {key: english for key, (_, english) in catalogue.items()},
    }


class Wording:
    """Texts of one language. Values are filled in as they are: the template escapes the whole."""

    def __init__(self, language: str, texts: Mapping[str, str]) -> None:
        self.language = language
        self._texts = texts

    def __call__(self, key: str, **values: object) -> str:
        """The text under `key`; an unknown key is a programming error."""
        return self._texts[key].format(**values) if values else self._texts[key]

    def counted(self, key: str, n: int) -> str:
        """How many: the text under `key.one` or `key.many`."""
        return self(f"{key}.one") if n == 1 else self(f"{key}.many", n=n)

    def below(self, prefix: str) -> dict[str, str]:
        """The texts whose key begins so, by the rest of it: for a page's program, which fills them in."""
        return {key.removeprefix(prefix): text for key, text in self._texts.items() if key.startswith(prefix)}

    def has(self, key: str) -> bool:
        return key in self._texts


def chosen(asked: str | None, kept: str | None, accept_language: str) -> str:
    """What the address asks for wins over what was chosen before, and that over what the browser prefers
    (RFC 9110 section 12.5.4).
    """
    for language in (asked, kept):
        if language in LANGUAGES:
            return language
    return _preferred(accept_language)


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
