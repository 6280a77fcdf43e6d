"""The exit codes of commands, all in this one table; docs/problems.md prints it."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    REFUSED = 1
    MISUSED = 2
    INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it


MEANINGS: dict[Exit, str] = {
    Exit.DONE: "All of it is done: of `send`, every file is kept or nothing Coffre takes; of `audit verify` "
    "and `check`, everything is sound.",
    Exit.REFUSED: "It was understood, and refused or not all of it could be done: no right, a file refused "
    "or without a verdict, something damaged, no access to a file, no answer, no agreement to a question.",
    Exit.MISUSED: "It was not understood: an option, an argument, a setting or a file that it names is "
    "wrong. Nothing was done.",
    Exit.INTERRUPTED: "Ctrl-C. `send` goes on where it was if it is run again.",
}
