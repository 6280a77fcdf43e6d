"""The child that examines files: `python -m content.sandbox.child <control fd> <limits as JSON> [faults]`."""

import json
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NoReturn

from content.sandbox.left_out import DECODING, UNNEEDED, leave_out

if __name__ == "__main__":
    leave_out(*UNNEEDED, *(() if json.loads(sys.argv[2])["decoded_frames"] else DECODING))

import orjson

from content.byte_source import BLOCK, BlockReader, Source
from content.dicom.instance import inspect_dicom
from content.dicom.metadata.store_request import encode_json, encode_xml
from content.entry import inspect_entry
from content.facts import Facts
from content.facts_json import finding_json, to_json
from content.limits import Limits
from content.pdf.report import inspect_pdf
from content.sandbox.confined import collect_what_is_left, fetch, limit_cpu, serve
from content.sandbox.faults import misbehave
from content.sandbox.warming import warm_up
from content.sandbox.wire import HANDFUL, META_LENGTH, Message, framed, send
from content.verdicts import Finding

_INSPECTORS: Mapping[str, Callable[[Source, Limits], tuple[list[Finding], Facts | None]]] = {
    "dicom": inspect_dicom,
    "pdf": inspect_pdf,
    "entry": inspect_entry,
    "dicom+json": encode_json,
    "dicom+xml": encode_xml,
}


_LONGEST_TOGETHER_S, _MOST_TOGETHER = 0.1, 2**20
"""CPU after which, and bytes beyond which, no further file is answered about in the same message."""


def main(arguments: list[str]) -> NoReturn:
    limits = Limits(**json.loads(arguments[1]))
    answer = partial(_answer, limits, "faults" in arguments[2:])
    serve(int(arguments[0]), limits, partial(warm_up, limits), answer)


def _answer(limits: Limits, faults: bool, sock: socket.socket, payload: bytes) -> bool:
    (length,) = META_LENGTH.unpack_from(payload)
    meta = json.loads(payload[META_LENGTH.size : META_LENGTH.size + length])
    heads = payload[META_LENGTH.size + length :]
    examine = _Examiner(limits, faults, sock)
    if meta["kind"] == HANDFUL:
        return examine.handful(heads, **meta["options"])
    try:
        answer = examine.file(meta["kind"], meta["size"], heads, meta["options"])
    except MemoryError:
        send(sock, Message.RESULT, encode_answer([Finding("sandbox_memory")], None))
        return False
    send(sock, Message.RESULT, answer)
    return True


class _Examiner:
    """Examines files of one job."""

    def __init__(self, limits: Limits, faults: bool, sock: socket.socket) -> None:
        self._limits = limits
        self._faults = faults
        self._sock = sock

    def file(self, kind: str, size: int, head: bytes, options: Mapping[str, str], start: int = 0) -> bytes:
        """The answer about the file whose bytes begin at `start` of the job's. Raises `MemoryError`."""
        limit_cpu(self._limits.cpu_of(size))
        if self._faults and options.get("fault"):
            misbehave(options["fault"], self._sock)
        source = BlockReader(lambda at, length: fetch(self._sock, start + at, length), size, head)
        findings, facts = _INSPECTORS[kind](source, self._limits)
        answer = encode_answer(findings, facts)
        if len(answer) <= self._limits.answer_bytes:
            return answer
        code = "pdf_too_complex" if kind == "pdf" else "metadata_too_large"
        return encode_answer([Finding(code)], None)

    def handful(
        self, heads: bytes, kind: str, sizes: Sequence[int], options: Sequence[Mapping[str, str]]
    ) -> bool:
        """Answers about the first few files together, those that are soon done with.

        What one of them does to this process says nothing of the others, and memory that others left behind
        is no reason to judge one: this ends, and its parent has each examined alone.
        """
        answers: list[bytes] = []
        began, start, at = time.process_time(), 0, 0
        for size, said in zip(sizes, options, strict=True):
            head = heads[at : at + min(size, BLOCK)]
            try:
                answer = self.file(kind, size, head, said, start)
            except MemoryError:
                return False
            if answers and len(answer) + sum(map(len, answers)) > _MOST_TOGETHER:
                break
            answers.append(answer)
            if time.process_time() - began > _LONGEST_TOGETHER_S:
                break
            collect_what_is_left()
            start, at = start + size, at + len(head)
        send(self._sock, Message.RESULT, framed(answers))
        return True


def encode_answer(findings: list[Finding], facts: Facts | None) -> bytes:
    """The answer as `read_answer` expects it; halves of surrogate pairs become question marks."""
    answer = {
        "findings": [finding_json(finding) for finding in findings],
        "facts": {} if facts is None else to_json(facts),
    }
    try:
        return orjson.dumps(answer)  # numbers are finite (`content/dicom/metadata/json_writer.py`)
    except TypeError:  # half of a surrogate pair, or a number of more than 64 bits
        text = json.dumps(answer, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "replace")


if __name__ == "__main__":
    main(sys.argv[1:])
