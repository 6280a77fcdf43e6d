"""All traces of one professional over a period (R56, EX_AIR-120): each line opened with the audit officer's
key, and checked against the signed log, here and not by the vault.
"""

import csv
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from audit.chains import check_line
from audit.checkpoint import Checkpoint, parse_and_verify
from audit.events import Entry
from audit.tree import verify_inclusion
from audit.view import AccountabilityLine
from coffre.installation.installation import Installation
from coffre.operators.calls import permitted
from coffre.safekeeping.officer import Wanted, every_line, open_line
from keyvault.log.lines_of_actors import Written
from keyvault.log.sequencer import InclusionProof
from keyvault.verbs.call import Call
from keyvault.verbs.operator.officer import Credentialed, SealedTrace
from keyvault.verbs.public import MOST_LEAVES
from records.errors import CoffreError, Invalid
from records.vocabulary.codes import Action

Told = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One line. `position`: where it stands in the signed log, None where no checkpoint covers it yet."""

    time: str
    professional: str
    structure: str | None
    action: str
    outcome: str
    reason: str | None
    purpose: str | None
    record: str | None
    object: str | None
    leaf: str
    position: int | None


def structures(
    system: Installation, call: Callable[[], Call], key: bytes, wanted: Wanted, told: Told
) -> list[str]:
    """Where anybody did anything in the period: only the officer's lines tell, and all of them are opened."""
    lines = every_line(system, call, key, None, told)
    return sorted({line["structure"] for line in lines if line["structure"] and wanted.fits(line)})


def traces(
    system: Installation,
    call: Callable[[], Call],
    key: bytes,
    wanted: Wanted,
    of: Sequence[Credentialed],
    told: Told,
) -> Iterator[Trace]:
    """The lines of one person in the order of time; `told` hears how many are checked.

    CoffreError "officer_key_other", LogFault `line_changed` and those of entries, TreeError `not_included`.
    """
    after: Written | None = None
    done = 0
    while True:
        page = permitted(
            system.guard.operator.officer_traces(
                call(), of, since=wanted.since, until=wanted.until, after=after
            )
        )
        for start in range(0, len(page.traces), MOST_LEAVES):
            part = page.traces[start : start + MOST_LEAVES]
            # the vault finds a person wherever it works: what was not asked for is left out here
            yield from (
                trace
                for trace in _checked(system, key, of[0].subject, part)
                if trace.structure in {each.structure for each in of}
            )
            done += len(part)
            told(done)
        if page.after is None:
            return
        after = page.after


def _checked(
    system: Installation, key: bytes, professional: str, part: Sequence[SealedTrace]
) -> Iterator[Trace]:
    found = system.guard.public.proofs([each.leaf for each in part])
    identity = system.identity
    checkpoint = parse_and_verify(found.checkpoint, identity.origin, identity.checkpoint_public)
    for sealed, proof in zip(part, found.proofs, strict=True):
        yield _trace(key, professional, sealed, proof, checkpoint)


def _trace(
    key: bytes,
    professional: str,
    sealed: SealedTrace,
    proof: InclusionProof | None,
    checkpoint: Checkpoint,
) -> Trace:
    position = proof.index if proof else None
    check_line(
        AccountabilityLine(
            leaf=sealed.leaf,
            entry=sealed.entry,
            position=position,
            own=sealed.own,
            officer=sealed.officer,
        )
    )
    if proof is not None:
        verify_inclusion(proof.index, checkpoint.size, sealed.leaf, checkpoint.root, proof.hashes)
    line, entry = open_line(key, sealed.officer), Entry.from_bytes(sealed.entry)
    if (line["time"], Action(line["action"])) != (entry.time, entry.action):
        raise CoffreError("A line and its entry say different things.", code="line_changed")
    return Trace(
        time=datetime.fromtimestamp(entry.time / 1000, UTC).isoformat(timespec="milliseconds"),
        professional=professional,
        structure=line["structure"],
        action=entry.action.value,
        outcome=entry.outcome.value,
        reason=entry.reason.value if entry.reason else None,
        purpose=entry.purpose.value if entry.purpose else None,
        record=line["public_id"],
        object=entry.object,
        leaf=sealed.leaf.hex(),
        position=position,
    )


@dataclass(frozen=True, slots=True)
class TraceFile:
    """How many lines a file got, and how many of them no checkpoint covers yet."""

    lines: int
    pending: int


def write(path: Path, found: Iterator[Trace], *, as_csv: bool) -> TraceFile:
    """Write lines one by one to a new file that its owner alone may read (0600), whole or not at all.

    JSON has one object a line. Raises `Invalid` "out_exists".
    """
    part = path.with_name(f".{path.name}.part")
    if path.exists():
        raise Invalid(f"{path} is there already: name a file that is not.", code="out_exists")
    part.unlink(missing_ok=True)
    lines = pending = 0
    try:
        with open(part, "x", newline="", encoding="utf-8", opener=_owners) as file:
            table = csv.DictWriter(file, [each.name for each in fields(Trace)])
            if as_csv:
                table.writeheader()
            for trace in found:
                if as_csv:
                    table.writerow(asdict(trace))
                else:
                    file.write(json.dumps(asdict(trace), ensure_ascii=False) + "\n")
                lines, pending = lines + 1, pending + (trace.position is None)
            file.flush()
            os.fsync(file.fileno())
        os.link(part, path)  # never over a file that came meanwhile
    except FileExistsError:
        raise Invalid(f"{path} is there already: name a file that is not.", code="out_exists") from None
    finally:
        part.unlink(missing_ok=True)
    return TraceFile(lines, pending)


def _owners(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)
