"""Read the query of a QIDO-RS request (PS3.18 sections 8.3.4 and 10.6.1.2), already percent-decoded.

What is well formed and not known here is left out and said; what is not well formed is refused by its name.
No text that was asked for is ever repeated, and no name but a keyword or tag: it could be an identity.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from records.errors import Invalid
from records.imaging.attributes import ATTRIBUTES, BY_NAME, MADE_LAST, Attribute, Level
from records.imaging.matching import LISTS, several
from records.imaging.search import ImagingSearch

MOST = 1_000
"""Items of one page."""
LEVELS: Mapping[Level, str] = {Level.STUDY: "studies", Level.SERIES: "series", Level.INSTANCE: "instances"}
Parameters = Sequence[tuple[str, str]]
_NOT_MATCHED = frozenset({"fuzzymatching", "includefield", "limit", "offset", "accept", "charset"})
_ONCE = ("fuzzymatching", "limit", "offset")
_NAMED = re.compile(r"([A-Za-z]{1,64}|[0-9A-Fa-f]{8})(\.([A-Za-z]{1,64}|[0-9A-Fa-f]{8})){0,3}")
_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_COUNT = re.compile(r"[0-9]{1,9}")
_MOST_TOLD = 20  # names of one Warning
_TAGS: Mapping[str, str] = {
    keyword: tag
    for each in ATTRIBUTES
    for keyword, tag in zip(each.keyword.split("."), each.path.split("."), strict=True)
}


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked: `fields` are paths of attributes to be included, or "all"; `ignored` names that were
    left out; `limit` None where none was given.
    """

    search: ImagingSearch
    limit: int | None
    fields: frozenset[str]
    ignored: tuple[str, ...] = ()
    parameters: Parameters = field(default=(), repr=False)

    @property
    def counts_all(self) -> bool:
        """Whether our own bound may leave out what was asked for."""
        return self.limit is None or self.limit > MOST

    def includes(self, tag: str) -> bool:
        return "all" in self.fields or any(each.partition(".")[0] == tag for each in self.fields)

    def below(self, study: str | None, series: str | None = None) -> "Query":
        """The same in one study or series, which the address names."""
        return replace(self, search=replace(self.search, study=study, series=series))

    def without(self, path: str) -> "Query":
        """The same, whatever was asked of this attribute."""
        asked = {name: texts for name, texts in self.search.asked.items() if name != path}
        return replace(self, search=replace(self.search, asked=asked))


def read_query(parameters: Parameters, level: Level) -> Query:
    """Raises `Invalid` "bad_query", which names the parameter."""
    asked: dict[str, list[str]] = {}
    ignored: list[str] = []
    for name, text in parameters:
        if name.lower() in _NOT_MATCHED:
            continue
        attribute = attribute_named(name)
        if attribute is None or attribute.level > level or attribute.path in MADE_LAST:
            ignored.append(name)
        else:
            _ask(asked.setdefault(attribute.path, []), attribute, name, text)
    once = _given_once(parameters)
    limit = _count(once, "limit")
    search = ImagingSearch(
        level=level,
        asked={path: tuple(texts) for path, texts in asked.items()},
        fuzzy=_fuzzy(once),
        limit=MOST if limit is None else min(limit, MOST),
        offset=_count(once, "offset") or 0,
        beyond=MOST + 1 if limit is None or limit > MOST else 1,
    )
    _ = search.conditions  # judged before any record is named
    fields, unknown = _fields(parameters)
    told = tuple(dict.fromkeys([*ignored, *unknown]))[:_MOST_TOLD]
    return Query(search, limit, frozenset(fields), told, tuple(parameters))


def attribute_named(name: str) -> Attribute | None:
    """The attribute of a keyword, a tag, or a path of them; None for one that isn't kept.

    Raises `Invalid` "bad_query" for what is neither.
    """
    if not _NAMED.fullmatch(name):
        raise Invalid(
            "A parameter has another form than an attribute's keyword or tag (eight hexadecimal digits), or "
            "than several of them joined by dots.",
            code="bad_query",
        )
    parts = (each.upper() if _TAG.fullmatch(each) else _TAGS.get(each, each) for each in name.split("."))
    return BY_NAME.get(".".join(parts))


def _ask(texts: list[str], attribute: Attribute, name: str, text: str) -> None:
    """Add what one parameter asks. UIDs and codes may come several times, one of which has to match."""
    if texts and attribute.vr not in LISTS:
        raise Invalid(f"The parameter {name} is given twice: only UIDs and codes may be.", code="bad_query")
    asked = several(attribute.vr, text)
    if text.strip() and not asked:
        raise Invalid(f"The parameter {name} is a list of nothing.", code="bad_query")
    texts += asked or [""]


def _fields(parameters: Parameters) -> tuple[set[str], list[str]]:
    """The attributes to be included, whatever their level; and the names of those that aren't kept."""
    names = [each for each in _listed(parameters) if each.lower() != "all"]
    found = {name: attribute_named(name) for name in names}
    known = {attribute.path for attribute in found.values() if attribute is not None}
    known |= {"all"} if any(each.lower() == "all" for each in _listed(parameters)) else set()
    return known, [name for name, attribute in found.items() if attribute is None and not _begins(name)]


def _listed(parameters: Parameters) -> Iterator[str]:
    for name, text in parameters:
        if name.lower() == "includefield":
            yield from (part.strip() for part in text.split(",") if part.strip())


def _begins(name: str) -> bool:
    """Whether it is a sequence of which items are kept."""
    tag = _TAGS.get(name, name.upper())
    return any(each.path.startswith(f"{tag}.") for each in ATTRIBUTES)


def _given_once(parameters: Parameters) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, text in parameters:
        if name.lower() in _ONCE and found.setdefault(name.lower(), text) != text:
            raise Invalid(f"The parameter {name.lower()} is given twice.", code="bad_query")
    return found


def _fuzzy(found: Mapping[str, str]) -> bool:
    text = found.get("fuzzymatching", "false").lower()
    if text not in ("true", "false"):
        raise Invalid("The parameter fuzzymatching is true or false.", code="bad_query")
    return text == "true"


def _count(found: Mapping[str, str], name: str) -> int | None:
    text = found.get(name)
    if text is not None and not _COUNT.fullmatch(text):
        raise Invalid(f"The parameter {name} is a number of at most nine digits.", code="bad_query")
    return None if text is None else int(text)
