"""Logs of the process: text or JSON lines; codes and counts only, no identity, no path, no content."""

import json
import logging
import sys
from datetime import UTC, datetime

from keyvault.process.request_id import REQUEST_ID

_READERS = ("pydicom", "pypdf", "pikepdf", "PIL")
"""Libraries that read content. Their remarks quote it; what they mean for a file is said by its verdict."""
_ALONE = "MainProcess"  # multiprocessing, unless a supervisor named it
_STANDARD = frozenset(vars(logging.makeLogRecord({})))


class _Lines(logging.Formatter):
    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        extra = {k: v for k, v in vars(record).items() if k not in _STANDARD and k != "message"}
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **extra,
        }
        if record.processName not in (None, _ALONE):
            line["process"] = record.processName
        if request_id := REQUEST_ID.get():
            line["request"] = request_id
        if record.exc_info and record.exc_info[0]:
            # the type alone: a message or a frame could quote what was being handled
            line["exception"] = record.exc_info[0].__name__
        if self._as_json:
            return json.dumps(line, ensure_ascii=False, default=str)
        rest = " ".join(f"{k}={v}" for k, v in line.items() if k not in ("time", "level", "event"))
        return f"{line['time']} {line['level']:7} {line['event']} {rest}"


class _StandardError(logging.Handler):
    """Writes where standard error goes at that moment: it may be another place than at the start."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            print(self.format(record), file=sys.stderr, flush=True)
        except Exception:
            self.handleError(record)


def configure(log_format: str) -> None:
    """One handler on standard error for everything."""
    # a line that cannot be written is lost; the library would print it with a traceback instead
    logging.raiseExceptions = False
    handler = _StandardError()
    handler.setFormatter(_Lines(as_json=log_format == "json"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("coffre").setLevel(logging.INFO)
    for name in _READERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
