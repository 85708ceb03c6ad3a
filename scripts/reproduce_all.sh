#!/bin/sh
# Every preset at laptop scale, EMNIST's last: the estimate is printed first, and any interruption is picked up again.
set -u
cd "$(dirname "$0")/.."
al-bench reproduce --all scale=laptop "$@"
python scripts/reproduce_page.py --readme README.md
