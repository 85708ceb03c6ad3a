"""`al-bench guide`: its topics, its pages, topics that there are not, and the pager."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from al_bench.cli import guide
from tests.cli.test_completion import in_bash


@pytest.fixture
def pages(monkeypatch, tmp_path):
    """A guide of two pages."""
    (tmp_path / "concepts.md").write_text("\n# Concepts: the loop and its words\n\nA *run* trains, größer.\n")
    (tmp_path / "own-data.md").write_text("Your own data\n")
    (tmp_path / "picture.svg").write_text("<svg/>")
    monkeypatch.setattr(guide, "PAGES", tmp_path)
    return tmp_path


def test_without_a_topic_each_is_listed_with_its_first_line(pages, capsys):
    assert guide.main([]) == 0
    expected = "concepts  Concepts: the loop and its words\nown-data  Your own data\n"
    assert capsys.readouterr() == (expected, "")


def test_a_topic_is_printed_as_it_is_where_there_is_no_terminal(pages, capsys):
    assert guide.main(["concepts"]) == 0
    out, err = capsys.readouterr()
    assert out.strip("\n") == (pages / "concepts.md").read_text().strip("\n")
    assert err == ""


def test_the_comments_of_a_page_are_not_shown(pages, capsys):
    (pages / "concepts.md").write_text("# Concepts\n\n<!-- slow -->\n\n```sh\nal-bench run\n```\n")
    assert guide.main(["concepts"]) == 0
    assert capsys.readouterr().out.strip() == "# Concepts\n\n```sh\nal-bench run\n```"


@pytest.mark.parametrize(
    ("topic", "offer"),
    [("concept", "did you mean concepts?"), ("zzz", "choose one of concepts, own-data"), ("../concepts", None)],
    ids=["misspelt", "like none", "a path"],
)
def test_a_topic_that_there_is_not_is_one_line(pages, capsys, topic, offer):
    assert guide.main([topic]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert err.startswith(f"al-bench guide: there is no page {topic!r}; {offer or ''}")


def test_an_empty_guide_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(guide, "PAGES", tmp_path)
    assert guide.main(["concepts"]) == 2
    assert capsys.readouterr().err == "al-bench guide: there is no page 'concepts'; the guide has no pages\n"


PAGED = """
import sys
from pathlib import Path
from al_bench.cli import guide
guide.PAGES = Path(sys.argv[1])
sys.exit(guide.main(["concepts"]))
"""


def test_on_a_terminal_the_page_opens_in_the_pager(pages):
    pager = pages / "pager"
    pager.write_text("#!/bin/sh\nsed s/^/paged:/\n")
    pager.chmod(0o755)
    controller, terminal = pty.openpty()
    environment = {**os.environ, "PAGER": str(pager), "TERM": "xterm"}
    process = subprocess.Popen(
        [sys.executable, "-c", PAGED, str(pages)], env=environment, stdin=terminal, stdout=terminal, stderr=terminal
    )
    assert process.wait(timeout=60) == 0
    os.close(terminal)
    shown = os.read(controller, 10_000).decode()
    os.close(controller)
    assert "paged:# Concepts: the loop and its words" in shown


def test_every_page_has_a_first_line_and_is_completed(tmp_path):
    names = sorted(guide.topics())
    assert all(guide.first_line(path) for path in guide.topics().values())
    assert in_bash("al-bench guide ", tmp_path) == [f"plain,{name}" for name in names]
