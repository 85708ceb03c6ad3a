"""The outcome of the reproductions: results/reproduction.md with its figures and CSVs, and the README's table.

python scripts/reproduce_page.py [--scale laptop] [--results results/runs] [--out results/reproduction.md]
    [--readme README.md]

Nothing is run: everything comes from the records. With --readme the table replaces the README's text between
`<!-- reproduction: begin -->` and `<!-- reproduction: end -->`; without it the table is printed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from al_bench.errors import InputError
from al_bench.reproduce.page import insert, readme_table, reproductions, write
from al_bench.reproduce.preset import SCALES


def main() -> int:
    """Write the page; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scale", choices=SCALES, default="laptop")
    parser.add_argument("--results", default="results/runs", metavar="FOLDER")
    parser.add_argument("--out", type=Path, default=Path("results/reproduction.md"), metavar="FILE")
    parser.add_argument("--readme", type=Path, metavar="FILE")
    given = parser.parse_args()
    try:
        judged = reproductions(given.scale, given.results, lambda line: print(line, file=sys.stderr))
        for path in write(judged, given.out):
            print(f"wrote {path}")
        if given.readme is None:
            print(readme_table(judged))
        else:
            given.readme.write_text(insert(given.readme.read_text(), readme_table(judged), str(given.readme)))
            print(f"wrote {given.readme}")
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
