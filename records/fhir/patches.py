"""Reading of a FHIR PATCH: which change of a document it asks for (R37; national profile PDSm 3.1).

Of a DocumentReference its archive flag and its labels change, and it is deleted logically. The request is a
FHIRPath Patch (R4 section 3.1.0.11.2; the form of IHE MHD) or a JSON Patch (RFC 6902).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from records.documents.label_changes import LabelChange
from records.errors import Invalid
from records.fhir.patched_labels import LABELS, LABELS_OF_PATH, label_operation, labels_of_operations
from records.vocabulary.codes import Action

_PDSM = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition"
IS_ARCHIVED = f"{_PDSM}/pdsm-ext-is-archived"
IS_DELETED = f"{_PDSM}/pdsm-ext-is-deleted"
STATUS = "status"
MOST_OPERATIONS = 10
_ADDRESS = re.compile(r"""url\s*[:=]\s*['"]([^'"]+)['"]""")
_CHANGES: Mapping[frozenset[tuple[str, Any]], Action] = {
    frozenset({(IS_ARCHIVED, True)}): Action.ARCHIVE,
    frozenset({(IS_ARCHIVED, False)}): Action.UNARCHIVE,
    frozenset({(STATUS, "superseded"), (IS_DELETED, True)}): Action.DELETE,
    frozenset({(STATUS, "entered-in-error")}): Action.DELETE,
}
"""What together is one change. PDSm deletes by the flag and the status, R4 has a status of its own."""


def read_patch(body: object) -> Action | LabelChange:
    """What is asked for: archive, unarchive, delete, or other labels.

    Raises `Invalid` "bad_patch", "element_not_patchable" for another element, "patch_not_supported" for
    values that are no change here, "unknown_label".
    """
    asked = [*(_of_parameters(body) if isinstance(body, dict) else _of_json_patch(body))]
    if not asked or len(asked) > MOST_OPERATIONS:
        raise _bad()
    if {name for name, _ in asked} == {LABELS}:
        return labels_of_operations([operation for _, operation in asked])
    change = None if LABELS in dict(asked) else _CHANGES.get(frozenset(asked))
    if change is None:
        raise Invalid(
            "A document is archived or not by the extension pdsm-ext-is-archived, deleted by the extension "
            "pdsm-ext-is-deleted with the status superseded, and labelled by securityLabel: one of them in a "
            "request.",
            code="patch_not_supported",
        )
    return change


def _of_parameters(body: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    if body.get("resourceType") != "Parameters" or not isinstance(body.get("parameter"), list):
        raise _bad()
    for operation in body["parameter"]:
        parts = _parts(operation, "operation")
        kind, path, value = (parts.get(name) for name in ("type", "path", "value"))
        if LABELS_OF_PATH.match(str(path)) or (kind == "add" and parts.get("name") == LABELS):
            yield LABELS, label_operation(str(kind), str(path), value)
        elif kind == "add" and path == "DocumentReference" and parts.get("name") == "extension":
            yield _extension(_parts(value, None))
        elif kind == "replace" and isinstance(path, str):
            yield _element(path.removeprefix("DocumentReference.")), _scalar(value)
        else:
            raise _bad()


def _of_json_patch(body: object) -> Iterator[tuple[str, Any]]:
    if not isinstance(body, list):
        raise _bad()
    for operation in body:
        if not isinstance(operation, dict) or operation.get("op") not in ("add", "replace", "remove"):
            raise _bad()
        path, value = operation.get("path"), operation.get("value")
        if not isinstance(path, str):
            raise _bad()
        if LABELS_OF_PATH.match(path):
            yield LABELS, label_operation(operation["op"], path, value)
        elif operation["op"] == "remove":
            raise _bad()
        elif path in ("/extension", "/extension/-"):
            (value,) = value if isinstance(value, list) and len(value) == 1 else (value,)
            yield _extension(value if isinstance(value, dict) else {})
        else:
            yield _element(path.removeprefix("/")), _scalar(value)


def _parts(parameter: object, name: str | None) -> dict[str, Any]:
    """The parts of a parameter by their names: value[x], or the parts of a part that has its own."""
    if not isinstance(parameter, dict) or (name is not None and parameter.get("name") != name):
        raise _bad()
    found: dict[str, Any] = {}
    parts = parameter.get("part")
    for part in parts if isinstance(parts, list) else ():
        if not isinstance(part, dict) or not isinstance(part.get("name"), str):
            raise _bad()
        values = [each for member, each in part.items() if member.startswith("value")]
        found[part["name"]] = values[0] if values else part
    return found


def _extension(value: Mapping[str, Any]) -> tuple[str, Any]:
    flag = value.get("valueBoolean", value.get("value"))
    return _element(f"url='{value.get('url')}'"), _scalar(flag)


def _element(path: str) -> str:
    """The element that a path leads to, an extension by its address."""
    if path == STATUS:
        return STATUS
    found = _ADDRESS.search(path)
    if found is None or found[1] not in (IS_ARCHIVED, IS_DELETED):
        raise Invalid(
            "Of a DocumentReference the status, securityLabel and the extensions pdsm-ext-is-archived and "
            "pdsm-ext-is-deleted change here, and no other element.",
            code="element_not_patchable",
        )
    return found[1]


def _scalar(value: object) -> bool | str:
    if not isinstance(value, bool | str):
        raise _bad()
    return value


def _bad() -> Invalid:
    return Invalid(
        "Send Parameters with operations (FHIRPath Patch), or a JSON Patch of add and replace.",
        code="bad_patch",
    )
