"""What a command's exit code means. `docs/reference/cli.md` is written from here."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit code of `contraflow`."""

    OK = 0
    WRONG = 1
    USAGE = 2
    NOT_FOUND = 3
    SETTINGS = 4
    UNAVAILABLE = 5
    IN_USE = 6
    REFUSED = 7
    NOT_IN_TIME = 8
    DEFECT = 70
    INTERRUPTED = 130


MEANINGS: dict[ExitCode, str] = {
    ExitCode.OK: "done, and everything that was looked at is in order",
    ExitCode.WRONG: "the command worked and found something wrong: a broken law, a figure that differs, a failed check",
    ExitCode.USAGE: "the command line cannot be understood",
    ExitCode.NOT_FOUND: "there is no such account, payment, book, dead letter, projection or benchmark",
    ExitCode.SETTINGS: "a setting is missing or cannot be used; the message names it",
    ExitCode.UNAVAILABLE: "Kafka or PostgreSQL cannot be started or reached; trying again later may help",
    ExitCode.IN_USE: "another process holds the data directory or the port",
    ExitCode.REFUSED: "a file or a request was refused; nothing of it was sent",
    ExitCode.NOT_IN_TIME: "the pipeline did not get there in the time allowed",
    ExitCode.DEFECT: "a defect of Contraflow itself; run it again with --debug for the traceback",
    ExitCode.INTERRUPTED: "interrupted from the keyboard",
}
