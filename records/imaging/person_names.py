"""Fuzzy matching of person names (PS3.18 section 8.3.4.2), by the folding of the national identity rules.

Accents, case, ligatures, hyphens and apostrophes say nothing (`records/people/names.py`). What is asked
matches a name of which it is a whole word or some that stand together: LEFEVRE, ELEONORE and LEFEVRE ELEONORE
match LEFÈVRE-MÛRIER^Éléonore, and so do JEANPIERRE and JEAN PIERRE a Jean-Pierre. Wild cards stay wild cards.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from records.imaging.patterns import ANY_CHARACTER, ANY_TEXT, matches
from records.people.names import words

MOST_WORDS = 24
"""Words of a name that are compared; the others of a longer one are not."""
_WILD = re.compile(r"([*?])")
_PARTS = re.compile(r"[\^\s=,]+")


def sounds_like(asked: str) -> Callable[[str], bool]:
    """The test of one component group of a name, `asked` as a query has it."""
    whole, parts = _folded(asked), [found for each in _PARTS.split(asked) if (found := _folded(each))]

    def similar(group: str) -> bool:
        runs = [*_runs(words(group)[:MOST_WORDS])]
        return any(matches(whole, run) for run in runs) or all(
            any(matches(part, run) for run in runs) for part in parts
        )

    return similar if whole.strip(ANY_TEXT + ANY_CHARACTER) else lambda _: False


def _folded(asked: str) -> str:
    """The pattern without what distinguishes no name: letters, and the wild cards where they stand."""
    wild = (ANY_TEXT, ANY_CHARACTER)
    return "".join(each if each in wild else _letters(each) for each in _WILD.split(asked))


def _letters(text: str) -> str:
    return "".join(words(text))


def _runs(found: Sequence[str]) -> Iterator[str]:
    """Words that stand together, as one: a hyphen is written, a space, or nothing."""
    for first in range(len(found)):
        for last in range(first + 1, len(found) + 1):
            yield "".join(found[first:last])
