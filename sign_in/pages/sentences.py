"""Errors in words of a page."""

from records.errors import CoffreError
from records.text.languages import Wording
from sign_in.accounts.tries import TooManyTries


def sentence_of(t: Wording, error: CoffreError, *, has_telephones: bool = False) -> str:
    """What is wrong, in words of a page. `has_telephones`: codes reach telephones, too."""
    key = f"sentence.{error.code}"
    if has_telephones and t.has(f"{key}.both"):
        key += ".both"
    if isinstance(error, TooManyTries):
        return t(key, wait=_waited(t, error.wait_s))
    return t(key) if t.has(key) else t("sentence.other")


def _waited(t: Wording, seconds: int) -> str:
    return t("wait.seconds", n=seconds) if seconds < 120 else t("wait.minutes", n=-(-seconds // 60))
