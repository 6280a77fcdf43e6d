"""Unpack OHIF's published package into a folder, whose digest is compared first: `unpack.py PACKAGE FOLDER`.

Its scripts and styles look for files at the root of the site; they are told to look where they lie.
Left out: ort/ (models that segment, 136 MB) and the viewer for microscopy, which medical documents do not
need. What was there before is replaced.
"""

import base64
import hashlib
import shutil
import sys
import tarfile
from pathlib import Path

VERSION = "3.13.2"
SHA512 = "WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j4G4fjEjjkycZM6C6Zk2F87BKxFfpq+jd5xXZB9E8EA=="
"""Of ohif-app-3.13.2.tgz, as npm has it in `dist.integrity`."""
ROOT = "package/dist/"
AT_THE_ROOT = '__webpack_require__.p = "/"'
WHERE_THEY_LIE = '__webpack_require__.p = self.PUBLIC_URL || new URL("./", self.location.href).pathname'
LEFT_OUT = ("ort/", "dicom-microscopy-viewer/")


def main(package: Path, folder: Path) -> None:
    found = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    if found != SHA512:
        sys.exit(
            f"{package.name} is not the file that OHIF {VERSION} was published as: remove it and repeat."
        )
    made = folder.with_name(folder.name + ".new")
    shutil.rmtree(made, ignore_errors=True)
    with tarfile.open(package) as archive:
        for member in archive:
            name = member.name.removeprefix(ROOT)
            if member.isfile() and name != member.name and not name.startswith(LEFT_OUT):
                member.name = name
                archive.extract(member, made, filter="data")
    if not sum(_moved(script) for script in made.glob("*.js")):
        sys.exit(f"OHIF {VERSION} has no script that names its place: unpack.py knows another version.")
    for style in made.glob("*.css"):
        _relate(style)
    shutil.rmtree(folder, ignore_errors=True)
    made.rename(folder)


def _moved(script: Path) -> bool:
    text = script.read_text("utf-8")
    script.write_text(text.replace(AT_THE_ROOT, WHERE_THEY_LIE), "utf-8")
    return AT_THE_ROOT in text


def _relate(style: Path) -> None:
    style.write_text(style.read_text("utf-8").replace("url(/", "url("), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
