"""What the pages say beside their commands: generated parts, quoted files, links, defaults, versions."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

import al_bench
from al_bench.cli.guide import first_line, topics
from al_bench.health.thresholds import Health
from scripts import guide_pages
from tests.conftest import REPOSITORY
from tests.guide.pages import GUIDE, PAGES, blocks

TEXTS = {**PAGES, "CHANGELOG": REPOSITORY / "CHANGELOG.md", "results": REPOSITORY / "results" / "README.md"}
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("name", ["strategies", "record-format", "conditions", "labelling"])
def test_a_generated_page_is_what_the_script_writes(name):
    text = (GUIDE / f"{name}.md").read_text(encoding="utf-8")
    made = {
        "strategies": lambda: guide_pages.strategies_page(),
        "record-format": lambda: guide_pages.record_format_page(text),
        "conditions": lambda: guide_pages.conditions_page(text),
        "labelling": lambda: guide_pages.labelling_page(text),
    }[name]()
    assert text == made, "run python scripts/guide_pages.py"


def test_the_table_of_fields_has_every_field_with_its_meaning():
    rows = re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", (GUIDE / "record-format.md").read_text(), re.MULTILINE)
    fields = [field for _, record in guide_pages.RECORDS for field in record.__struct_fields__]
    assert [name for name, _ in rows] == fields
    assert all(meaning for _, meaning in rows), rows


def test_the_readme_is_short_and_links_every_topic():
    readme = PAGES["README"].read_text(encoding="utf-8")
    assert readme.count("\n") <= 130
    for topic in topics():
        assert f"](al_bench/guide/{topic}.md)" in readme


def test_continuous_integration_types_the_readmes_test_command():
    (command,) = (line for block in blocks(PAGES["README"]) for line in block.commands if "pytest" in line)
    assert command == "pip install -e '.[dev]' && pytest"
    words = command.replace("pip install", "pip install -q")
    assert words in (REPOSITORY / ".ci" / "run").read_text().splitlines()


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower().replace("\\", "")) for heading in headings)
    return {text.replace(" ", "-") for text in plain}


@pytest.mark.parametrize("name", TEXTS)
def test_every_link_within_the_repository_leads_somewhere(name):
    page = TEXTS[name]
    for found in LINK.finditer(page.read_text(encoding="utf-8")):
        target = unquote(found[1] or found[2])
        if target.startswith(("http://", "https://")):
            continue
        file, _, anchor = target.partition("#")
        path = (page.parent / file).resolve() if file else page
        assert path.exists(), f"{page.name} links {target}"
        if anchor and path.suffix == ".md":
            assert anchor in anchors(path), f"{page.name} links {target}; there are {sorted(anchors(path))}"


def test_a_page_within_the_package_links_only_pages_within_it():
    for path in topics().values():
        for found in LINK.finditer(path.read_text(encoding="utf-8")):
            file = (found[1] or found[2]).partition("#")[0]
            assert not file or file.startswith("http") or (path.parent / file).parent == GUIDE, (path.name, file)


def test_every_page_has_a_title_that_the_list_of_topics_shows():
    assert all(re.fullmatch(r"[A-Z].{20,}", first_line(path)) for path in topics().values())


def test_the_table_of_health_keys_has_their_defaults():
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([\d.e-]+) \|$", (GUIDE / "health.md").read_text(), re.MULTILINE)
    assert {name: float(value) for name, value in rows} == vars(Health())


def test_version_and_licence_are_the_same_everywhere():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    assert project["version"] == citation["version"] == al_bench.__version__
    newest = re.search(r"^## (\S+) \((\S+)\)$", (REPOSITORY / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert newest.groups() == (al_bench.__version__, str(citation["date-released"]))
    assert project["license"] == citation["license"] == "MIT"
    licence = (REPOSITORY / "LICENSE").read_text()
    assert licence.startswith("MIT License\n\nCopyright (c) 2026 The al-bench authors\n")


def test_the_citation_has_what_its_format_requires():
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] == "software"
    assert {"message", "title", "authors"} <= set(citation)
    assert citation["authors"] == [{"name": "The al-bench authors"}]


@pytest.mark.parametrize("version", re.findall(r"^## (\S+)", (REPOSITORY / "CHANGELOG.md").read_text(), re.MULTILINE))
def test_the_changelog_says_of_each_version_which_numbers_change(version):
    text = (REPOSITORY / "CHANGELOG.md").read_text()
    section = text.partition(f"## {version} ")[2].partition("\n## ")[0]
    assert version == "0.1.0" or "### Numbers that change" in section
