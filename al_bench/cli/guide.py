"""`al-bench guide`: short pages in Markdown, by topic."""

from __future__ import annotations

import re
from pathlib import Path

import click

from al_bench.cli import options
from al_bench.cli.command import bench_command, exit_status, near_matches
from al_bench.errors import InputError

PAGES = Path(__file__).resolve().parents[1] / "guide"
"""The folder of the pages, one TOPIC.md each."""
_COMMENT = re.compile(r"^<!--.*?-->\n\n?", re.DOTALL | re.MULTILINE)


def topics() -> dict[str, Path]:
    """Every topic with its page, by name."""
    return {path.stem: path for path in sorted(PAGES.glob("*.md"))}


def first_line(path: Path) -> str:
    """The first line of a page that is not empty, without the signs of a heading."""
    lines = (line.strip().lstrip("# ") for line in path.read_text(encoding="utf-8").splitlines())
    return next((line for line in lines if line), "")


def page_text(path: Path) -> str:
    """A page as it is shown: without its comments, which say to the tests how its commands are run."""
    return _COMMENT.sub("", path.read_text(encoding="utf-8"))


_EPILOG = """\
examples:
  al-bench guide              the topics there are
  al-bench guide concepts

On a terminal a page opens in the pager: $PAGER, or less. Exit status: 0 done, 2 bad input."""


@bench_command("guide", "Show a page of the guide, or list the topics where none is given.", _EPILOG)
@options.argument(
    "topic",
    "TOPIC",
    "the page to show",
    required=False,
    shell_complete=options.completing(lambda: tuple(topics())),
)
def command(topic: str | None) -> None:
    """List the topics, or show one page."""
    pages = topics()
    if topic is None:
        width = max(map(len, pages), default=0)
        for name, path in pages.items():
            print(f"{name:<{width}}  {first_line(path)}".rstrip())
        return
    if topic not in pages:
        choice = f"; choose one of {', '.join(pages)}" if pages else "; the guide has no pages"
        near = near_matches(topic, pages) or choice
        raise InputError(f"there is no page {topic!r}{near}")
    click.echo_via_pager(page_text(pages[topic]))


def main(argv: list[str]) -> int:
    """Run `al-bench guide` with the words after `guide`; returns the exit status, 0 or 2."""
    return exit_status(command, argv)
