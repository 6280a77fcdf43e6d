"""Scripts in dynamic forms (XFA, ISO 32000-1 §12.7.8), however their XML is encoded."""

import re

_SCRIPT = re.compile(rb"<\s*(?:[\w.-]+:)?(?:script|execute)[\s>/]", re.IGNORECASE)
_SUBMIT = re.compile(rb"<\s*(?:[\w.-]+:)?submit[\s>/]", re.IGNORECASE)
_DECLARED = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([^\"']*)", re.IGNORECASE)
_READABLE = re.compile(rb"utf-?(8|16|16le|16be)|us-ascii|iso-8859-\d+|windows-125\d", re.IGNORECASE)


def scripted(data: bytes) -> bool:
    """Whether the XML holds scripts, or could: entities and unusual encodings can spell any element."""
    text = data.replace(b"\0", b"")  # UTF-16 of ASCII letters
    unusual = any(_READABLE.fullmatch(name) is None for name in _DECLARED.findall(text))
    return unusual or b"<!ENTITY" in text or _SCRIPT.search(text) is not None


def submits(data: bytes) -> bool:
    """Whether the form sends what was filled in."""
    return _SUBMIT.search(data.replace(b"\0", b"")) is not None
