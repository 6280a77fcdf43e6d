"""The persons that an HL7 CDA document is about: each recordTarget/patientRole (CDA R2 §4.2.2.11)."""

from xml.parsers import expat

from content.byte_order import marked_encoding
from content.person import MOST_IDENTIFIERS, Identifier, Person, person

_NAMESPACE = "urn:hl7-org:v3 "
_ROLE = ("ClinicalDocument", "recordTarget", "patientRole")
_PATIENT = (*_ROLE, "patient")
_ID, _NAME = (*_ROLE, "id"), (*_PATIENT, "name")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
_DEEPEST = len(_NAME) + 1
MOST_PERSONS = 16
"""Different ones; a document about so many is set aside by any of them."""
_BIRTH, _SEX = (*_PATIENT, "birthTime"), (*_PATIENT, "administrativeGenderCode")


class _NotReadable(Exception):  # noqa: N818
    pass


def cda_patients(data: bytes) -> list[Person]:
    """Each person once; none of bytes that are no CDA document or name nobody.

    Several record targets are several persons: none of them answers for another. Says nothing about whether
    the document may be admitted.
    """
    reader = _PatientReader()
    parser = expat.ParserCreate(marked_encoding(data), namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _refuse  # entities expand without bound and reach outside
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(without_padding(data), True)
    except (expat.ExpatError, _NotReadable):
        return []
    return reader.persons


def without_padding(data: bytes) -> bytes:
    """XML less the zero bytes that fill its element; in UTF-16 the last one may be half of a letter."""
    kept = data.rstrip(b"\0")
    return kept + b"\0" * (len(kept) % 2) if data.startswith(_UTF_16) else kept


class _PatientReader:
    """One pass: identifiers, names with whatever qualifier (BR birth, SP spouse, CL used), birth, sex."""

    def __init__(self) -> None:
        self.persons: list[Person] = []
        self._path: list[str] = []
        self._begin()

    def _begin(self) -> None:
        self._described = False
        self._ids: list[tuple[str, str]] = []
        self._names: dict[str, list[str]] = {"family": [], "given": []}
        self._unqualified: list[str] = []
        self._written: list[str] | None = None
        self._qualified = False
        self._values: dict[tuple[str, ...], str] = {}

    def _end(self) -> None:
        found = self._person()
        if found not in self.persons and len(self.persons) < MOST_PERSONS:
            self.persons.append(found)

    def _person(self) -> Person:
        return person(
            [Identifier(extension, oid=root) for root, extension in self._ids],
            family_names=self._names["family"],
            given_names=self._names["given"],
            birth_date=self._values.get(_BIRTH),
            sex=self._values.get(_SEX),
        )

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name.removeprefix(_NAMESPACE))
        path = tuple(self._path[:_DEEPEST])
        if len(self._path) > _DEEPEST or path[:3] != _ROLE[: len(path)]:
            return
        if path == _ROLE:
            self._begin()
        elif path == _PATIENT and self._described:  # no schema allows it; a reader may take either
            ids = self._ids
            self._end()
            self._begin()
            self._ids = ids
        self._described |= path == _PATIENT
        if path == _ID and len(self._ids) < MOST_IDENTIFIERS:
            self._ids.append((attributes.get("root", ""), attributes.get("extension", "")))
        elif path in (_BIRTH, _SEX):
            self._values.setdefault(path, attributes.get("value") or attributes.get("code") or "")
        elif path == _NAME:
            self._unqualified = []
        elif path[:-1] == _NAME and path[-1] in self._names:
            self._written, self._qualified = [], "qualifier" in attributes

    def text(self, text: str) -> None:
        if self._written is not None:
            self._written.append(text)

    def end(self, _name: str) -> None:
        path = tuple(self._path)
        self._path.pop()
        if path == _ROLE:
            self._end()
        if path == _NAME and self._unqualified:
            self._names["given"].insert(0, " ".join(self._unqualified))
        if self._written is None or path[:-1] != _NAME:
            return
        written, self._written = " ".join("".join(self._written).split()), None
        if path[-1] == "given" and not self._qualified:
            self._unqualified.append(written)  # several of them are the first names in their order
        else:
            self._names[path[-1]].append(written)


def _refuse(*_: object) -> None:
    raise _NotReadable
