"""The two sides that a check compares, and its notes of what it looked at and found."""

from collections.abc import Callable
from dataclasses import dataclass, field

from coffre.safekeeping.findings import Findings
from keyvault.verbs.operator.inspecting import InspectingVerbs
from keyvault.verbs.operator.listing import KeptBlob, KeptRow
from storage.index.inventory import Inventory, Key
from storage.ports.index import OperatorIndex
from storage.ports.objects import ObjectStore

ADOPTED = "adopted"
Told = Callable[[str, int], None]
"""Hears of each page: what was looked at, and how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Index, objects and vault, and the findings. `scrub` reads every object and compares its CRC-64/NVME."""

    index: OperatorIndex
    inventory: Inventory
    objects: ObjectStore
    vault: InspectingVerbs
    now_ms: int
    scrub: bool = False
    frozen: bool = False
    told: Told = lambda what, count: None
    found: Findings = field(default_factory=Findings)

    def saw(self, what: str, count: int) -> None:
        self.found.seen[what] += count
        self.told(what, count)


def blob_key(blob: KeptBlob) -> Key:
    return (blob.blob_id, blob.version)


def row_key(row: KeptRow) -> Key:
    return (row.document_id, row.row_version)
