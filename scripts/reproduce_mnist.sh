#!/bin/sh
# The papers' experiments on MNIST, Repeated MNIST and Letter at laptop scale, the most important first. The estimated
# duration of each is printed before it starts; the same command resumes an interrupted sweep. Data are read from
# AL_BENCH_DATA.
set -u
cd "$(dirname "$0")/.."
for preset in gal2017_mnist batchbald2019_repeated_mnist zhdanov2019_mnist badge2020_letter batchbald2019_mnist \
  debal2018_mnist; do
  al-bench reproduce "$preset" "$@"
done
python scripts/reproduce_page.py --readme README.md
