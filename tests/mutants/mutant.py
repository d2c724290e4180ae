"""One small wrong change: an exact text of one file and what stands there instead."""

from dataclasses import dataclass
from pathlib import Path


class MutantError(Exception):
    """A mutant cannot be applied: the code it changes reads otherwise now. Write it anew for the code as it is."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A wrong change that some test has to notice.

    Attributes:
        name: what is wrong, in a few words joined by dashes.
        breaks: the law or promise that it breaks.
        path: the file, from the root of the repository.
        old, new: a text that stands in the file exactly once, and its replacement.
    """

    name: str
    breaks: str
    path: str
    old: str
    new: str

    def changed(self, root: Path) -> str:
        """The file's text with the change in it; raises `MutantError` unless `old` stands there exactly once."""
        text = (root / self.path).read_text(encoding="utf-8")
        found = text.count(self.old)
        if found != 1:
            raise MutantError(f"{self.name}: its text stands {found} times in {self.path}, not once: {self.old!r}")
        return text.replace(self.old, self.new)
