#!/bin/sh
# What active learning is worth on real texts, images and tables: 19 settings, ten seeds, up to seven strategies.
# usage: scripts/own_data.sh [SETTING ...]      without a name all of them, in the order below
# Data are read from AL_BENCH_DATA (its folders text, tabular and cifar-10-batches-py); al-bench downloads no table and no
# text. A setting takes 2 to 20 minutes on one core. The same command resumes one that was interrupted. Each setting that
# is complete becomes an archive without items, a figure and a report in results/own_data.
# Settings, strategies, seeds and label counts were fixed before any result was seen.
set -eu
cd "$(dirname "$0")/.."
runs=results/runs/own_data
out=results/own_data
seven=random,margin,entropy,bald,badge,typiclust,coreset_greedy
mkdir -p "$out"

# The first labels are drawn at random in all of them, as anybody can draw them; a curve is called by its strategy.
sweep() {
  al-bench run -m results="$runs" initial.kind=random seed=0,1,2,3,4,5,6,7,8,9 \
    'arm=${hydra:runtime.choices.strategy}' "$@"
}

# Texts and images: a linear model on frozen features (five bootstrap members), 40 labels and 40 more in each of 9 rounds.
texts() {
  setting=$1
  shift
  sweep study="$setting" dataset=text initial.size=40 schedule.batch=40 schedule.rounds=10 strategy="$seven" "$@"
}
trec6() {
  texts "$@" dataset.path=text/trec6_train.csv dataset.test_path=text/trec6_test.csv dataset.text=text dataset.label=label
}
sst2() {
  texts "$@" dataset.path=text/sst2_sentences_train.csv dataset.test_path=text/sst2_sentences_test.csv
}
ag_news() { # the test part of AG News is the pool, and a fifth of it the test part
  texts "$@" dataset.path=text/ag_news_test.csv 'dataset.text=[title,description]' dataset.label=label
}
cifar10() {
  sweep study="$1" dataset=cifar10 encoder=efficientnet_lite0 encoder.size=64 initial.size=100 schedule.batch=100 \
    schedule.rounds=10 strategy="$seven"
}

# Tables: strategies that read features read the standardised columns; of the MLP, BADGE reads its last hidden layer.
table() {
  setting=$1
  learner=$2
  shift 2
  case $learner in
    mlp) scores=random,margin,entropy,bald,badge features=typiclust,coreset_greedy ;;
    random_forest) scores=random,margin,entropy,bald features=badge,typiclust,coreset_greedy ;;
    hist_gradient_boosting) scores=random,margin,entropy features=badge,typiclust,coreset_greedy ;; # it has no draws
  esac
  sweep study="$setting" model="$learner" schedule.rounds=10 strategy="$scores" "$@"
  sweep study="$setting" model="$learner" schedule.rounds=10 strategy="$features" 'strategy.features=choice(input)' "$@"
}
letter() { table "$@" dataset=letter initial.size=50 schedule.batch=50; }
pendigits() { table "$@" dataset=pendigits initial.size=20 schedule.batch=20; }
satimage() { table "$@" dataset=satimage initial.size=20 schedule.batch=20; }
pokerhand() {
  table "$@" dataset=table dataset.path=tabular/pokerhand_uci_train.csv dataset.label=class initial.size=100 \
    schedule.batch=100
}

# An archive, a figure and a report of a setting, each by the metric that was fixed for it.
finish() {
  case $1 in pokerhand*) metric=balanced_accuracy ;; *) metric=accuracy ;; esac
  rm -f "$out/$1.parquet"
  al-bench archive "$runs/$1" --out "$out/$1.parquet"
  al-bench plot "$out/$1.parquet" --metric "$metric" --out "$out/$1.png"
  al-bench report "$out/$1.parquet" --metric "$metric" --out "$out/$1.html"
}

[ $# -gt 0 ] || set -- trec6_minilm pokerhand_random_forest satimage_random_forest pendigits_random_forest \
  letter_random_forest trec6_tfidf sst2_tfidf ag_news_tfidf pokerhand_mlp satimage_mlp pendigits_mlp letter_mlp \
  ag_news_minilm sst2_minilm pokerhand_hist_gradient_boosting satimage_hist_gradient_boosting \
  pendigits_hist_gradient_boosting cifar10_efficientnet_lite0 letter_hist_gradient_boosting
for name in "$@"; do
  case $name in
    trec6_*) trec6 "$name" encoder="${name#trec6_}" ;;
    sst2_*) sst2 "$name" encoder="${name#sst2_}" ;;
    ag_news_*) ag_news "$name" encoder="${name#ag_news_}" ;;
    cifar10_efficientnet_lite0) cifar10 "$name" ;;
    letter_*) letter "$name" "${name#letter_}" ;;
    pendigits_*) pendigits "$name" "${name#pendigits_}" ;;
    satimage_*) satimage "$name" "${name#satimage_}" ;;
    pokerhand_*) pokerhand "$name" "${name#pokerhand_}" ;;
    *) echo "own_data.sh: there is no setting $name" >&2 && exit 2 ;;
  esac
  finish "$name"
done
