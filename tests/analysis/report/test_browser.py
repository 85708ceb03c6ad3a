"""The page in a real browser, and the page of a whole study within its bounds of bytes and seconds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from al_bench.cli.report import main
from tests.analysis.illustrated import write_illustrated

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ARMS = (
    "random", "bald", "entropy", "margin", "batchbald", "variation_ratio", "badge", "coreset_greedy", "kmeans",
    "typiclust", "power_bald", "a_strategy_with_a_long_name,batch_size=32,learning_rate=0.0001",
)  # fmt: skip


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of 60 runs of 60 rounds."""
    root = tmp_path_factory.mktemp("study")
    rng = np.random.default_rng(0)
    rounds = np.arange(60)
    for number, arm in enumerate(ARMS):
        for seed in range(5):
            curve = 0.95 - 0.5 * np.exp(-rounds * (0.05 + 0.004 * number)) + rng.normal(0, 0.004, 60)
            write_illustrated(root / "runs", np.round(curve, 4).tolist(), arm=arm, seed=seed)
    write_illustrated(root / "runs", [0.5, 0.6], arm="bald", seed=9, status="running")
    assert main([str(root / "runs"), "--out", str(root / "report.html")]) == 0
    return root / "report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium, where there is one."""
    playwright = pytest.importorskip("playwright.sync_api")
    if (program := shutil.which("chromium")) is None:
        pytest.skip("no chromium here")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def test_a_study_of_60_runs_is_below_five_megabytes(page: Path) -> None:
    assert 100_000 < page.stat().st_size < 5_000_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360, 320])
def test_it_fits_every_screen(page: Path, browser: Any, width: int, scheme: str) -> None:
    tab = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    said: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(page.as_uri())
    tab.evaluate("document.querySelectorAll('details').forEach(element => element.open = true)")
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    assert [url for url in asked if not url.startswith("data:")] == [page.as_uri()]
    assert said == []
    widths = tab.evaluate("[...document.querySelectorAll('svg')].map(element => element.clientWidth)")
    assert min(widths) > 0.9 * min(width, 640)
    assert max(widths) <= width
    curves = "[...document.querySelector('svg').querySelectorAll('text')]"
    height = tab.evaluate(f"Math.min(...{curves}.map(letter => letter.getBoundingClientRect().height))")
    assert height >= 7, "CSS pixels: the letters of the first figure can be read"
    paper, ink = (tab.evaluate(f"getComputedStyle(document.body).{key}") for key in ("backgroundColor", "color"))
    assert (sum(map(int, paper[4:-1].split(","))) > sum(map(int, ink[4:-1].split(",")))) == (scheme == "light")
    tab.close()


def test_the_keyboard_reaches_everything(page: Path, browser: Any) -> None:
    tab = browser.new_page(viewport={"width": 360, "height": 800})
    tab.goto(page.as_uri())
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    reached = set()
    count = tab.evaluate("document.querySelectorAll('a, summary, [tabindex]').length")
    for _ in range(count + 5):
        reached.add(tab.evaluate("document.activeElement.tagName"))
        if tab.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
        tab.keyboard.press("Tab")
    assert {"A", "SUMMARY"} <= reached
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.parentElement.open")
    tab.close()


def test_the_pictures_are_painted(page: Path, browser: Any) -> None:
    tab = browser.new_page(viewport={"width": 1280, "height": 800})
    tab.goto(page.as_uri())
    tab.evaluate("document.querySelectorAll('details').forEach(element => element.open = true)")
    tile = tab.locator(".tile").first
    box = tile.bounding_box()
    assert box["width"] == box["height"] > 40
    assert tile.evaluate("element => getComputedStyle(element).backgroundImage").startswith('url("data:image/png')
    shot = tile.screenshot()
    other = tab.locator(".tile").nth(1).screenshot()
    assert shot != other
    tab.close()
