"""The exception tree of the projections.

::

    ProjectionError
    ├── UnknownProjection     a name that is not registered: reject the request
    ├── JournalGap            the store cannot give an event that must exist (law 2): stop, alert, never go on
    └── RebuildRunning        somebody else rebuilds this projection right now: try again later

A broken law of money (an entry that does not sum to zero) is refused by the database itself and arrives as
`psycopg.errors.CheckViolation`: stop as well.
"""


class ProjectionError(Exception):
    """Any failure of a projection that has a name."""


class UnknownProjection(ProjectionError, LookupError):
    """A name that no projection has."""


class JournalGap(ProjectionError):
    """The journal lacks a position that must be there; folding on would give wrong answers."""


class RebuildRunning(ProjectionError):
    """Another session rebuilds or compares this projection right now."""
