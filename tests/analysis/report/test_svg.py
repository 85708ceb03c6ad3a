"""Figures in a page: ids of their own, nothing from elsewhere, colours for light and dark."""

from __future__ import annotations

import re

import pytest
from matplotlib.figure import Figure

from al_bench.analysis.figures.style import CEILING, INK, LINE_STYLES
from al_bench.analysis.report.svg import DARK_PAPER, Palette, contrast, darken, inline


def figure(colour: str = "#0072b2", image: bool = False) -> Figure:
    drawn = Figure(figsize=(4, 3))
    axes = drawn.add_subplot()
    axes.plot([0, 1, 2], [0.123456, 0.5, 0.7], color=colour, marker="o", label="an <arm> & more")
    if image:
        axes.imshow([[0, 1], [2, 3]])
    axes.legend()
    return drawn


def test_ids_are_told_apart_and_point_somewhere() -> None:
    palette = Palette()
    first, second = inline(figure(), "a", "One", palette), inline(figure(), "b", "Two", palette)
    ids = [set(re.findall(r' id="([^"]+)"', text)) for text in (first, second)]
    assert ids[0]
    assert not ids[0] & ids[1]
    for text, own in zip((first, second), ids, strict=True):
        assert set(re.findall(r'(?:url\(#|href="#)([^)"]+)', text)) == own


def test_a_dollar_is_no_formula() -> None:
    drawn = Figure(figsize=(4, 3))
    drawn.add_subplot().set_title(r"bald,$\frac{$")
    assert r"bald,$\frac{$" in inline(drawn, "a", "A", Palette())


def test_it_needs_nothing_from_elsewhere() -> None:
    text = inline(figure(), "a", "A & B", Palette())
    assert text.startswith("<svg ")
    assert text.rstrip().endswith("</svg>")
    assert "http" not in text
    assert "<style" not in text
    assert 'aria-label="A &amp; B"' in text
    assert "an &lt;arm&gt; &amp; more" in text
    assert " width=" not in text[: text.index(">")]
    assert not re.search(r"\d\.\d{3}", text)


def test_colours_become_variables_with_a_twin_for_the_dark() -> None:
    palette = Palette()
    text = inline(figure("#0072b2"), "a", "A", palette)
    assert "var(--0072b2)" in text
    assert not re.search(r"#[0-9a-f]{6}\b(?!\))", text)
    light, dark = palette.css()
    assert "--0072b2:#0072b2" in light
    assert f"--0072b2:{darken('#0072b2')}" in dark
    assert "--ffffff:var(--paper)" in light
    assert "--ffffff:var(--paper)" in dark
    assert set(re.findall(r"var\(--(\w{6})\)", text)) <= set(re.findall(r"--(\w{6}):", dark))


def test_a_map_of_colours_stays_as_it_is() -> None:
    palette = Palette()
    text = inline(figure(image=True), "a", "A", palette)
    assert 'class="figure map"' in text
    assert "var(--" not in text
    assert palette.colours == Palette().colours


@pytest.mark.parametrize(
    "colour", sorted({style.colour.lower() for style in LINE_STYLES} | {INK.lower(), CEILING.lower()})
)
def test_lines_and_letters_stand_out_on_dark_paper(colour: str) -> None:
    assert contrast(darken(colour), DARK_PAPER) >= 4.2


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # the well-known grey that just fails 4.5
    assert contrast("#123456", "#123456") == 1


def test_the_grid_stays_fainter_than_the_axes() -> None:
    assert contrast(darken("#e3e3e3"), DARK_PAPER) < 2 < contrast(darken(INK.lower()), DARK_PAPER)
