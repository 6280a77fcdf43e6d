"""The ways in which intake treats what a depositor says; docs/deposits.md prints the tables of them."""

from dataclasses import dataclass
from enum import StrEnum


class Treatment(StrEnum):
    """The treatment of something that a sender says."""

    HONOURED = "honoured"
    KEPT = "kept"
    HARMLESS = "without effect"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Rule:
    """`name`: of an element, a header or a parameter. `code`: of the refusal, where saying it is refused."""

    name: str
    treatment: Treatment
    note: str
    code: str = ""
