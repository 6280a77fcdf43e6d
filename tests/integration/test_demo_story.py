"""`coffre demo` plays its story to the end, and each step checks its own outcome."""

from pathlib import Path

from tests.services.warm import run


def test_the_story_goes_by_the_doors_and_leaves_nothing_in_clear(tmp_path: Path) -> None:
    ended = run("demo", "--data", tmp_path / "data")
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
    told = " ".join(ended.stdout.split())
    for said in (
        "POST /token",
        "☎: ",
        "the card of 899700024450",
        "no divergence",
        "nothing (the planted canary",
    ):
        assert said in told
