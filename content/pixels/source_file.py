"""A source as the file object that pydicom reads from."""

import io

from content.byte_source import Source


class SourceFile(io.BytesIO):
    """Reads and seeks; the bytes come from the parent in blocks."""

    def __init__(self, source: Source, position: int = 0) -> None:
        super().__init__()
        self._source = source
        self._position = position

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        left = max(0, self._source.size - self._position)
        data = self._source.read(self._position, left if size is None or size < 0 else min(size, left))
        self._position += len(data)
        return data
