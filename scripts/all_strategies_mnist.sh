#!/bin/sh
# Every strategy on real MNIST for three rounds: do they all run to the end on real data? Not a comparison of accuracy.
# MNIST is read from AL_BENCH_DATA. About ten minutes on two CPU cores; the same command resumes an interrupted sweep.
set -eu
cd "$(dirname "$0")/.."
al-bench run -m 'strategy=glob(*)' dataset=mnist study=all_strategies_mnist schedule.rounds=3 schedule.candidates=1000 \
  training.steps=100 training.batch_size=32 evaluation.draws=10 hydra/launcher=joblib "$@"
