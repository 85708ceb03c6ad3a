"""Markdown pages as a test reads them: files that the reader writes, commands that the reader types, output shown.

A fenced block is
- `sh`: commands, typed one after another in the page's folder;
- `text` right after an `sh` block: what these commands print, where `...` stands for anything;
- any other language: a file, whose name in backticks ends the paragraph above it; without a name it is only shown.

A comment above a fence says what a test has to know, one of `DIRECTIVES`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import REPOSITORY

GUIDE = REPOSITORY / "al_bench" / "guide"
PAGES = {
    "README": REPOSITORY / "README.md",
    "CONTRIBUTING": REPOSITORY / ".github" / "CONTRIBUTING.md",
    **{path.stem: path for path in sorted(GUIDE.glob("*.md"))},
}
"""Every page whose commands are run, by name."""

DIRECTIVES = ("not run", "slow", "needs", "exit status", "numbers vary")
"""`not run: REASON`; `slow`: only by the slow tests; `needs: FOLDER` below AL_BENCH_DATA; `exit status: N` of the last
command; `numbers vary`: the output is compared without its numbers, which depend on the machine."""

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"<!-- ((?:(?!-->).)*) -->\s*\Z", re.DOTALL)
_FILE = re.compile(r"`([\w./-]+\.\w+)`[:.]?\s*\Z")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Args:
        language: After the fence.
        text: Inside.
        line: Of the fence, from 1.
        file: The name of the file that it is; None where it is none.
        directives: Name to value, of the comments above it.
    """

    language: str
    text: str
    line: int
    file: str | None = None
    directives: dict[str, str] = field(default_factory=dict)

    @property
    def commands(self) -> list[str]:
        """The commands of an `sh` block, lines that a backslash continues joined, without comments."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


def blocks(path: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text, found = path.read_text(encoding="utf-8"), []
    end = 0
    for match in _BLOCK.finditer(text):
        above, end = text[end : match.start()], match.end()
        directives: dict[str, str] = {}
        while comment := _COMMENT.search(above):
            above = above[: comment.start()]
            name, _, value = comment[1].partition(": ")
            if name in DIRECTIVES:
                directives[name] = " ".join(value.split())
        name = None if match[1] in ("sh", "text") else _FILE.search(above)
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(match[1], match[2], line, name[1] if name else None, directives))
    return found


def as_pattern(expected: str, numbers_vary: bool) -> re.Pattern[str]:
    """What a page shows, as a pattern of the output: `...` is anything, spaces at the ends of lines are nothing."""
    text = re.escape(normalise(expected, numbers_vary)).replace(r"\.\.\.", ".*")
    return re.compile(text, re.DOTALL)


def normalise(output: str, numbers_vary: bool) -> str:
    """Output as it is compared: without spaces at the ends of lines, and if asked without numbers and widths."""
    text = "\n".join(line.rstrip() for line in output.strip().splitlines())
    return re.sub(r"[ ─-]{2,}", " ", _NUMBER.sub("#", text)) if numbers_vary else text
