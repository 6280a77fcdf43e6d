"""Draw docs/diagrams: each `NAME.dot` becomes `NAME.svg` by Graphviz, `python docs/draw.py`.

A source begins with `// Title:` and `// Description:`, for whoever does not see it; pages repeat both.
A drawing carries the digest of what it was drawn from, so that a stale one is found without Graphviz, and
another version of Graphviz makes none stale.
"""

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

DIAGRAMS = Path(__file__).resolve().parent / "diagrams"
STYLE = DIAGRAMS / "style.css"
OPTIONS = (
    *("-Tsvg", "-Gfontname=DejaVu Sans", "-Nfontname=DejaVu Sans", "-Efontname=DejaVu Sans"),
    *("-Gfontsize=12", "-Nfontsize=12", "-Efontsize=11", "-Gpad=0.2"),
    *("-Nshape=box", "-Nstyle=rounded", "-Nmargin=0.14,0.08", "-Earrowsize=0.7"),
)


def sources() -> list[Path]:
    return sorted(DIAGRAMS.glob("*.dot"))


def drawing_of(source: Path) -> Path:
    return source.with_suffix(".svg")


def told(source: Path) -> tuple[str, str]:
    """Title and description."""
    found = re.match(r"// Title: (.+)\n// Description: (.+)\n", source.read_text("utf-8"))
    if found is None:
        raise ValueError(f"{source.name} begins with no title and description.")
    return found[1], found[2]


def digest_of(source: Path) -> str:
    """SHA-256 in hex of all that a drawing is made of."""
    parts = (source.read_bytes(), STYLE.read_bytes(), " ".join(OPTIONS).encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def is_stale(source: Path) -> bool:
    drawing = drawing_of(source)
    return not drawing.exists() or f'data-drawn-from="{digest_of(source)}"' not in drawing.read_text("utf-8")


def draw(source: Path) -> str:
    """The drawing of a source, as SVG with its own style, which asks for nothing else."""
    command = ["dot", *OPTIONS, str(source)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)  # noqa: S603
    if done.returncode or done.stderr:
        raise ValueError(f"{source.name}: {done.stderr.strip()}")
    return _told_and_styled(source, done.stdout)


def _told_and_styled(source: Path, svg: str) -> str:
    """Graphviz names each node and edge by its id, which readers of screens would speak: they go."""
    title, description = map(escape, told(source))
    opening, rest = svg[svg.index("<svg") :].split(">", 1)
    rest = re.sub(r"<title>.*?</title>\n|<!-- .*? -->\n", "", rest)
    rest = re.sub(r'(fill|stroke|font-family|font-size)="[^"]*" ?', _kept, rest)
    rest = rest.replace("<polygon points", '<polygon class="paper" points', 1)
    return (
        f'{opening} role="img" aria-labelledby="title description" data-drawn-from="{digest_of(source)}">\n'
        f'<title id="title">{title}</title>\n<desc id="description">{description}</desc>\n'
        f"<style>\n{STYLE.read_text('utf-8')}</style>{rest}"
    )


def _kept(found: re.Match[str]) -> str:
    """The style says colours and fonts, the layout sizes."""
    return found[0] if found[1] == "font-size" else ""


def main() -> int:
    """Draw what is stale; with `--all` everything. Answers 1 if Graphviz is missing or a source is wrong."""
    wanted = list(_wanted())
    if wanted and shutil.which("dot") is None:
        sys.stderr.write("Graphviz draws the diagrams and is missing. As root: apt-get install graphviz\n")
        return 1
    for source in wanted:
        drawing_of(source).write_text(draw(source), "utf-8")
    return 0


def _wanted() -> Iterator[Path]:
    return (source for source in sources() if "--all" in sys.argv[1:] or is_stale(source))


if __name__ == "__main__":
    sys.exit(main())
