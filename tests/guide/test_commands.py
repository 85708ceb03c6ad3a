"""Every command of the README and of the guide is typed as it stands, and prints what is shown below it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.guide.pages import PAGES, Block, as_pattern, blocks, normalise
from tests.guide.shell import Shell, forgetting_modules_of

DATA = os.environ.get("AL_BENCH_DATA")
README_OWN_DATA = (
    "al-bench run -m dataset=images dataset.path=photos encoder=efficientnet_lite0 strategy=random,margin seed=0,1,2"
)
"""`tests/cli/test_own_data_end_to_end.py` does the same with a small folder."""
NOT_RUN = {
    "README": ["pip install -e . && al-bench run", "pip install -e '.[dev]' && pytest", README_OWN_DATA],
    "configuration": [
        "al-bench run -m hydra/launcher=slurm strategy=random,entropy seed=0,1 dataset=digits debug=smoke "
        "study=engines    schedule.batch=1 schedule.rounds=60 hydra.launcher.array_parallelism=2 "
        "hydra.launcher.mem_mb=1200",
        "parallel -j 2 al-bench run study=mine strategy={1} seed={2} ::: random bald ::: 0 1 2 3 4",
        "al-bench run dataset=digits strategy=bald schedule.rounds=3 engine=ray workers=2",
        "torchrun --standalone --nproc_per_node 2 -m al_bench run dataset=digits strategy=bald schedule.rounds=3 "
        "engine=torchrun",
    ],
    "images-and-texts": [
        "al-bench run dataset=hub dataset.path=stanfordnlp/imdb encoder=tfidf",
        "al-bench run dataset=hub dataset.path=ylecun/mnist strategy=margin",
    ],
    "labelling": [
        "export LABEL_STUDIO_API_KEY=…",
        "al-bench query dataset=images dataset.path=photos 'dataset.classes=[d0,d1,d2,d3,d4,d5,d6,d7,d8,d9]' "
        "model=linear strategy=margin schedule.batch=20 study=scans --label-studio http://localhost:8080",
    ],
    "learners": [
        f"al-bench run -m dataset=text dataset.path=questions.csv {kind}=minilm strategy=margin,random seed=0,1,2"
        for kind in ("encoder", "model")
    ],
}
"""Page to the commands of it that no test types; the page says why each is not."""


def has_data(block: Block) -> bool:
    """Whether the data that a block needs are here."""
    needed = block.directives.get("needs")
    return needed is None or (DATA is not None and (Path(DATA) / needed).exists())


def type_page(name: str, shell: Shell, type_command, with_slow: bool) -> list[str]:
    """Type a page's commands in order; returns what was left out."""
    printed, left_out = None, []
    for block in blocks(PAGES[name]):
        where = f"{PAGES[name].name}, line {block.line}"
        if block.file:
            shell.write(block)
        elif block.language == "sh":
            printed = None
            if "not run" in block.directives or ("slow" in block.directives and not with_slow):
                continue
            if not has_data(block):
                left_out.append(f"{where} needs {block.directives['needs']} in the folder that AL_BENCH_DATA names")
                continue
            printed, statuses = "", []
            for command in block.commands:
                status, out = type_command(command)
                statuses.append(status)
                printed += out
            expected = [0] * (len(statuses) - 1) + [int(block.directives.get("exit status", "0"))]
            assert statuses == expected, f"{where} exits with {statuses}:\n{printed}"
        elif block.language == "text" and printed is not None:
            vary = "numbers vary" in block.directives
            fits = as_pattern(block.text, vary).fullmatch(normalise(printed, vary))
            assert fits, f"{where} shows\n{block.text}\nand its commands print\n{printed}"
            printed = None
    return left_out


@pytest.fixture
def shell(tmp_path, monkeypatch):
    with forgetting_modules_of(tmp_path):
        yield Shell(tmp_path, monkeypatch)


@pytest.mark.parametrize("name", PAGES)
def test_the_quick_commands_print_what_is_shown(name, shell):
    left_out = type_page(name, shell, shell.run_here, with_slow=False)
    if left_out:
        pytest.skip("; ".join(left_out))  # after all others were typed


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("name", PAGES)
def test_every_command_in_a_shell_prints_what_is_shown(name, shell):
    left_out = type_page(name, shell, shell.run, with_slow=True)
    if left_out:
        pytest.skip("; ".join(left_out))


def test_the_commands_that_are_not_run_are_these():
    found: dict[str, list[str]] = {}
    for name, path in PAGES.items():
        for block in blocks(path):
            if "not run" in block.directives:
                assert block.directives["not run"], f"{path.name}, line {block.line} gives no reason"
                found.setdefault(name, []).extend(block.commands)
    assert found == NOT_RUN


@pytest.mark.parametrize("name", [name for name in PAGES if name not in ("README", "CONTRIBUTING")])
def test_a_page_opens_with_a_command_and_its_output(name):
    first, second = blocks(PAGES[name])[:2]
    assert (first.language, second.language) == ("sh", "text")
    assert re.match(r"# .+\n\n", PAGES[name].read_text(encoding="utf-8"))
