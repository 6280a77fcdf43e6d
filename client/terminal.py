"""Text of files, titles and servers on a terminal: it cannot steer it."""


def shown(name: str) -> str:
    """A name as text that cannot steer a terminal, whatever bytes it holds."""
    return "".join(
        each
        if each.isprintable()
        else each.encode("utf-8", "surrogateescape").decode("latin-1").encode("unicode_escape").decode()
        for each in name
    )
