"""The exception tree of the connectors.

::

    ConnectorError
    ├── TranslationError      bytes that cannot become facts: dead letter with its code, the line goes on
    ├── SignatureError        a request nobody signed for us: answer 400, keep nothing
    ├── JournalRefused        a plain-text journal that cannot be loaded as it stands: every fault, with its line
    └── ExportRefused         a book that cannot be written as a plain-text journal

All carry a stable `code` for machines and a `detail` for people. A detail names fields, positions and limits; it never
repeats a value that could be personal, because dead letters and logs show it. The faults of a journal are the
exception: they are shown to the person who loads it, and quote what stands in the line.
"""

from collections.abc import Sequence

import msgspec


class ConnectorError(Exception):
    """Any failure of a connector that has a name.

    Attributes:
        code: stable reason code in lower case, for example ``amount_malformed``.
        detail: one sentence for people: where it is and what to do, without personal data.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class TranslationError(ConnectorError, ValueError):
    """Bytes of the outside world that cannot be translated into facts."""


class SignatureError(ConnectorError, ValueError):
    """A request whose signature does not prove that the gateway sent it.

    Codes: ``header_missing``, ``header_malformed``, ``bad_signature``, ``timestamp_out_of_tolerance``; where a
    certificate signs also ``cert_url_refused``, ``algorithm_refused``, ``certificate_missing``,
    ``certificate_malformed``, ``certificate_refused``, ``certificate_expired``.
    """


class JournalFault(msgspec.Struct, frozen=True):
    """One thing in a plain-text journal for which it is refused.

    Attributes:
        file: name of the journal as the caller gave it.
        line: counted from 1.
        code: stable reason code, for example ``entry_unbalanced``.
        detail: one sentence for people.
    """

    file: str
    line: int
    code: str
    detail: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.code}: {self.detail}"


class JournalRefused(ConnectorError, ValueError):
    """A plain-text journal of which nothing is loaded; `faults` are in the order of their lines."""

    def __init__(self, faults: Sequence[JournalFault]) -> None:
        """`faults` holds one or more; the first lends the error its code."""
        super().__init__(faults[0].code, "\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


class ExportRefused(ConnectorError, ValueError):
    """A book that cannot be written as a plain-text journal, for example for want of a commodity's decimal digits."""
