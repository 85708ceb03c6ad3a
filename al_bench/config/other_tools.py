"""What people type who know other tools: keys and options that al-bench calls something else."""

from __future__ import annotations

import re
from collections.abc import Collection

OTHER_KEYS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("learning_rate", "lr", "step_size", "eta"): ("training.lr",),
    ("epochs", "n_epochs", "num_epochs", "max_epochs", "nb_epochs"): ("training.epochs",),
    ("n_steps", "num_steps", "max_steps", "train_steps"): ("training.steps",),
    ("l2", "reg", "wd", "decay"): ("training.weight_decay",),
    ("optimizer", "optim", "opt"): ("training.optimiser",),
    ("early_stopping", "early_stop"): ("training.patience", "training.stop"),
    ("scheduler", "lr_scheduler"): ("training.schedule",),
    ("augmentation", "data_augmentation", "transform"): ("training.augment",),
    ("fp16", "amp", "mixed_precision", "dtype"): ("training.precision",),
    ("batch_size", "batchsize", "bs", "b"): ("training.batch_size", "schedule.batch"),
    (
        *("n_queries", "num_queries", "query_size", "query_batch_size", "acquisition_size", "n_instances"),
        *("acquisition_batch_size", "al_batch_size", "ndata_to_label", "step", "n_query", "num_query", "annotations"),
    ): ("schedule.batch",),
    (
        *("n_rounds", "num_rounds", "n_round", "iterations", "n_iterations", "num_iterations", "n_iter", "al_rounds"),
        *("n_cycles", "cycles", "num_cycles", "max_iter", "n_loops", "al_steps", "al_iterations"),
    ): ("schedule.rounds",),
    ("n_labels", "max_labels", "total_labels", "label_budget", "max_sample", "max_samples"): ("schedule.budget",),
    ("pool_size", "subsample", "pool_subset", "max_candidates", "n_candidates"): ("schedule.candidates",),
    ("target_accuracy", "stop_accuracy"): ("schedule.stop_at_accuracy",),
    (
        *("n_initial", "num_initial", "n_init", "init_size", "initial_size", "initial_pool", "n_start", "seed_size"),
        *("init_labels", "num_init_labels", "initial_labels", "n_labeled", "n_labelled", "warmup_size", "nstart"),
    ): ("initial.size",),
    ("init_method", "initial_strategy", "init_strategy", "init_sampling"): ("initial.kind",),
    (
        *("acquisition", "acquisition_function", "acq", "acq_fn", "acq_func", "query_strategy", "query", "sampler"),
        *("sampling", "sampling_strategy", "selection", "selector", "heuristic", "method", "alg", "criterion", "al"),
    ): ("strategy=",),
    (
        *("estimator", "classifier", "clf", "learner", "model_name", "net", "network", "arch", "architecture"),
        *("backbone", "nn", "model_type", "base_estimator"),
    ): ("model=",),
    (
        *("data", "dataset_name", "data_name", "ds", "data_set"),
        *("data_path", "dataset_path", "datapath", "csv", "file", "filename", "input", "train_file", "path"),
    ): ("dataset=", "dataset.path"),
    ("data_dir", "data_root", "datadir", "root_dir"): ("dataset.root",),
    ("target", "target_column", "label_column", "label_col", "labels", "y"): ("dataset.label",),
    ("test_size", "test_split", "test_ratio"): ("dataset.test_fraction",),
    ("val_size", "valid_size", "val_split", "validation_split", "validation_size", "n_val"): ("validation",),
    (
        *("mc_samples", "mc_iterations", "n_mc", "num_mc_samples", "n_samples", "samples", "t", "dropout_iterations"),
        *("n_drop", "forward_passes", "n_forward", "num_samples", "k"),
    ): ("posterior.draws",),
    ("n_members", "ensemble_size", "n_models", "num_models", "n_learners", "n_estimators"): ("posterior.members",),
    ("bayesian", "uncertainty", "inference"): ("posterior=",),
    ("dropout", "dropout_rate", "drop_rate", "p_dropout"): ("model.dropout_dense",),
    ("hidden_size", "hidden_units", "hidden_dim", "hidden_layer_sizes", "layers"): ("model.hidden",),
    ("n_threads", "num_threads"): ("threads",),
    ("n_jobs", "num_workers", "n_workers", "jobs", "cores", "cpus", "processes"): ("workers",),
    ("random_state", "random_seed", "rng", "manual_seed", "seed_value", "n_seeds", "repeats", "trials"): ("seed",),
    ("gpu", "gpus", "cuda", "use_cuda", "use_gpu", "accelerator", "device_id"): ("device",),
    (
        *("output", "output_dir", "out_dir", "outdir", "save_dir", "save_path", "log_dir", "logdir"),
        *("results_dir", "result_dir", "out"),
    ): ("results",),
    ("experiment_name", "exp_name", "project", "exp"): ("study",),
    ("run_name", "tag"): ("arm",),
    ("metric", "metrics", "scoring_metric", "performance_metric"): ("evaluation.metrics",),
    ("eval_every", "eval_interval", "log_every"): ("evaluation.every",),
}
"""Words of other tools, in lower case, to what to type here: a key, or a group and = for one of its options."""

NOTES = {
    "training.batch_size": "examples in a training step",
    "schedule.batch": "points labelled in a round",
    "strategy=": "see al-bench list strategies",
    "model=": "see al-bench list models",
    "dataset=": "see al-bench list datasets",
    "posterior=": "see al-bench list posteriors",
    "workers": "processes that score the pool of one run; for several runs at a time -m hydra/launcher=joblib",
    "seed": "several with -m seed=0,1,2",
}
"""What a suggestion means where that may not be plain."""

_COVERAGE = ("coreset_greedy", "coreset_robust")
_CNN = ("batchbald_cnn", "gal2017_cnn", "resnet18")
OTHER_OPTIONS: dict[str, dict[tuple[str, ...], tuple[str, ...]]] = {
    "strategy": {
        ("uncertainty", "uncertainty_sampling", "us", "unc", "uncertain"): ("entropy", "least_confidence", "margin"),
        ("lc", "leastconfidence", "least_conf", "least_confident", "confidence", "max_prob"): ("least_confidence",),
        ("max_entropy", "entropy_sampling", "ent", "predictive_entropy", "maxent"): ("entropy",),
        ("margin_sampling", "breaking_ties", "smallest_margin", "bt", "best_vs_second_best"): ("margin",),
        ("rand", "random_sampling", "rs", "uniform", "passive", "baseline"): ("random",),
        ("coreset", "core_set", "kcenter", "k_center", "kcentre", "k_centre", "kcenter_greedy", "k_center_greedy"): (
            _COVERAGE
        ),
        ("kcentergreedy", "coreset_sampling", "farthest_first", "fps"): ("coreset_greedy",),
        ("qbc", "query_by_committee", "committee", "vote_entropy", "consensus_entropy", "kl", "disagreement"): (
            *("qbc_vote_entropy", "qbc_vote_margin", "qbc_consensus_kl"),
        ),
        ("diversity", "diverse", "cluster", "clustering", "representative", "density"): (
            *("kmeans", "typiclust", "coreset_greedy"),
        ),
        ("k_means", "kmeans_sampling"): ("kmeans",),
        ("mutual_information", "mi", "bald_mc", "mc_bald", "dbal", "bayesian"): ("bald", "batchbald"),
        ("batch_bald", "bbald"): ("batchbald",),
        ("powerbald", "stochastic_bald"): ("power_bald", "softmax_bald", "softrank_bald"),
        ("gradient", "gradient_embedding", "egl", "expected_gradient_length", "badge_sampling"): ("badge",),
        ("fisher", "fisher_information", "fir"): ("bait",),
        ("var_ratio", "var_ratios", "variation_ratios", "varratio"): ("variation_ratio",),
        ("std", "mean_stddev", "meanstd", "variance"): ("mean_std",),
        ("tpc", "tpcrp", "tpc_rp", "typicality"): ("typiclust",),
        ("prob_cover", "coverage"): ("probcover", "maxherding", "coreset_greedy"),
        ("max_herding", "herding", "kernel_herding"): ("maxherding", "uherding"),
        ("u_herding", "uncertainty_herding"): ("uherding",),
        ("drop_query",): ("dropquery",),
        ("class_balancer", "classbalancer", "balanced"): ("class_balance",),
        ("stratified", "stratified_random", "random_clusters"): ("random_stratified",),
        ("alfa_mix", "alfa", "feature_mixing"): ("alfamix",),
        ("contrastive", "contrastive_al", "contrastiveal"): ("cal",),
        ("lloss", "ll4al", "learningloss", "loss_prediction"): ("learning_loss",),
        ("svm", "simple_margin"): ("svm_margin",),
        ("hybrid", "dmb", "diverse_mini_batch"): ("diverse_minibatch", "badge", "clue"),
    },
    "model": {
        ("cnn", "convnet", "conv", "simple_cnn", "lenet", "lenet5", "bayesian_cnn"): _CNN,
        ("resnet", "resnet50", "resnet34", "resnet_18", "wide_resnet", "wrn"): ("resnet18", "resnet_small"),
        ("vgg", "vgg13", "vgg19"): ("vgg11", "vgg16"),
        ("nn", "net", "network", "dense", "fc", "feedforward", "neural_network", "mlpclassifier"): ("mlp",),
        ("logreg", "lr", "logisticregression", "logistic", "softmax", "linear_model"): (
            "logistic_regression",
            "linear",
        ),
        ("rf", "randomforest", "forest", "randomforestclassifier", "trees", "decision_tree"): ("random_forest",),
        ("gbm", "gbdt", "boosting", "gradient_boosting", "hgb", "xgboost", "lightgbm", "catboost"): (
            *("hist_gradient_boosting", "sklearn"),
        ),
        ("svc", "svm", "knn", "naive_bayes", "gp", "scikit_learn"): ("sklearn", "logistic_regression"),
    },
    "posterior": {
        ("dropout", "mcdropout", "mc", "mcd", "bayesian", "mc_drop", "bayes"): ("mc_dropout",),
        ("deep_ensemble", "deep_ensembles", "ensembles", "de", "committee"): ("ensemble",),
        ("none", "point", "map", "off", "softmax", "single"): ("deterministic",),
    },
    "dataset": {
        ("table", "tabular", "tsv", "parquet", "json", "jsonl", "excel", "dataframe", "pandas"): ("csv",),
        ("npy", "numpy", "array", "arrays", "embeddings", "features"): ("npz",),
        ("toy", "blobs", "moons", "gaussian", "make_classification"): ("synthetic",),
        ("cifar", "cifar_10"): ("cifar10", "cifar100"),
        ("fashion", "fmnist", "fashionmnist"): ("fashion_mnist",),
        ("load_digits", "uci_digits", "optdigits"): ("digits", "pendigits"),
        ("image", "imagefolder", "image_folder", "folder", "pictures"): ("images",),
    },
    "training": {
        ("sgd", "cosine"): ("sgd_cosine",),
        ("adam", "adamw", "standard"): ("default",),
    },
}
"""Group to words of other tools, in lower case, to its options."""


def key_suggestions(key: str, known: Collection[str]) -> list[str]:
    """What to type in place of a key of another tool, each with a note where it needs one; empty without any.

    Args:
        key: As typed.
        known: The keys that there are, and the groups.
    """
    word = _plain(key.rpartition(".")[2])
    meant = next((keys for words, keys in OTHER_KEYS.items() if word in map(_plain, words)), ())
    return [_noted(name) for name in meant if name.rstrip("=") in known]


def option_suggestions(group: str, name: str, options: Collection[str]) -> list[str]:
    """The options of a group that a name of another tool may mean; empty without any."""
    word = _plain(name)
    table = OTHER_OPTIONS.get(group, {}).items()
    meant = next((names for words, names in table if word in map(_plain, words)), ())
    return [option for option in meant if option in options]


def _plain(word: str) -> str:
    """A word without what parts it: learningRate, learning-rate and learning_rate are the same."""
    return re.sub(r"[\s_-]", "", word).lower()


def _noted(name: str) -> str:
    shown = f"{name}…" if name.endswith("=") else name
    return f"{shown} ({NOTES[name]})" if name in NOTES else shown
