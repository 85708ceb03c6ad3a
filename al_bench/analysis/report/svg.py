"""Figures as inline SVG: letters as text, ids of their own, and colours that a dark page lightens.

Matplotlib writes an SVG for a file of its own; in a page that holds several, ids clash, black lines vanish on a dark
ground, and a quarter of the bytes are blanks and digits nobody sees.
"""

from __future__ import annotations

import colorsys
import io
import re
from typing import TYPE_CHECKING

from matplotlib import style as matplotlib_style
from matplotlib.text import Text

from al_bench.analysis.figures.layout import STYLE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DARK_PAPER = "#15181c"
_MANY = 26
"""Colours above which a figure is a map of colours, which stays as it is, on white paper."""

_CONTRAST = 4.2
_HEX = re.compile(r"#[0-9a-f]{6}\b")
_WHITE = "#ffffff"
BLACK = "#000000"
"""SVG's own fill where none is given: the style sheet names it too."""


class Palette:
    """The colours met in a page's figures, each a CSS variable with a twin for the dark."""

    def __init__(self) -> None:
        self.colours = {BLACK}

    def css(self) -> tuple[str, str]:
        """The declarations of the light and of the dark page."""
        colours = sorted(self.colours)
        light = ";".join(f"--{colour[1:]}:{colour}" for colour in colours)
        dark = ";".join(f"--{colour[1:]}:{darken(colour)}" for colour in colours)
        return light.replace(f":{_WHITE}", ":var(--paper)"), dark

    def paint(self, text: str) -> str:
        """The SVG with variables for its colours."""
        self.colours |= set(_HEX.findall(text))
        return _HEX.sub(lambda match: f"var(--{match[0][1:]})", text)


def inline(figure: Figure, prefix: str, title: str, palette: Palette) -> str:
    """The figure as an <svg> element, as wide as the page, up to 1.2 times its size.

    Args:
        figure: The figure.
        prefix: Before every id; another for each figure of a page.
        title: What a screen reader says of it.
        palette: Takes the figure's colours.
    """
    from markupsafe import escape

    for text_artist in figure.findobj(Text):
        text_artist.set_parse_math(False)  # a dollar in an arm's name is a dollar
    file = io.BytesIO()
    with matplotlib_style.context(["default", STYLE, {"svg.fonttype": "none", "text.parse_math": False}]):
        figure.savefig(file, format="svg", metadata={"Date": None}, bbox_inches="tight", pad_inches=0.05)
    text = file.getvalue().decode()
    text = text[text.index("<svg") :]
    box = re.search(r'viewBox="([^"]*)"', text)
    assert box is not None
    widest = 1.2 * float(box[1].split()[2]) * 4 / 3  # CSS pixels; letters of 10 points are then as large as the text
    text = re.sub(
        r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->|<title>.*?</title>", "", text, flags=re.DOTALL
    )
    text = text.replace("xlink:href=", "href=").replace("<defs>\n  \n </defs>", "")
    body = _slim(text[text.index(">") + 1 :])
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', body))
    body = re.sub(r' id="([^"]*)"', lambda match: f' id="{prefix}-{match[1]}"' if match[1] in used else "", body)
    body = re.sub(r'(url\(#|href="#)', rf"\g<1>{prefix}-", body)
    body = body.replace("font-family: 'DejaVu Sans', sans-serif", "").replace("<g>\n", "<g>")
    colours = set(_HEX.findall(body))
    map_like = len(colours) > _MANY or "<image" in body
    if not map_like:
        body = palette.paint(body)
    return (
        f'<svg class="figure{" map" if map_like else ""}" role="img" viewBox="{_slim(box[1])}" '
        f'style="max-width:{widest:.0f}px" aria-label="{escape(title)}">{body}'
    )


def _slim(text: str) -> str:
    """Numbers to two decimals, blanks to one."""
    text = re.sub(r"-?\d+\.\d{3,}", lambda match: f"{float(match[0]):.2f}".rstrip("0").rstrip("."), text)
    return re.sub(r"\s*\n\s*", "\n", text)


def darken(colour: str) -> str:
    """The twin of a colour on a dark page.

    White becomes the paper, greys change places with their opposites, and other colours are lightened until they
    stand out from the paper by a contrast of 4.2 (WCAG 2.1 asks 3 of graphics, 4.5 of letters).
    """
    if colour == _WHITE:
        return "var(--paper)"
    hue, light, colourful = colorsys.rgb_to_hls(*_rgb(colour))
    if colourful < 0.12 or light < 0.02:
        return _hex(colorsys.hls_to_rgb(hue, 0.92 - 0.76 * light, colourful))
    while contrast(colour, DARK_PAPER) < _CONTRAST and light < 0.95:
        light += 0.02
        colour = _hex(colorsys.hls_to_rgb(hue, light, colourful))
    return colour


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.1): (L₁ + 0.05) / (L₂ + 0.05), L the relative luminance."""
    bright, dim = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: str) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue


def _hex(rgb: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(255 * min(max(part, 0), 1)):02x}" for part in rgb)
