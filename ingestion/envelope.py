"""The envelope of a submission beside its parts: what intake knew of it, for the worker that opens it.

The vault seals the envelope and opens it again (docs/formats.md section 10). Its member `headers` is an
object that the vault hands on as it is: here are its types, and its one form in JSON. What 0.1.0 received is
read, too. None of these has a repr: they hold names and identifiers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, TypeVar

from content.person import Person
from records.errors import Invalid
from records.profile.replacing import Replaced
from records.text.base64url import b64, unb64

MOST_PARTS = 10_000
"""Parts of one request, and instances put together from one."""
NO_ENVELOPE = b""
"""What the vault is given where no depositor sent anything: of a job."""
ContentKind = Literal["dicom", "pdf", "entry"]
DICOM: ContentKind = "dicom"
PDF: ContentKind = "pdf"
ENTRY: ContentKind = "entry"
_KINDS: Mapping[object, ContentKind] = {"dicom": "dicom", "entry": "entry"}
T = TypeVar("T")


class Payload(StrEnum):
    """The form of the instances of a Store request: its media types (PS3.18 section 8.7.3)."""

    DICOM = "application/dicom"
    JSON = "application/dicom+json"
    XML = "application/dicom+xml"


@dataclass(frozen=True, slots=True, repr=False)
class Described:
    """What a part says it is (PS3.18 section 8.6); "" where it doesn't tell.

    `location` is the Content-Location by which metadata refer to bulk data.
    """

    media_type: str
    transfer_syntax: str = ""
    location: str = ""

    @classmethod
    def of_json(cls, value: Any) -> "Described":
        """Raises `Invalid` "envelope_invalid"."""
        return cls(*(_text(each) for each in _list(value, most=3)))

    def to_json(self) -> list[str]:
        return [self.media_type, self.transfer_syntax, self.location]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Declared:
    """What its sender said of one document (IHE MHD, ITI-105, ITI-65).

    `type_code`, `title` and `date` are DocumentEntry.typeCode, title and creationTime as they came; `authors`
    names in one line; `fhir` the other elements that are kept, as FHIR JSON; `patients` the persons that it
    describes.
    """

    type_code: str | None = None
    title: str | None = None
    date: str | None = None
    authors: tuple[str, ...] = ()
    fhir: Mapping[str, Any] | None = None
    patients: tuple[Person, ...] = ()

    @classmethod
    def of_json(cls, value: Any) -> "Declared":
        """Raises `Invalid` "envelope_invalid"."""
        found = _object(value)
        # 0.1.0 compared one person alone, and named it in the singular
        patients = found.get("patients") or [found.get("patient")]
        return cls(
            type_code=_optional(_text, found.get("type")),
            title=_optional(_text, found.get("title")),
            date=_optional(_text, found.get("date")),
            authors=tuple(_text(each) for each in _list(found.get("authors") or [])),
            fhir=_optional(_object, found.get("fhir")),
            patients=tuple(_person(each) for each in _list(patients) if each),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "type": self.type_code,
            "title": self.title,
            "date": self.date,
            "authors": list(self.authors),
            "fhir": self.fhir,
            "patients": [each.to_json() for each in self.patients],
        }

    def identifier(self) -> list[str] | None:
        """DocumentEntry.uniqueId: system ("" without one) and value of the FHIR masterIdentifier."""
        found = (self.fhir or {}).get("masterIdentifier")
        return None if found is None else [found.get("system", ""), found["value"]]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class EntryHeaders:
    """What a request says of one entry of own information, beside its resource.

    `resource` is the type of resource of its address. `request` names the request: what comes again under the
    same name is the same. `replaced` is the version,
    a document, that this one replaces, `entry` the entry that both belong to; neither of a new one.
    """

    resource: str
    request: str
    replaced: Replaced | None = None

    @classmethod
    def of_json(cls, value: Any) -> "EntryHeaders":
        """Raises `Invalid` "envelope_invalid"."""
        found = _object(value)
        try:
            replaced = Replaced.of_json(found.get("replaced"))
        except Invalid:
            raise _not_ours() from None
        return cls(
            resource=_text(found.get("resource")), request=_text(found.get("request")), replaced=replaced
        )

    def to_json(self) -> dict[str, Any]:
        replaced = self.replaced.to_json() if self.replaced else None
        return {"resource": self.resource, "request": self.request, "replaced": replaced}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SubmissionHeaders:
    """The headers that a request stated for all its parts.

    `kind` is what the parts are; `payload` how the instances of a Store request are written and `study` the
    one of its address; `described` has an entry for each part where parts are not all alike, else none;
    `answer_key` is the X25519 public key of a request that waits; `document` what a FHIR sender declared of
    the one document, `documents` of each of several, which are kept together or not at all; `labels` codes of
    TRE_A07 for everything in the request, which the vault reads, and `entry`, too.
    """

    kind: ContentKind
    payload: Payload | None = None
    study: str | None = None
    answer_key: bytes | None = None
    described: tuple[Described, ...] = ()
    document: Declared | None = None
    documents: tuple[Declared, ...] = ()
    labels: tuple[str, ...] = ()
    entry: EntryHeaders | None = None

    @classmethod
    def of_json(cls, value: Any) -> "SubmissionHeaders":
        """Members of another version say nothing. Raises `Invalid` "envelope_invalid"."""
        found = _object(value)
        document = found.get("document")
        return cls(
            kind=_KINDS.get(found.get("kind"), "pdf"),
            payload=_optional(_payload, found.get("payload")),
            study=_optional(_text, found.get("study")),
            answer_key=_optional(_key, found.get("answer_key")),
            described=tuple(Described.of_json(each) for each in _list(found.get("described", []))),
            document=Declared.of_json(document) if document else None,
            documents=tuple(Declared.of_json(_object(each)) for each in _list(found.get("documents", []))),
            labels=tuple(_text(each) for each in _list(found.get("labels", []))),
            entry=_optional(EntryHeaders.of_json, found.get("entry")),
        )

    def to_json(self) -> dict[str, Any]:
        """A member that says nothing is absent. The vault adds its own, `proof`."""
        members = {
            "payload": self.payload.value if self.payload else None,
            "study": self.study,
            "answer_key": b64(self.answer_key) if self.answer_key else None,
            "described": [each.to_json() for each in self.described] or None,
            "document": self.document.to_json() if self.document else None,
            "documents": [each.to_json() for each in self.documents] or None,
            "labels": sorted(self.labels) or None,
            "entry": self.entry.to_json() if self.entry else None,
        }
        said = {name: value for name, value in members.items() if value is not None}
        return {"kind": self.kind, **said}

    def declared(self, part: int) -> Declared:
        """What was declared of the document that is this part, counted from 1; what says nothing elsewhere.

        Raises `Invalid` "envelope_invalid".
        """
        if not self.documents:
            return self.document or Declared()
        if not 0 < part <= len(self.documents):
            raise _not_ours()
        return self.documents[part - 1]


def _optional(read: Callable[[Any], T], value: Any) -> T | None:
    return None if value is None else read(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _not_ours()
    return value


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _not_ours()
    return value


def _person(value: Any) -> Person:
    found = _object(value)
    for name in ("family_names", "given_names"):
        for each in _list(found.get(name) or []):
            _text(each)
    for each in (found, *map(_object, _list(found.get("other_ids") or []))):
        for name in ("id", "issuer", "issuer_oid", "birth_date", "sex"):
            _optional(_text, each.get(name))
    return Person.of_json(found)


def _list(value: Any, most: int = MOST_PARTS) -> Sequence[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise _not_ours()
    return value


def _payload(value: Any) -> Payload:
    try:
        return Payload(value)
    except ValueError:
        raise _not_ours() from None


def _key(value: Any) -> bytes:
    return unb64(_text(value), 32)


def _not_ours() -> Invalid:
    return Invalid(
        "The envelope of a submission holds what no intake writes: look for who else writes submissions.",
        code="envelope_invalid",
    )
