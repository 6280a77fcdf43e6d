"""Settings alone read the environment, so that whatever is set is checked, named and documented once."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    *("records", "audit", "keyvault", "storage", "content"),
    *("ingestion", "viewer_api", "sign_in", "client", "coffre"),
)
READING = {"environ", "environb", "getenv", "getenvb"}
WITH_REASON = {
    "coffre/settings.py": "it is its place",
    "coffre/demonstration/server.py": "hands it on to the server it starts",
    "storage/engines/postgres/dump.py": "hands it on to pg_dump, which finds its own settings in it",
    "storage/objects/minio_sdk.py": "AWS_CA_BUNDLE, as the other SDK reads it by itself",
    "content/sandbox/confined.py": "empties it",
    "coffre/processes/vault_secrets.py": "takes out of it what is the vault's alone",
    "coffre/processes/service_manager.py": "answers whoever started it, which says in it where it listens",
    "coffre/serving/watching.py": "tells the metrics library where processes count together",
}


def test_settings_alone_read_the_environment() -> None:
    reading = {
        str(path.relative_to(ROOT)) for room in ROOMS for path in (ROOT / room).rglob("*.py") if _reads(path)
    }
    assert reading == WITH_REASON.keys()


def _reads(path: Path) -> bool:
    return any(_names(ast.parse(path.read_text("utf-8"))))


def _names(tree: ast.AST) -> Iterator[bool]:
    modules = {"os"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {each.asname for each in node.names if each.name == "os" and each.asname}
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            yield any(each.name in READING for each in node.names)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in READING:
            yield isinstance(node.value, ast.Name) and node.value.id in modules


def test_no_spelling_of_it_is_missed() -> None:
    for text in ("import os as x\nx.getenv('A')", "from os import environ", "import os\nos.environb[b'A']"):
        assert any(_names(ast.parse(text))), text
    assert not any(_names(ast.parse("import os\nself.environ, os.getpid()")))
