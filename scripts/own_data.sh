#!/bin/sh
# What active learning is worth on real texts, images and tables: 19 settings, ten seeds, up to seven strategies.
# usage: scripts/own_data.sh [SETTING ...]      without a name all of them, in the order below
# Data are read from AL_BENCH_DATA (its folders text, tabular and cifar-10-batches-py); al-bench downloads no table and no
# text. All of it takes about three hours of one core. The same command resumes what was interrupted. Each setting becomes
# an archive without items, and a figure and a report in results/own_data.
# Settings, strategies, seeds and label counts were fixed before any result was seen.
set -eu
cd "$(dirname "$0")/.."
runs=results/runs/own_data
out=results/own_data
mkdir -p "$runs" "$out"

# The first labels are drawn at random in all of them, as anybody can draw them; a curve is called by its strategy.
sweep() {
  al-bench run -m results="$runs" initial.kind=random seed=0,1,2,3,4,5,6,7,8,9 \
    'arm=${hydra:runtime.choices.strategy}' "$@"
}

# Of the tables with more than 10,000 rows a fresh random 5,000 are scored in each round, which bounds the time.
# Texts: a linear model on frozen features (five bootstrap members), 40 labels to 400; images: 100 to 1,000.
trec6() {
  sweep dataset=text dataset.path=text/trec6_train.csv dataset.test_path=text/trec6_test.csv dataset.text=text \
    dataset.label=label initial.size=40 schedule.batch=40 schedule.rounds=10 "$@"
}
sst2() {
  sweep dataset=text dataset.path=text/sst2_sentences_train.csv dataset.test_path=text/sst2_sentences_test.csv \
    initial.size=40 schedule.batch=40 schedule.rounds=10 "$@"
}
ag_news() { # the test part of AG News is the pool, and a fifth of it the test part
  sweep dataset=text dataset.path=text/ag_news_test.csv 'dataset.text=[title,description]' dataset.label=label \
    initial.size=40 schedule.batch=40 schedule.rounds=10 "$@"
}
cifar10() { # the first 10,000 images are the pool, as an encoder takes three hours for all on a busy core
  [ -e "$runs/cifar10_12000.npz" ] || python - "$AL_BENCH_DATA" "$runs/cifar10_12000.npz" <<'END'
import sys, numpy, torchvision
train, test = (torchvision.datasets.CIFAR10(sys.argv[1], train=part) for part in (True, False))
numpy.savez(sys.argv[2], x=train.data[:10000], y=train.targets[:10000], x_test=test.data[:2000],
            y_test=test.targets[:2000], class_names=train.classes)
END
  sweep dataset=npz dataset.path="$runs/cifar10_12000.npz" encoder.size=64 initial.size=100 schedule.batch=100 \
    schedule.rounds=10 "$@"
}

# Tables, by a random forest, by boosting and by an MLP.
letter() { sweep dataset=letter initial.size=50 schedule.batch=50 schedule.rounds=8 schedule.candidates=5000 "$@"; }
pendigits() { sweep dataset=pendigits initial.size=20 schedule.batch=20 schedule.rounds=8 "$@"; }
satimage() { sweep dataset=satimage initial.size=20 schedule.batch=20 schedule.rounds=8 "$@"; }
pokerhand() {
  sweep dataset=table dataset.path=tabular/pokerhand_uci_train.csv dataset.label=class initial.size=100 \
    schedule.batch=100 schedule.rounds=8 schedule.candidates=5000 "$@"
}

# DATA LEARNER: all strategies but TypiClust, which takes longest. Those that read features read an encoder's, or the
# standardised columns; BADGE on an MLP reads its last hidden layer. Boosting has no draws, which BALD needs.
strategies() {
  data=$1 learner=$2 study=study="$1_$2"
  case $learner in
    random_forest)
      "$data" "$study" model="$learner" strategy=random,margin,entropy,bald
      "$data" "$study" model="$learner" strategy=badge,coreset_greedy strategy.features=input ;;
    hist_gradient_boosting)
      "$data" "$study" model="$learner" strategy=random,margin,entropy
      "$data" "$study" model="$learner" strategy=badge,coreset_greedy strategy.features=input ;;
    mlp)
      "$data" "$study" model="$learner" strategy=random,margin,entropy,bald,badge
      "$data" "$study" model="$learner" strategy=coreset_greedy strategy.features=input ;;
    *) "$data" "$study" encoder="$learner" strategy=random,margin,entropy,bald,badge,coreset_greedy ;;
  esac
}
typiclust() {
  case $2 in
    random_forest | hist_gradient_boosting | mlp)
      "$1" study="$1_$2" model="$2" strategy=typiclust strategy.features=input ;;
    *) "$1" study="$1_$2" encoder="$2" strategy=typiclust ;;
  esac
}

# An archive, a figure and a report of a setting, each by the metric that was fixed for it: pokerhand's classes are rare.
finish() {
  case $1 in pokerhand*) metric=balanced_accuracy ;; *) metric=accuracy ;; esac
  rm -f "$out/$1.parquet"
  al-bench archive "$runs/$1" --out "$out/$1.parquet"
  al-bench plot "$out/$1.parquet" --metric "$metric" --title "$1" --out "$out/$1.svg"
  al-bench report "$out/$1.parquet" --metric "$metric" --title "$1" --no-items --out "$out/$1.html"
}

[ $# -gt 0 ] || set -- trec6_minilm pokerhand_random_forest satimage_random_forest pendigits_random_forest \
  letter_random_forest satimage_mlp pendigits_mlp pokerhand_mlp letter_mlp trec6_tfidf sst2_tfidf ag_news_tfidf \
  ag_news_minilm sst2_minilm satimage_hist_gradient_boosting pokerhand_hist_gradient_boosting \
  pendigits_hist_gradient_boosting cifar10_efficientnet_lite0 letter_hist_gradient_boosting
for part in strategies typiclust; do
  for name in "$@"; do
    case $name in
      trec6_* | sst2_* | cifar10_* | letter_* | pendigits_* | satimage_* | pokerhand_*) data=${name%%_*} ;;
      ag_news_*) data=ag_news ;;
      *) echo "own_data.sh: there is no setting $name" >&2 && exit 2 ;;
    esac
    "$part" "$data" "${name#"${data}"_}"
    finish "$name"
  done
done
