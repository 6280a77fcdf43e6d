"""The plan of a job, kept in the index with its new objects: who tries again goes on with these.

In clear, because it holds nothing of the content: numbers, and ids of blobs.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from records.documents.renditions import NOT_RENDERED


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPlan:
    """What one try made. `kept` instances were packed anew, or pictures made of `series`: another number, and
    the plan is of another state of the study. `blobs` are the pack and the metadata of each series;
    `renditions` as `packed_renditions.planned` writes them; `rendered` is how far these came.
    """

    kept: int | None = None
    series: int | None = None
    blobs: tuple[str, ...] = ()
    renditions: Sequence[Sequence[Any]]
    rendered: int

    def write(self) -> bytes:
        of = {"kept": self.kept, "blobs": self.blobs} if self.series is None else {"series": self.series}
        return json.dumps({**of, "renditions": self.renditions, "rendered": self.rendered}).encode()

    @classmethod
    def read(cls, written: bytes) -> Self:
        found: dict[str, Any] = json.loads(written)
        return cls(
            kept=found.get("kept"),
            series=found.get("series"),
            blobs=tuple(found.get("blobs", ())),
            # 0.1.0 made none
            renditions=found.get("renditions", []),
            rendered=found.get("rendered", NOT_RENDERED),
        )
