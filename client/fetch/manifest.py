"""Write `manifest.json` beside fetched files: the documents that the record showed, and the files of each."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from client.fetch.writing import FetchedFile
from keyvault.credentials import private_files
from records.errors import Conflict
from records.text.plain_text import text_of

FORMAT = "coffre-fetch-manifest-v1"
NAME = "manifest.json"
_MEMBERS = (
    "id",
    "kind",
    "title",
    "type",
    "type_display",
    "date",
    "created",
    "media_type",
    "study_uid",
    "structure",
    "labels",
    "cautions",
)


class Manifest:
    """One record's documents in one folder; what earlier runs brought into it stays listed.

    Holds titles, and so is for its owner alone, as the documents themselves.
    """

    def __init__(self, out: Path) -> None:
        """Raises `Conflict` "out_in_use" where a file of this name is somebody else's."""
        self.path = out / NAME
        self._out = out
        self._documents: dict[str, dict[str, Any]] = {}
        self._known: dict[str, list[Any]] = {}
        self._record = self._read()

    def begin(self, record: str, listed: Sequence[Mapping[str, Any]]) -> None:
        """What the record shows now. Raises `Conflict` "out_in_use" for another record's folder."""
        if self._record not in ("", record):
            raise self._in_use("is of another record")
        self._record = record
        for one in listed:
            told = {name: one[name] for name in _MEMBERS if one.get(name) is not None}
            self._documents[str(one.get("id"))] = {**told, "files": self._known.get(str(one.get("id")), [])}

    def note(self, document: str, files: Sequence[FetchedFile]) -> None:
        """A document that is fetched whole."""
        told = [{**file.to_json(), "path": file.path.relative_to(self._out).as_posix()} for file in files]
        self._documents.setdefault(document, {"id": document})["files"] = told

    def write(self) -> None:
        found = {"format": FORMAT, "record": self._record, "documents": [*self._documents.values()]}
        self._out.mkdir(mode=0o700, parents=True, exist_ok=True)
        private_files.replace(self.path, json.dumps(found, ensure_ascii=False, indent=2).encode() + b"\n")

    @property
    def documents(self) -> list[dict[str, Any]]:
        return [*self._documents.values()]

    def _read(self) -> str:
        """The record that this folder is of, void for a new one."""
        try:
            found = json.loads(text_of(self.path.read_bytes()))
            known = {one["id"]: [*one["files"]] for one in found["documents"]}
            if found["format"] != FORMAT:
                raise ValueError
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except (ValueError, LookupError, TypeError, RecursionError):
            raise self._in_use("is not one of coffre fetch") from None
        self._known = known
        return str(found.get("record"))

    def _in_use(self, why: str) -> Conflict:
        return Conflict(f"{self.path} {why}: give another folder with --out.", code="out_in_use")
