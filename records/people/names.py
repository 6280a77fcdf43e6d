"""Names of persons, compared as the national identity rules do (référentiel national d'identitovigilance).

Records, hospitals and devices write one name in many ways: in capitals, without accents, with a ligature or
without, with any hyphen or apostrophe or none. What is compared are the letters, and the words they make.
"""

import unicodedata
from collections.abc import Iterator

from records.text.normal_forms import in_form

# letters that Unicode does not decompose into a basic letter and a mark
_LETTERS = str.maketrans(
    {
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ħ": "h",
        "ı": "i",
        "ȷ": "j",
        "ŧ": "t",
        "ŋ": "n",
        "ĸ": "k",
        "ƒ": "f",
        "ǥ": "g",
        "ɓ": "b",
        "ɗ": "d",
        "ƙ": "k",
        "ƴ": "y",
        "ǝ": "e",
        "ə": "e",
        "ɛ": "e",
        "ɔ": "o",
    }
)
# what keyboards and fonts put for an apostrophe; modifier letters (ʼ, ʻ) go with the marks
_APOSTROPHES = str.maketrans("", "", "'’‘‛`´′＇")
# what a device or an emergency ward writes where nobody knows the name
_UNKNOWN = frozenset({"unknown", "inconnu", "inconnue"})
# words of a family name that distinguish nobody, so that sharing one is sharing nothing
_PARTICLES = frozenset(
    {"al", "ben", "bin", "bou", "da", "das", "de", "del", "della", "den", "der", "des", "di", "do"}
    | {"dos", "du", "el", "la", "las", "le", "les", "los", "saint", "sainte", "st", "ste", "ter"}
    | {"van", "vom", "von", "zu"}
)
# MARTIN NÉE DURAND, DURAND ÉPOUSE MARTIN: both names in one field
_JOINING = frozenset({"nee", "epouse", "epse", "ep", "veuve", "vve"})


def words(name: str) -> tuple[str, ...]:
    """The words of a name in basic small letters; none for a name that says that it is unknown.

    An apostrophe belongs to its word, everything else that is no letter or digit ends one.
    """
    found = tuple("".join(_folded(name)).split())
    return () if found and _UNKNOWN.issuperset(found) else found


def fold(name: str) -> str:
    """The letters of a name alone, so that two spellings of one name are equal."""
    return "".join(words(name))


def comparable(one: str, other: str) -> bool:
    """Whether two names can differ: both are there and in one script, the Latin or another."""
    first, second = fold(one), fold(other)
    return bool(first and second) and _latin(first) == _latin(second)


def same_family_name(one: str, other: str) -> bool:
    """Whether two comparable family names can be one person's: equal, or one of them made with the other.

    A used name is often the birth name with the spouse's before or after it (Code civil, article 225-1).
    """
    first, second = _family_words(one), _family_words(other)
    return "".join(first) == "".join(second) or _part_of(first, second) or _part_of(second, first)


def same_first_name(one: str, other: str) -> bool:
    """Whether two comparable lists of first names begin alike: one may give all, the other only the first."""
    first, second = words(one), words(other)
    return "".join(first) in set(_beginnings(second)) or "".join(second) in set(_beginnings(first))


def _folded(name: str) -> Iterator[str]:
    # apostrophes first, ´ comes apart into a space and a mark; NFKD again for what small letters are made of
    decomposed = in_form("NFKD", name.translate(_APOSTROPHES))
    decomposed = in_form("NFKD", decomposed.casefold())
    for character in decomposed.translate(_LETTERS):
        category = unicodedata.category(character)
        if category[0] in "LN" and category != "Lm":
            yield character
        elif category[0] != "M" and category != "Lm":
            yield " "


def _family_words(name: str) -> tuple[str, ...]:
    return tuple(word for word in words(name) if word not in _JOINING)


def _latin(folded: str) -> bool:
    return any("a" <= character <= "z" for character in folded)


def _part_of(short: tuple[str, ...], composed: tuple[str, ...]) -> bool:
    """Whether `composed` begins or ends with the whole of `short`, and not with a particle alone."""
    if len(short) >= len(composed) or all(word in _PARTICLES or len(word) < 2 for word in short):
        return False
    return short in (composed[: len(short)], composed[-len(short) :])


def _beginnings(found: tuple[str, ...]) -> Iterator[str]:
    return ("".join(found[:count]) for count in range(1, len(found) + 1))
