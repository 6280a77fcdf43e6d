"""The child that examines files: `python -m content.sandbox.child <control fd> <limits as JSON> [faults]`."""

import json
import socket
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import NoReturn

if __name__ == "__main__" and not json.loads(sys.argv[2])["decoded_frames"]:
    # the parsers must not pull in native code that is not needed to read structure
    for _native in ("numpy", "PIL"):
        sys.modules[_native] = None  # type: ignore[assignment]

import orjson

from content.byte_source import BlockReader, Source
from content.dicom.instance import inspect_dicom
from content.dicom.store_metadata import encode_json, encode_xml
from content.facts import Facts
from content.facts_json import finding_json, to_json
from content.limits import Limits
from content.pdf.report import inspect_pdf
from content.sandbox.confined import fetch, limit_cpu, serve
from content.sandbox.faults import misbehave
from content.sandbox.warming import warm_up
from content.sandbox.wire import META_LENGTH, Message, send
from content.verdicts import Finding

_INSPECTORS: Mapping[str, Callable[[Source, Limits], tuple[list[Finding], Facts | None]]] = {
    "dicom": inspect_dicom,
    "pdf": inspect_pdf,
    "dicom+json": encode_json,
    "dicom+xml": encode_xml,
}


def main(arguments: list[str]) -> NoReturn:
    limits = Limits(**json.loads(arguments[1]))
    answer = partial(_answer, limits, "faults" in arguments[2:])
    serve(int(arguments[0]), limits, partial(warm_up, limits), answer)


def _answer(limits: Limits, faults: bool, sock: socket.socket, payload: bytes) -> bool:
    (length,) = META_LENGTH.unpack_from(payload)
    meta = json.loads(payload[META_LENGTH.size : META_LENGTH.size + length])
    limit_cpu(limits.cpu_of(meta["size"]))
    head = payload[META_LENGTH.size + length :]
    try:
        if faults and meta["options"].get("fault"):
            misbehave(meta["options"]["fault"], sock)
        source = BlockReader(partial(fetch, sock), meta["size"], head)
        findings, facts = _INSPECTORS[meta["kind"]](source, limits)
        answer = encode_answer(findings, facts)
    except MemoryError:
        send(sock, Message.RESULT, encode_answer([Finding("sandbox_memory")], None))
        return False
    if len(answer) > limits.answer_bytes:
        code = "pdf_too_complex" if meta["kind"] == "pdf" else "metadata_too_large"
        answer = encode_answer([Finding(code)], None)
    send(sock, Message.RESULT, answer)
    return True


def encode_answer(findings: list[Finding], facts: Facts | None) -> bytes:
    """The answer as `read_answer` expects it; halves of surrogate pairs become question marks."""
    answer = {
        "findings": [finding_json(finding) for finding in findings],
        "facts": {} if facts is None else to_json(facts),
    }
    try:
        return orjson.dumps(answer)  # numbers are finite (`content/dicom/dicom_json.py`)
    except TypeError:  # half of a surrogate pair, or a number of more than 64 bits
        text = json.dumps(answer, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "replace")


if __name__ == "__main__":
    main(sys.argv[1:])
