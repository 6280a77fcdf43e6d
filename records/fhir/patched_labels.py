"""Operations of a FHIR PATCH on `securityLabel`, as a change of labels (R20, R37).

A label is named by its code, never by its place: which one stands first is nobody's to know.
"""

import re
from collections.abc import Iterator, Sequence

from records.documents.label_changes import LabelChange
from records.errors import Invalid
from records.fhir.systems import CONFIDENTIALITY, VISIBILITY, one_name
from records.vocabulary.codes import Label

LABELS = "securityLabel"
LABELS_OF_PATH = re.compile(r"(/|DocumentReference\.)securityLabel\b")
_WHOLE = frozenset({"/securityLabel", "DocumentReference.securityLabel"})
_ONE_MORE = frozenset({"/securityLabel/-", "DocumentReference"})
_NAMED = re.compile(r"""DocumentReference\.securityLabel(\.\w+)?\.where\((coding\.)?code\s*=\s*'(\w+)'\)""")
_NORMAL = "N"


def label_operation(kind: str, path: str, value: object) -> LabelChange:
    """One operation; `kind` is what it does, in the words of either form of patch.

    Raises `Invalid` "unknown_label", "patch_not_supported".
    """
    named = _NAMED.fullmatch(path)
    if kind == "delete" and named is not None:
        return LabelChange(removed=frozenset({_label(named[3])}))
    if kind == "remove" and path in _WHOLE:
        return LabelChange(given=frozenset())
    if kind == "add" and path in _ONE_MORE:
        return LabelChange(added=_labels([value]))
    if kind in ("add", "replace") and path in _WHOLE:
        return LabelChange(given=_labels(value if isinstance(value, list) else [value]))
    raise Invalid(
        "Labels are added by add, taken away by delete where a code names one, and replaced as a whole.",
        code="patch_not_supported",
    )


def labels_of_operations(operations: Sequence[LabelChange]) -> LabelChange:
    """All of them as one change. Raises `Invalid` "patch_not_supported" where they contradict one another."""
    if len(operations) == 1:
        return operations[0]
    added = frozenset[Label]().union(*(each.added for each in operations))
    removed = frozenset[Label]().union(*(each.removed for each in operations))
    if added & removed or any(each.given is not None for each in operations):
        raise Invalid("These changes of labels contradict one another.", code="patch_not_supported")
    return LabelChange(added=added, removed=removed)


def _labels(concepts: Sequence[object]) -> frozenset[Label]:
    return frozenset(label for concept in concepts for label in _of_concept(concept))


def _of_concept(concept: object) -> Iterator[Label]:
    codings = concept.get("coding") if isinstance(concept, dict) else None
    if not isinstance(codings, list) or not codings:
        raise _unknown()
    for coding in codings:
        if not isinstance(coding, dict) or not isinstance(coding.get("code"), str):
            raise _unknown()
        system, code = coding.get("system"), coding["code"]
        if code == _NORMAL and system in (None, CONFIDENTIALITY):
            continue
        if system is not None and one_name(str(system)) != VISIBILITY:
            raise _unknown()
        yield _label(code)


def _label(code: str) -> Label:
    try:
        return Label(code)
    except ValueError:
        raise _unknown() from None


def _unknown() -> Invalid:
    return Invalid(
        f"A label of securityLabel is not known here: choose among {', '.join(Label)}.", code="unknown_label"
    )
