"""Text becomes a number in one place (`records/text/numbers.py`): Python's own ideas of digits are wider."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = (
    *("records", "audit", "keyvault", "storage", "content"),
    *("ingestion", "viewer_api", "sign_in", "client", "coffre"),
)
WIDER = frozenset({"isdecimal", "isdigit", "isnumeric"})
FILES = [
    path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if "node_modules" not in path.parts
]


def places(path: Path) -> list[str]:
    """Where a module asks `str` what a digit is, or a pattern of text with its class of digits."""
    found = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if (isinstance(node, ast.Attribute) and node.attr in WIDER)
        or (isinstance(node, ast.Constant) and isinstance(node.value, str) and "\\d" in node.value)
    ]
    return [f"{path.relative_to(ROOT)}:{line}" for line in found]


def test_digits_of_other_scripts_are_none_anywhere() -> None:
    assert len(FILES) > 200
    assert [place for path in FILES for place in places(path)] == []
