#!/bin/sh
# Runs that go on until their curves are flat, so that it shows where stopping rules fire: margin and random, five seeds.
# usage: scripts/stopping_long.sh [SETTING ...]      without a name all of them, in the order below
# Data as for scripts/own_data.sh; each setting becomes an archive without items in results/stopping_long. The same
# command resumes what was interrupted. About 10 minutes of one core a setting.
# Settings, strategies, seeds and label counts were fixed before any result was seen.
set -eu
cd "$(dirname "$0")/.."
runs=results/runs/stopping_long
out=results/stopping_long
mkdir -p "$runs" "$out"

sweep() {
  al-bench run -m results="$runs" initial.kind=random initial.size=40 schedule.batch=40 schedule.rounds=30 \
    seed=0,1,2,3,4 strategy=random,margin 'arm=${hydra:runtime.choices.strategy}' study="$name" "$@"
}

[ $# -gt 0 ] || set -- digits_linear pendigits_random_forest trec6_tfidf satimage_mlp sst2_tfidf satimage_random_forest
for name in "$@"; do
  case $name in
    digits_linear) sweep dataset=digits model=linear ;;
    pendigits_random_forest | satimage_random_forest) sweep dataset="${name%%_*}" model=random_forest ;;
    satimage_mlp) sweep dataset=satimage model=mlp ;;
    trec6_tfidf)
      sweep dataset=text dataset.path=text/trec6_train.csv dataset.test_path=text/trec6_test.csv dataset.text=text \
        dataset.label=label encoder=tfidf ;;
    sst2_tfidf)
      sweep dataset=text dataset.path=text/sst2_sentences_train.csv \
        dataset.test_path=text/sst2_sentences_test.csv encoder=tfidf ;;
    *) echo "stopping_long.sh: there is no setting $name" >&2 && exit 2 ;;
  esac
  rm -f "$out/$name.parquet"
  al-bench archive "$runs/$name" --out "$out/$name.parquet"
done
