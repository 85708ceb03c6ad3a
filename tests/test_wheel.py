"""The wheel, installed away from the checkout: the command runs, and its configuration came along."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from al_bench.cli.guide import page_text
from tests.conftest import REPOSITORY, TINY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without the network."""
    out = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(REPOSITORY)]
    subprocess.run(words, check=True, capture_output=True)
    (found,) = out.glob("*.whl")
    return found


def test_the_wheel_holds_code_and_configuration_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for path in (REPOSITORY / "conf").rglob("*.yaml"):
        assert f"al_bench/conf/{path.relative_to(REPOSITORY / 'conf')}" in names
    for pattern in ("*.py", "*.jinja", "guide/*.md"):
        for path in (REPOSITORY / "al_bench").rglob(pattern):
            assert str(path.relative_to(REPOSITORY)) in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert "al_bench/analysis/papers/published.toml" in names
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"al_bench"}


def test_the_installed_command_runs_anywhere(wheel, tmp_path):
    place, here = tmp_path / "installed here", tmp_path / "work here"
    here.mkdir()
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*install, "--target", str(place), str(wheel)], check=True, capture_output=True)
    # The dependencies come from this environment; the checkout, installed in it or not, comes after the wheel.
    environment = {**os.environ, "PYTHONPATH": str(place), "OMP_NUM_THREADS": "1"}

    def call(*words):
        return subprocess.run(words, cwd=here, env=environment, capture_output=True, text=True)

    where = call(
        sys.executable, "-c", "from al_bench.config import registry; print(registry.__file__, registry.conf_dir())"
    )
    assert where.stdout.split(str(place)) == ["", "/al_bench/config/registry.py ", "/al_bench/conf\n"], where.stderr
    script = place / "bin" / "al-bench"
    listed = call(sys.executable, str(script), "list")
    assert listed.returncode == 0, listed.stderr
    assert "bald" in listed.stdout
    shown = call(sys.executable, str(script), "guide", "concepts")
    assert shown.stdout.strip() == page_text(REPOSITORY / "al_bench" / "guide" / "concepts.md").strip(), shown.stderr
    done = call(sys.executable, str(script), "run", *TINY)
    assert done.returncode == 0, done.stderr
    (record,) = here.rglob("rounds.jsonl")
    assert record.read_text().count("\n") == 3
    again = call(sys.executable, str(script), "run", *TINY)
    assert "already complete" in again.stdout
    swept = call(sys.executable, str(script), "run", "-m", *TINY, "seed=1,2", "hydra/launcher=joblib")
    assert swept.returncode == 0, swept.stderr
    assert "2 complete" in swept.stdout
    assert call(sys.executable, str(script), "run", "strategy=nope").returncode == 2
