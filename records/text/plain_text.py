"""Small text files that a person made or copied: with or without a byte order mark, with any line ends."""

_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
"""Unicode 15 section 23.8; Windows editors write the first, its shells the second."""


def text_of(content: bytes) -> str:
    """Returns the text, without the mark and what is blank around it. Raises `UnicodeDecodeError`."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding).strip()
    return content.decode("utf-8").strip()
