"""Folders that survive a power cut: a name is durable once the folder that holds it is synced."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Waits until the names in `folder` are on the disk; a folder that is gone has none to keep."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Makes a folder (0700) unless it exists, durably; its parent must exist."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return
    sync_folder(folder.parent)


def remove_empty(folder: Path) -> bool:
    """Removes the folder if nothing is in it."""
    try:
        folder.rmdir()
    except OSError:  # still in use, or gone already
        return False
    return True
