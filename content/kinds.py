"""Tell the kind of a content from its first bytes; its name counts for nothing."""

import re
from enum import StrEnum

from content.signatures import active_signature, reads_as_script

HEAD = 4096  # bytes that `kind_of` wants
_PROGRAMS = (b"FWS", b"CWS", b"ZWS", b"Cr24")
_IMAGES = (
    *(b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"II*\0", b"MM\0*", b"\0\0\0\x0cjP", b"\xffO\xffQ"),
    *(b"ID3", b"OggS", b"fLaC", b"\x1aE\xdf\xa3"),
)
_PAGE = re.compile(
    rb"<\s*(?:!doctype\s+html|(?:html|head|body|script|iframe|img|embed|applet|meta)[\s>/]|hta:|\?php|\?=|%)"
)
_XML = re.compile(rb"<(?:\?xml|!--|!doctype|[a-z_])")
_NOT_TEXT = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]")


class Kind(StrEnum):
    """Kinds that have a rule of their own."""

    PDF = "PDF"
    XML = "XML"
    DICOM = "DICOM"
    RICH_TEXT = "RTF"
    COMPOUND = "compound file"
    MEDIA = "image or sound"
    TEXT = "text"
    OTHER = "other"
    PAGE = "web page"
    SCRIPT = "script"
    PROGRAM = "program"
    ARCHIVE = "archive"


_SIGNED = {
    "executable": Kind.PROGRAM,
    "archive": Kind.ARCHIVE,
    "compound": Kind.COMPOUND,
}


def kind_of(head: bytes) -> Kind:
    """The kind of content that starts with `head`."""
    if head[128:132] == b"DICM":
        return Kind.DICOM
    signed = _SIGNED.get(active_signature(head[:1024]) or "")
    if signed or head.startswith(_PROGRAMS):
        return signed or Kind.PROGRAM
    if b"%PDF-" in head[:1024]:  # wherever: viewers look for it there, and its rule refuses a second format
        return Kind.PDF
    if head.startswith(_IMAGES) or _is_bitmap(head):
        return Kind.MEDIA
    return _kind_of_text(head)


def _kind_of_text(head: bytes) -> Kind:
    text = head.replace(b"\0", b"").lstrip(b"\t\n\f\r \xef\xbb\xbf\xff\xfe").lower()
    if text.startswith(b"{\\rt"):
        return Kind.RICH_TEXT
    if _PAGE.match(text):
        return Kind.PAGE
    if _XML.match(text):
        return Kind.XML
    if head.startswith(b"#!") or reads_as_script(head):
        return Kind.SCRIPT
    return Kind.OTHER if _NOT_TEXT.search(head) else Kind.TEXT


def _is_bitmap(head: bytes) -> bool:
    return (head.startswith(b"BM") and head[6:10] == bytes(4)) or (
        head.startswith(b"RIFF") and head[8:12] in (b"WEBP", b"WAVE", b"AVI ")
    )


_LABELS = (
    (re.compile(r"application/(?:x-)?pdf"), Kind.PDF),
    (re.compile(r"application/dicom"), Kind.DICOM),
    (re.compile(r"(?:text|application)/rtf"), Kind.RICH_TEXT),
    (re.compile(r"(?:image|audio|video)/(?!svg).+"), Kind.MEDIA),
    (re.compile(r"text/html|application/xhtml\+xml"), Kind.PAGE),
    (re.compile(r"(?:text|application)/(?:x-)?(?:java|ecma|vb)script"), Kind.SCRIPT),
    (re.compile(r"(?:text|application)/(?:[\w.-]+\+)?xml|image/svg\+xml"), Kind.XML),
    (re.compile(r"application/(?:x-)?(?:zip|gzip)(?:-compressed)?"), Kind.ARCHIVE),
    (re.compile(r"text/plain|model/(?:obj|mtl)"), Kind.TEXT),
)


def labelled(media_type: str | None) -> Kind | None:
    """What a media type promises, whatever its capitals and parameters; None where it promises nothing."""
    name = (media_type or "").partition(";")[0].strip().lower()
    return next((kind for pattern, kind in _LABELS if pattern.fullmatch(name)), None)
