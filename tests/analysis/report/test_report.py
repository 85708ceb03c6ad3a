"""The page: self-contained, well formed, escaped, the same bytes again, and nothing hidden."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from al_bench.analysis.report import page as pages
from al_bench.analysis.report.page import ReportRequest, write_page
from al_bench.cli.report import main
from tests.analysis.illustrated import write_illustrated
from tests.analysis.records import readable

NASTY = "bald,x=$\\frac{$<img src=x onerror=alert(1)>&\"'</style>"
VOID = {"meta", "br", "img", "input", "link", "hr", "path", "use", "rect", "circle"}


class Reader(HTMLParser):
    """Reads a page and keeps its elements, words and faults of nesting."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.faults: list[str] = []
        self.feed(text)
        self.close()
        self.faults += [f"<{tag}> is left open" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if len({name for name, _ in attrs}) < len(attrs):
            self.faults.append(f"<{tag}> has an attribute twice")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> closes {self.open[-1:]}")
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def write_study(root: Path) -> None:
    rng = np.random.default_rng(0)
    for arm, gain in (("random", 0.0), ("bald", 0.05), (NASTY, 0.02)):
        for seed in range(3):
            curve = [0.5, *(round(0.6 + gain + 0.03 * r + float(rng.normal(0, 0.002)), 4) for r in range(4))]
            write_illustrated(root, curve, arm=arm, strategy=arm.split(",")[0], seed=seed, scores=arm != "random")
    full = {"command": ["reference=full", "seed=0", "study=study"]}
    write_illustrated(root, [0.9], arm="full", strategy="random", reference="full", start=1438, header=full)
    write_illustrated(root, [0.5, 0.6], arm="bald", seed=7, status="running")
    failed = write_illustrated(root, [0.5, 0.99, 0.99], arm="entropy", seed=0, status="failed")
    (failed / "status.json").write_text(json.dumps({"status": "failed", "error": "a <score> was NaN"}))
    broken = write_illustrated(root, [0.5, 0.6], arm="bald", seed=8)
    (broken / "header.json").write_text("{")


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page with all that can be on it, its figures down to two."""
    root = tmp_path_factory.mktemp("runs")
    write_study(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root.parent)
        patch.setattr(pages, "figure_specs", lambda judged: every(judged)[:2])
        return write_page(ReportRequest((Path(root.name),)), lambda line: None, lambda done, total: None)


every = pages.figure_specs


@pytest.fixture
def few_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "figure_specs", lambda judged: every(judged)[:1])


def test_the_page_is_well_formed(html: str) -> None:
    assert html.startswith('<!DOCTYPE html>\n<html lang="en">')
    read = Reader(html)
    assert read.faults == []
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {str(attributes["href"])[1:] for attributes in [*read.all("a"), *read.all("use")]}
    targets |= set(re.findall(r"url\(#([^)]+)\)", html))
    assert targets <= set(ids)
    levels = [int(tag[1]) for tag, _ in read.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_it_needs_no_network_and_no_other_file(html: str) -> None:
    read = Reader(html)
    assert not {"script", "link", "iframe", "object", "img", "base", "form"} & {tag for tag, _ in read.elements}
    for tag, attributes in read.elements:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in ("src", "href", "xlink:href", "srcset", "poster", "data", "action"):
                assert str(value).startswith("#"), (tag, name, value)
    assert set(re.findall(r"url\((?!#)(\w+:\w+/\w+)", html)) == {"data:image/png"}
    assert not re.search(r"url\((?!#|data:)", html)
    assert "@import" not in html
    assert not re.search(r"https?:|//[a-z]", re.sub(r"base64,[^)]+", "", html))
    assert any("default-src 'none'" in str(attributes.get("content")) for attributes in read.all("meta"))


def test_a_nasty_name_is_words_and_nothing_else(html: str) -> None:
    read = Reader(html)
    assert NASTY.replace("bald,", "") in read.text
    assert "<img" not in html
    assert "onerror=alert(1)>&" not in html
    assert html.count("</style>") == 1
    assert html.count("<style>") == 1


def test_the_verdict_comes_first(html: str) -> None:
    read = Reader(html)
    main_part = html[html.index("<main>") :]
    verdict = main_part.index("Active learning")
    assert verdict < main_part.index("<nav")
    assert verdict < main_part.index("<svg")
    assert verdict < main_part.index("<table")
    assert re.search(r"Active learning .*? on digits: bald .*?\.", read.text)


def test_every_section_can_be_reached_and_every_table_has_heads(html: str) -> None:
    read = Reader(html)
    links = {str(attributes["href"]) for attributes in read.all("a")}
    for section in ("curves", "tables", "diagnostics", "gallery", "configuration", "reproduce"):
        assert f"#d1-{section}" in links
    assert {"#verdict", "#incomplete", "#method"} <= links
    assert read.all("table")
    assert all("scope" in attributes for attributes in read.all("th"))
    assert len(read.all("caption")) == len(read.all("table"))
    assert all(a.get("tabindex") == "0" and a.get("aria-label") for a in read.all("div") if a.get("class") == "scroll")
    assert all(attributes.get("aria-label") for attributes in read.all("svg"))
    assert len(read.all("svg")) == 3, "every figure is there once, the curve on the first page, too"
    pictures = [a for a in read.all("span") if str(a.get("class")).startswith("tile")]
    assert len(pictures) == 3 * 4 * 10
    assert all(a.get("role") == "img" and a.get("aria-label") for a in pictures)


def test_incomplete_and_damaged_runs_are_listed_and_averaged_nowhere(html: str) -> None:
    read = Reader(html)
    assert "2 runs not complete and 1 unreadable: left out of everything above." in read.text
    listed = read.text[read.text.index("Runs that are not complete") :]
    assert re.search(r"digits bald 7 running 30", listed)
    assert re.search(r"digits entropy 0 failed 40 a <score> was NaN", listed)
    assert "seed-8: header.json cannot be read" in listed
    before = read.text[: read.text.index("Runs that are not complete")]
    named = ("entropy seed 0: failed", "strategy=entropy")  # the next step is to finish it
    assert all(before.count(text) == 1 for text in named)
    assert before.count("entropy") == len(named)
    assert "3 arms, 3 seeds each" in read.text


def test_incomplete_runs_are_taken_in_where_asked(tmp_path: Path, few_figures: None) -> None:
    write_illustrated(tmp_path, [0.5, 0.6, 0.7], arm="random")
    write_illustrated(tmp_path, [0.5, 0.8], arm="bald", status="interrupted")
    request = ReportRequest((tmp_path,), include_incomplete=True)
    text = Reader(write_page(request, lambda line: None, lambda done, total: None)).text
    assert "1 run not complete: taken in as far as they got." in text
    assert "bald, seed 0" in text
    assert "al-bench report" in text
    assert "--include-incomplete" in text


def test_one_arm_alone_has_a_page_too(tmp_path: Path, few_figures: None) -> None:
    write_illustrated(tmp_path, [0.5, 0.6], arm="bald", header={"identity": None, "choices": {}})
    read = Reader(write_page(ReportRequest((tmp_path,)), lambda line: None, lambda done, total: None))
    assert read.faults == []
    assert "cannot be said" in read.text
    assert "No pictures: how digits was configured is not on record" in read.text


def test_records_without_health_say_so(html: str) -> None:
    assert "Health: not recorded." in Reader(html).text


def test_the_recipe_is_there(html: str) -> None:
    text = Reader(html).text
    assert "al-bench run -m strategy=random study=study seed=0,1,2" in text
    assert "c2d619c5633a1965" in text
    assert "0" * 40 in text
    assert "torch 2.14.1" in text


def test_the_same_runs_give_the_same_bytes(tmp_path: Path, few_figures: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for arm in ("random", "bald"):
        write_illustrated(tmp_path / "runs", [0.5, 0.6, 0.7], arm=arm)
    monkeypatch.chdir(tmp_path)
    assert main(["runs", "--out", "one.html"]) == 0
    assert main(["runs", "--out", "other/two.html"]) == 0
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "other" / "two.html").read_bytes()


def test_unhealthy_rounds_are_listed(tmp_path: Path, few_figures: None) -> None:
    health = {"chance": 0.45, "accuracy_drop": None, "acquired_kl": 0.25, "validation": 0}
    for arm in ("random", "bald"):
        rounds = {"health": health | ({"acquired_kl": 0.75} if arm == "bald" else {}), "fit": [{"steps": 300}]}
        write_illustrated(tmp_path, [0.46, 0.6, 0.7], arm=arm, rounds=rounds)
    text = Reader(write_page(ReportRequest((tmp_path,)), lambda line: None, lambda done, total: None)).text
    assert "hardly better than guessing bald 0 1 of 3 seed 0, round 0: accuracy 46.0 %, hardly better" in text
    assert "(accuracy − chance) / (1 − chance) = 0.018, threshold 0.05" in text
    assert re.search(r"Classes of what was labelled .* bald .*0\.750 \+0\.500", text)


def test_without_the_data_set_the_page_says_so(
    tmp_path: Path, few_figures: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AL_BENCH_DATA", str(tmp_path / "nothing"))
    config = "dataset:\n  source: mnist\n  root: null\n  normalise: standard\n"
    for arm in ("random", "bald"):
        write_illustrated(tmp_path / "runs", [0.5, 0.6], arm=arm, config=config, choice="mnist", dataset="mnist")
    html = write_page(ReportRequest((tmp_path / "runs",)), lambda line: None, lambda done, total: None)
    read = Reader(html)
    assert read.faults == []
    assert "No pictures: MNIST is not in" in read.text
    assert "data:image" not in html
    assert "class 0" in read.text


def test_several_data_sets_have_a_part_each_and_one_together(tmp_path: Path, few_figures: None) -> None:
    for dataset in ("digits", "other"):
        for arm, top in (("random", 0.6), ("bald", 0.8)):
            write_illustrated(tmp_path, [0.5, top], arm=arm, dataset=dataset)
    read = Reader(write_page(ReportRequest((tmp_path,), title="Both"), lambda line: None, lambda done, total: None))
    assert read.faults == []
    ids = {attributes["id"] for _, attributes in read.elements if "id" in attributes}
    assert {"d1", "d2", "together"} <= ids
    assert "Mean ranks over 2 datasets" in read.text
    assert read.all("title") == [{}]
    assert "Both: al-bench report" in read.text


def test_progress_reaches_the_end(tmp_path: Path, few_figures: None) -> None:
    for arm in ("random", "bald"):
        write_illustrated(tmp_path, [0.5, 0.6], arm=arm)
    steps: list[tuple[int, int]] = []
    write_page(ReportRequest((tmp_path,)), lambda line: None, lambda done, total: steps.append((done, total)))
    assert [done for done, _ in steps] == [1, 2, 3]
    assert {total for _, total in steps} == {3}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["runs", "--out", "report.pdf"], "report.pdf has the suffix '.pdf'; a report is .html"),
        (["runs", "--out", "folder.html"], "folder.html is a folder; name a file"),
        (["runs", "--out", "a.html", "--target", "95"], "--target is 95; it must be a fraction"),
        (["runs", "--out", "a.html", "--rounds", "0"], "--rounds is 0; it must be at least 1"),
        (["nowhere", "--out", "a.html"], "nowhere does not exist; give a folder that al-bench run wrote"),
        (["runs", "--out", "a.html", "--baseline", "nobody"], "the baseline 'nobody' is no arm of these runs"),
        (["runs"], "--out is missing; see al-bench report --help"),
        (["empty", "--out", "a.html"], "no runs found under empty"),
        (["runs", "--out", "file/a.html"], "file/a.html cannot be written"),
    ],
    ids=readable,
)
def test_bad_input_is_one_line_and_status_2(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    few_figures: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_illustrated(tmp_path / "runs", [0.5, 0.6], arm="random")
    for name in ("folder.html", "empty"):
        (tmp_path / name).mkdir()
    (tmp_path / "file").write_text("")
    assert main(arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].startswith(f"al-bench report: {said}")
    assert not (tmp_path / "a.html").exists()


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from al_bench.cli.main import dispatch; status = dispatch(['report', '--help']);"
        "heavy = {'torch', 'numpy', 'matplotlib', 'jinja2', 'PIL', 'hydra'} & set(sys.modules);"
        "sys.exit(f'{status} {heavy}' if status or heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "usage: al-bench report" in done.stdout


def test_a_seed_that_no_run_has_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_illustrated(tmp_path / "runs", [0.5, 0.6], arm="random")
    assert main([str(tmp_path / "runs"), "--seed", "99", "--out", str(tmp_path / "one.html")]) == 2
    assert capsys.readouterr().err == "al-bench report: --seed is 99; these runs have 0\n"
    assert not (tmp_path / "one.html").exists()
