#!/bin/sh
# Every preset at laptop scale, EMNIST last. The estimated duration is printed first; the same command resumes an interrupted sweep.
set -u
cd "$(dirname "$0")/.."
al-bench reproduce --all scale=laptop "$@"
python scripts/reproduce_page.py --readme README.md
