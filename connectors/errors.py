"""The exception tree of the connectors.

::

    ConnectorError
    ├── TranslationError      bytes that cannot become facts: dead letter with its code, the line goes on
    └── SignatureError        a request nobody signed for us: answer 400, keep nothing

Both carry a stable `code` for machines and a `detail` for people. A detail names fields, positions and limits; it never
repeats a value that could be personal, because dead letters and logs show it.
"""


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

    Codes: ``header_missing``, ``header_malformed``, ``bad_signature``, ``timestamp_out_of_tolerance``.
    """
