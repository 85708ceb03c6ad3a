"""A batch as one HTML page that opens from disk: the items in the order asked, as images, texts or columns."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageOps

from al_bench.data.image_reading import FORMATS, pillow_warnings
from al_bench.errors import printable
from al_bench.labelling.batch import AskedItem, BatchRecord
from al_bench.labelling.pool import LabellingPool

SIDE = 256
"""Pixels of the longer side of an image."""
LONGEST = 2_000
"""Characters of a cell that are shown."""

STYLE = """\
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; }
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: 1rem; }
figure { margin: 0; border: 1px solid #8886; border-radius: 6px; padding: .6rem; overflow-wrap: anywhere; }
figure img { width: 100%; height: 12rem; object-fit: contain; background: #8882; }
figcaption { font-size: .85rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border: 1px solid #8886; padding: .35rem .5rem; text-align: left; vertical-align: top; }
th { position: sticky; top: 0; background: Canvas; }
td { overflow-wrap: anywhere; white-space: pre-wrap; }
td.key { white-space: nowrap; }
"""


def batch_page(record: BatchRecord, pool: LabellingPool, study: str, file: str) -> bytes:
    """The page of a batch.

    Args:
        record: Of the batch.
        pool: Where the items are.
        study: The study's name.
        file: The name of the file to fill.
    """
    names, cells = pool.columns
    title = f"{study}, batch {record.number}"
    here = [asked for asked in record.asked if asked.item in pool.index]
    if pool.image_file(here[0].item) is not None if here else False:
        body = _figures(here, {asked.item: pool.image_file(asked.item) for asked in here})
    elif not names and len(pool.dataset.shape) == 3:
        body = _figures(here, {asked.item: _array_image(pool, asked.item) for asked in here})
    else:
        body = _table(here, names, cells)
    within = f" predicted as {html.escape(printable(record.where))}" if record.where else ""
    text = f"""\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(printable(title))}</title>
<style>
{STYLE}</style>
<h1>{html.escape(printable(title))}: {len(record.asked)} items{within}</h1>
<p>Write a label for each into the column <b>label</b> of <b>{html.escape(file)}</b>, or <b>skip</b> to take an item
out; then give the same command again.</p>
{body}
</html>
"""
    return text.encode("utf-8", "backslashreplace")


def _caption(asked: AskedItem) -> str:
    """Rank, item and, where they are shown, what the model predicts."""
    guess = ""
    if asked.predicted is not None and asked.probability is not None:
        guess = f"<br>{html.escape(printable(asked.predicted))} {asked.probability:.0%}"
    return f"{asked.rank}. <b>{html.escape(printable(asked.item))}</b>{guess}"


def _figures(asked: Sequence[AskedItem], pictures: Mapping[str, Path | Image.Image | None]) -> str:
    figures = []
    for entry in asked:
        uri = _thumbnail(pictures[entry.item])
        image = f'<img alt="{html.escape(printable(entry.item))}" src="{uri}">' if uri else "<p>(cannot be shown)</p>"
        figures.append(f"<figure>{image}<figcaption>{_caption(entry)}</figcaption></figure>")
    return '<div class="sheet">\n' + "\n".join(figures) + "\n</div>"


def _thumbnail(picture: Path | Image.Image | None) -> str:
    """An image as a data URI; "" where it cannot be read."""
    try:
        with pillow_warnings():
            if isinstance(picture, Path):
                with Image.open(picture, formats=FORMATS) as image:
                    image.draft("RGB", (2 * SIDE, 2 * SIDE))
                    small = ImageOps.exif_transpose(image)
                    small.thumbnail((SIDE, SIDE))
            elif picture is not None:
                small = picture
            else:
                return ""
            if small.mode in ("I", "I;16", "F"):
                small = ImageOps.autocontrast(small.convert("F").convert("L"))
            layered = small.convert("RGBA") if small.has_transparency_data else small.convert("RGB")
            out = io.BytesIO()
            layered.save(out, "WEBP" if layered.mode == "RGBA" else "JPEG", quality=85)
    except Exception:  # damaged bytes lead Pillow's readers to errors of any type
        return ""
    kind = "webp" if layered.mode == "RGBA" else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(out.getvalue()).decode()}"


def _array_image(pool: LabellingPool, item: str) -> Image.Image | None:
    """An image [C, H, W] of an array, stretched to all grey values where it holds no bytes."""
    import numpy as np

    values = pool.dataset.numbers(slice(pool.index[item], pool.index[item] + 1))[0].float().cpu().numpy()
    if values.shape[0] not in (1, 3):
        return None
    low, high = float(values.min()), float(values.max())
    scaled = (values - low) / (high - low) * 255 if high > low else values * 0
    grey = np.rint(scaled).astype("uint8")
    image = Image.fromarray(grey[0] if len(grey) == 1 else np.ascontiguousarray(grey.transpose(1, 2, 0)))
    factor = max(1, SIDE // max(image.size))
    return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)


def _table(asked: Sequence[AskedItem], names: Sequence[str], cells: Mapping[str, Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(printable(name))}</th>" for name in ("item", *names))
    rows = []
    for entry in asked:
        own = "".join(f"<td>{html.escape(_shortened(cell))}</td>" for cell in cells[entry.item])
        rows.append(f'<tr><td class="key">{_caption(entry)}</td>{own}</tr>')
    return f"<table>\n<tr>{head}</tr>\n" + "\n".join(rows) + "\n</table>"


def _shortened(cell: str) -> str:
    """A cell's beginning, control characters but line ends escaped."""
    text = "\n".join(map(printable, cell.splitlines()))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} … [{len(cell):,} characters]"
