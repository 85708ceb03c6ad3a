#!/bin/sh
# The README's figure: scikit-learn's digits, four strategies, five seeds, 20 to 210 labels; no download, a few minutes on two cores.
set -eu
cd "$(dirname "$0")/.."
al-bench run -m strategy=random,bald,variation_ratio,entropy seed=0,1,2,3,4 study=digits hydra/launcher=joblib "$@"
al-bench run -m reference=full seed=0,1,2,3,4 study=digits training.steps=2000 hydra/launcher=joblib "$@"
al-bench plot results/runs/digits --target 0.9 --target 0.95 --csv results/digits.csv --out results/digits.png
