#!/bin/sh
# The papers' experiments on CIFAR-10 at laptop scale: learning loss, then core-set. Data are read from AL_BENCH_DATA.
set -u
cd "$(dirname "$0")/.."
for preset in learning_loss2019_cifar10 coreset2018_cifar10; do
  al-bench reproduce "$preset" "$@"
done
python scripts/reproduce_page.py --readme README.md
