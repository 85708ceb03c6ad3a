#!/bin/sh
# The papers' experiments on MNIST, Repeated MNIST and Letter at laptop scale, in the order of their weight; each is
# estimated before it starts, and typed again goes on where it was interrupted. Data are read from AL_BENCH_DATA.
set -u
cd "$(dirname "$0")/.."
for preset in gal2017_mnist batchbald2019_repeated_mnist zhdanov2019_mnist badge2020_letter batchbald2019_mnist \
  debal2018_mnist; do
  al-bench reproduce "$preset" "$@"
done
python scripts/reproduce_page.py --readme README.md
