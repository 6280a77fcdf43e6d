"""Data types of FHIR R4 as a sender may write them in JSON (R4 sections 2.24 and 2.6.2).

Every member is typed and every member that R4 doesn't define is refused, so that nothing a sender says goes
by unread. Validation errors of the type `BAD_DATE` are dates; all others are members of another shape.
"""

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

BAD_DATE = "fhir_date"
LONGEST_IDENTIFIER = 255  # characters of a system or a value: an identifier is compared, never cut
LONGEST_DESCRIPTION = 4096
MOST_OF_A_LIST = 100

_DATE_TIME = re.compile(
    r"[0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,12})?(Z|[+-][0-9]{2}:[0-9]{2}))?)?)?"
)


def _mended(value: Any) -> Any:
    """JSON can escape half a surrogate pair, which no UTF-8 can hold."""
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else value


def _date_time(text: str) -> str:
    if not _DATE_TIME.fullmatch(text):
        raise _bad_date()
    parts = [int(part) for part in text[:10].split("-")]
    try:
        date(*parts, *[1] * (3 - len(parts)))
        _moment(text)
    except ValueError:
        raise _bad_date() from None
    return text


def _moment(text: str) -> datetime | None:
    """None where the text has no time of day. A leap second (:60) is read as the second before it."""
    return datetime.fromisoformat(text.replace(":60", ":59")) if "T" in text else None


def _in_order(start: str, end: str) -> bool:
    first, last = _moment(start), _moment(end)
    if first and last:
        return first <= last
    known = min(len(start), len(end), 10)  # dates are as exact as the less exact of them
    return start[:known] <= end[:known]


def _bad_date() -> PydanticCustomError:
    return PydanticCustomError(BAD_DATE, "no date")


Text = Annotated[str, BeforeValidator(_mended)]
DateTime = Annotated[Text, AfterValidator(_date_time)]
"""A `dateTime`, and also what stands for an `instant`: a day alone is a date too."""


class Element(BaseModel):
    """What every R4 element has. Extensions that are no modifiers may be left out of account (2.4.0)."""

    model_config = ConfigDict(strict=True, extra="forbid", alias_generator=to_camel)

    id: Text | None = Field(default=None, exclude=True)
    extension: list["Extension"] = Field(default=[], exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _without_shadows(cls, value: Any) -> Any:
        """`_name` beside a primitive holds its id and extensions, nothing else (2.6.2.1)."""
        if not isinstance(value, dict):
            return value
        primitives = {field.alias for field in cls.model_fields.values() if not _is_complex(field.annotation)}
        return {
            name: member
            for name, member in value.items()
            if not (name[:1] == "_" and name[1:] in primitives and _is_shadow(member))
        }


def _is_complex(annotation: Any) -> bool:
    arguments = getattr(annotation, "__args__", ())
    named = isinstance(annotation, type) and not arguments and issubclass(annotation, BaseModel)
    return named or any(_is_complex(each) for each in arguments)


def _is_shadow(member: Any) -> bool:
    members = member if isinstance(member, list) else [member]
    return all(
        each is None or (isinstance(each, dict) and each.keys() <= {"id", "extension"}) for each in members
    )


class Extension(BaseModel):
    """Ignored, so that nothing but its address is looked at."""

    model_config = ConfigDict(strict=True, extra="allow")

    url: Text


class Period(Element):
    start: DateTime | None = None
    end: DateTime | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Period":
        if self.start and self.end and not _in_order(self.start, self.end):
            raise _bad_date()
        return self


class Coding(Element):
    system: Text | None = None
    version: Text | None = None
    code: Text | None = None
    display: Text | None = None
    user_selected: bool | None = None


class CodeableConcept(Element):
    coding: list[Coding] = Field(default=[], max_length=MOST_OF_A_LIST)
    text: Text | None = None


class Identifier(Element):
    use: Text | None = None
    type: CodeableConcept | None = None
    system: Text | None = Field(default=None, max_length=LONGEST_IDENTIFIER)
    value: Text | None = Field(default=None, max_length=LONGEST_IDENTIFIER)
    period: Period | None = None
    assigner: "Reference | None" = None


class Reference(Element):
    reference: Text | None = None
    type: Text | None = None
    identifier: Identifier | None = None
    display: Text | None = None


class Attachment(Element):
    content_type: Text | None = None
    language: Text | None = None
    data: str | None = Field(default=None, exclude=True, repr=False)
    url: Text | None = Field(default=None, exclude=True)
    size: int | None = Field(default=None, ge=0, exclude=True)
    hash: Text | None = Field(default=None, exclude=True)
    title: Text | None = None
    creation: DateTime | None = None


class Meta(Element):
    version_id: Text | None = None
    last_updated: DateTime | None = None
    source: Text | None = None
    profile: list[Text] = Field(default=[], max_length=MOST_OF_A_LIST)
    security: list[Coding] = Field(default=[], max_length=MOST_OF_A_LIST)
    tag: list[Coding] = Field(default=[], max_length=MOST_OF_A_LIST)


class Narrative(Element):
    status: Text | None = None
    div: Text | None = None


class HumanName(BaseModel):
    model_config = ConfigDict(strict=True)

    text: Text | None = None
    family: Text | None = None
    given: list[Text] = Field(default=[], max_length=MOST_OF_A_LIST)
    prefix: list[Text] = Field(default=[], max_length=MOST_OF_A_LIST)

    def words(self) -> str:
        return self.text or " ".join(filter(None, [*self.prefix, *self.given, self.family]))


class Contained(BaseModel):
    """A resource that travels inside another: whose document it is, or who wrote it. The rest is not read."""

    model_config = ConfigDict(strict=True, alias_generator=to_camel)

    resource_type: Text
    id: Text | None = None
    identifier: Identifier | list[Identifier] | None = None
    name: Text | list[HumanName] | None = None
    practitioner: Reference | None = None

    def identifiers(self) -> list[Identifier]:
        found = self.identifier
        return found if isinstance(found, list) else [found] if found else []

    def words(self) -> str:
        """The name in one line; of several the first."""
        if isinstance(self.name, list):
            return self.name[0].words() if self.name else ""
        return self.name or ""


Element.model_rebuild()
Identifier.model_rebuild()
