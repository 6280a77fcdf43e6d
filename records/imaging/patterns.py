"""Wild card matching (PS3.4 section C.2.2.2.4) in bounded time: no regular expression is made of a query."""

ANY_TEXT, ANY_CHARACTER = "*", "?"


def matches(pattern: str, text: str) -> bool:
    """Whether `*` as any text and `?` as any one character make the whole text of the pattern.

    What the last star took is all that is ever tried again, since an earlier one could gain nothing by more:
    at most length of pattern by length of text comparisons.
    """
    at = here = 0
    star, taken = -1, 0
    while here < len(text):
        if at < len(pattern) and pattern[at] == ANY_TEXT:
            star, taken, at = at, here, at + 1
        elif at < len(pattern) and pattern[at] in (ANY_CHARACTER, text[here]):
            at, here = at + 1, here + 1
        elif star >= 0:
            taken += 1
            at, here = star + 1, taken
        else:
            return False
    return not pattern[at:].strip(ANY_TEXT)
