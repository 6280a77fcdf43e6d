# ruff: noqa: E501 - one row per thing said, so that the tables can be read down
"""The treatment of headers, parameters and metadata of a Store request (PS3.18 section 10.5), as data.

docs/deposits.md prints these tables. A header that stands in none of them says nothing about a deposit.
"""

from collections.abc import Mapping

from ingestion.intake.treatments import Rule, Treatment

_H, _N, _R = Treatment.HONOURED, Treatment.HARMLESS, Treatment.REFUSED
_UNDERSTOOD = "unsupported_header"
_OF_A_PART = "bad_part_header"


def _rules(*rows: tuple[str, ...]) -> Mapping[str, Rule]:
    return {row[0]: Rule(row[0], Treatment(row[1]), *row[2:]) for row in rows}


REQUEST_HEADERS = _rules(
    ("content-type", _H, "`bad_content_type`, `bad_boundary`."),
    ("content-encoding", _H, "`gzip`: `bad_content_encoding`."),
    ("accept", _H, "`not_acceptable`. The query parameter `accept` wins over it."),
    ("prefer", _H, "`respond-async`, `return=minimal`; a preference that is not known may be left aside (RFC 7240)."),
    ("expect", _H, "`100-continue`."),
    ("content-md5", _N, "Not compared: the verdict of each part is on its bytes, and a connection carries its own check."),
    ("content-digest", _N, "As Content-MD5; a receiver may leave it aside (RFC 9530)."),
    ("repr-digest", _N, "As Content-MD5; a receiver may leave it aside (RFC 9530)."),
    ("digest", _N, "As Content-MD5."),
    ("content-length", _N, "The boundary and the connection tell the end."),
    ("content-location", _N, "The address of the request names the record and the study."),
    ("content-language", _N, "An instance names its languages itself."),
    ("coffre-labels", _H, "Labels for everything in the request, separated by commas: `unknown_label`, `labels_conflict`."),
    ("coffre-purpose", _N, "A deposit has no other purpose."),
    ("coffre-reason", _N, "A deposit needs none."),
    ("content-range", _R, "A part of a body is no deposit.", _UNDERSTOOD),
    ("if-match", _R, "Nothing is replaced by a deposit.", _UNDERSTOOD),
    ("if-none-match", _R, "Duplicates are recognised by their bytes.", _UNDERSTOOD),
    ("if-unmodified-since", _R, "As If-Match.", _UNDERSTOOD),
)  # fmt: skip
PARAMETERS = _rules(
    ("type", _H, "Of multipart/related: what all parts are, or the type of the metadata."),
    ("boundary", _H, "`bad_boundary`."),
    ("transfer-syntax", _H, "Of a part of bulk data. A DICOM file says itself what it is."),
    ("charset", _H, "Metadata is UTF-8: `bad_content_type`."),
    ("start", _N, "The type of a part tells what it is."),
    ("start-info", _N, "As start."),
)  # fmt: skip
"""Of Content-Type. Others have no effect; any that is given twice is `bad_content_type`."""
PART_HEADERS = _rules(
    ("content-type", _H, "`bad_part_type`."),
    ("content-location", _H, "Names bulk data for the metadata."),
    ("content-transfer-encoding", _H, "`binary`, `8bit` and `7bit`, which change no byte: `bad_part_header`."),
    ("content-encoding", _H, "`identity`: `bad_part_header`."),
    ("content-range", _R, "A part of a part is no deposit.", _OF_A_PART),
    ("content-length", _N, "The boundary tells the end."),
    ("content-id", _N, "Metadata names bulk data by Content-Location (PS3.18 section 8.6)."),
    ("content-disposition", _N, "The name of a file is no part of it."),
    ("content-description", _N, "For people."),
    ("content-language", _N, "An instance names its languages itself."),
    ("content-md5", _N, "Not compared, as that of a request."),
    ("mime-version", _N, "There is one."),
)  # fmt: skip
"""One that is honoured and given twice is `bad_part_header`."""
METADATA = _rules(
    ("a tag", _H, "Once in a data set, in whatever case: `metadata_member_twice`."),
    ("vr", _H, "`metadata_not_valid`."),
    ("Value, BulkDataURI, InlineBinary", _H, "One of them (PS3.18 section F.2.2): `metadata_not_valid`; each once: `metadata_member_twice`."),
    ("names, values and items of XML", _H, "Each number and each component once: `metadata_member_twice`."),
    ("other members of an attribute", _N, "PS3.18 section F.2.2 knows none; some writers add a keyword."),
)  # fmt: skip
