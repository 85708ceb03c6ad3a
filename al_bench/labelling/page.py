"""A batch as one HTML page that opens from disk: the items in the order asked, as images, texts or columns."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from al_bench.errors import printable
from al_bench.labelling.batch import AskedItem, BatchRecord
from al_bench.labelling.pictures import Picture, picture_of, rendered, shows_pictures
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
    if shows_pictures(pool):
        body = _figures(here, {asked.item: picture_of(pool, asked.item) for asked in here})
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


def _figures(asked: Sequence[AskedItem], pictures: Mapping[str, Picture]) -> str:
    figures = []
    for entry in asked:
        uri = _thumbnail(pictures[entry.item])
        image = f'<img alt="{html.escape(printable(entry.item))}" src="{uri}">' if uri else "<p>(cannot be shown)</p>"
        figures.append(f"<figure>{image}<figcaption>{_caption(entry)}</figcaption></figure>")
    return '<div class="sheet">\n' + "\n".join(figures) + "\n</div>"


def _thumbnail(picture: Picture) -> str:
    """An image as a data URI; "" where it cannot be read."""
    small = rendered(picture, SIDE)
    return "" if small is None else small.uri


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
