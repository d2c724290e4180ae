"""The documentation as the tests see it: pages, their code blocks, what each block needs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[\w-]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_NEEDS = re.compile(r"<!-- needs: (\w+) -->\n\Z")


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes:
        line: of its fence, counted from 1.
        needs: what a comment right above it asks for: ``store``, ``demo``, ``up``, or nothing.
    """

    page: str
    line: int
    language: str
    text: str
    needs: str

    @property
    def where(self) -> str:
        """For people and for test ids."""
        return f"{self.page}:{self.line}"


@cache
def pages() -> dict[str, str]:
    """Path from the root -> text, of every Markdown page."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in sorted(found)}


def blocks(language: str = "", needs: str | None = None) -> Iterator[Block]:
    """The blocks of all pages, in the order of the pages; only those of a language, or with a need, where given."""
    for page, text in pages().items():
        for block in blocks_of(page, text):
            if language in ("", block.language) and needs in (None, block.needs):
                yield block


def blocks_of(page: str, text: str) -> Iterator[Block]:
    """The blocks of one page."""
    for found in _FENCE.finditer(text):
        above = _NEEDS.search(text[: found.start()])
        yield Block(
            page,
            text.count("\n", 0, found.start()) + 1,
            found["language"],
            re.sub(rf"^{found['indent']}", "", found["text"], flags=re.MULTILINE),
            above[1] if above else "",
        )


def prose(text: str) -> str:
    """A page without its code blocks."""
    return _FENCE.sub("", text)
