"""Files of settings as systemd reads them: EnvironmentFile of systemd.exec(5)."""

import re
from collections.abc import Mapping

_SPECIAL = re.compile(r'["\\$`]')
_ESCAPED = re.compile(r'\\(["\\$`])')


def text(told: Mapping[str, str]) -> str:
    """A line for each, in double quotes, in which four signs have a meaning. Values are printable."""
    quoted = {name: _SPECIAL.sub(r"\\\g<0>", value) for name, value in told.items()}
    return "".join(f'{name}="{value}"\n' for name, value in sorted(quoted.items()))


def read(written: str) -> dict[str, str]:
    """What such lines say, also in single quotes or in none, each value on one line."""
    pairs = (line.partition("=") for line in written.split("\n") if not line.startswith(("#", ";")))
    return {name: _plain(value) for name, separator, value in pairs if separator}


def _plain(value: str) -> str:
    quote = value[0] if len(value) > 1 and value[0] == value[-1] else None
    if quote == '"':
        return _ESCAPED.sub(r"\1", value[1:-1])
    return value[1:-1] if quote == "'" else value
