#!/bin/sh
# Gal, Islam & Ghahramani 2017 on MNIST, to 400 labels, about two hours on two CPU cores: see conf/experiment/gal2017_mnist.yaml.
# MNIST is read from AL_BENCH_DATA. The same command resumes an interrupted sweep after the last recorded rounds.
set -eu
cd "$(dirname "$0")/.."
al-bench run -m seed=0,1,2,3,4 strategy=bald,random,variation_ratio,entropy,mean_std dataset=mnist \
  experiment=gal2017_mnist hydra/launcher=joblib "$@"
al-bench plot results/runs/gal2017_mnist --target 0.9 --target 0.95 \
  --csv results/gal2017_mnist.csv --out results/gal2017_mnist.png
al-bench compare results/runs/gal2017_mnist
al-bench report results/runs/gal2017_mnist --out results/gal2017_mnist.html
