"""Parts of the service over HTTP, which process serves which, and what such processes share."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from coffre.serving.callers.limits import BURST, PER_SECOND
from coffre.serving.shared_counts import Buckets


class ServedPart(StrEnum):
    """Which process this is (docs/architecture.md); without one it is everything in one process."""

    INTAKE = "intake"
    READER = "reader"
    GATEWAY = "gateway"
    OPERATOR = "operator"
    SIGN_IN = "signin"
    WEB = "web"
    """Everything over HTTP; the shares of gateway and sign-in come from their own processes (`Shared`)."""


WEB_PARTS = frozenset({ServedPart.INTAKE, ServedPart.READER, ServedPart.OPERATOR})
SERVES = {None: WEB_PARTS | {ServedPart.GATEWAY, ServedPart.SIGN_IN}, ServedPart.WEB: WEB_PARTS}


@dataclass(frozen=True, slots=True)
class Shared:
    """What web processes of one supervisor share, made before they are; alone, each process has its own.

    `metrics`: the folder of their counts. `gateway`, `sign_in`: the sockets of those processes. `is_behind`:
    this process is one at such a socket.
    """

    buckets: Buckets = field(default_factory=lambda: Buckets(BURST, PER_SECOND))
    metrics: Path | None = None
    gateway: Path | None = None
    sign_in: Path | None = None
    is_behind: bool = False
