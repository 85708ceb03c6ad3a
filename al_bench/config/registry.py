"""Where each component and the YAML files live. Adding a component touches its own file, one line here and one YAML."""

from __future__ import annotations

from pathlib import Path

COMPONENTS: dict[str, dict[str, str]] = {
    "dataset": {
        "digits": "al_bench.data.digits:Digits",
        "torchvision": "al_bench.data.images:TorchvisionDataset",
        "repeated_mnist": "al_bench.data.repeated_mnist:RepeatedMNIST",
        "csv": "al_bench.data.csv_table:CsvDataset",
        "benchmark_table": "al_bench.data.csv_table:BenchmarkTable",
        "images": "al_bench.data.image_folder:ImageFolder",
        "hub": "al_bench.data.hub:HubDataset",
        "text": "al_bench.data.text_data:TextDataset",
        "npz": "al_bench.data.arrays:NpzDataset",
        "synthetic": "al_bench.data.synthetic:Synthetic",
        "honeypot": "al_bench.data.diagnostic:Honeypot",
        "diverging_sine": "al_bench.data.diagnostic:DivergingSine",
    },
    "encoder": {
        "none": "al_bench.data.encoders.encoder:NoEncoder",
        "tfidf": "al_bench.data.encoders.tfidf:Tfidf",
        "sentence": "al_bench.data.encoders.sentence:SentenceEncoder",
        "image": "al_bench.data.encoders.pretrained:PretrainedEncoder",
        "file": "al_bench.data.encoders.file:FileEncoder",
        "efficientnet_lite0": "al_bench.data.encoders.efficientnet_lite0:EfficientNetLite0Encoder",
    },
    "model": {
        "mlp": "al_bench.models.mlp:Mlp",
        "gal2017_cnn": "al_bench.models.gal2017_cnn:Gal2017Cnn",
        "batchbald_cnn": "al_bench.models.batchbald_cnn:BatchBaldCnn",
        "resnet": "al_bench.models.resnet:ResNet",
        "emnist_cnn": "al_bench.models.emnist_cnn:EmnistCnn",
        "vgg": "al_bench.models.vgg:Vgg",
        "linear": "al_bench.learners.linear:Linear",
        "logistic_regression": "al_bench.learners.estimators:LogisticRegression",
        "random_forest": "al_bench.learners.estimators:RandomForest",
        "hist_gradient_boosting": "al_bench.learners.estimators:HistGradientBoosting",
        "sklearn": "al_bench.learners.estimators:Sklearn",
        "timm": "al_bench.learners.finetuning.images:TimmModel",
        "efficientnet_lite0": "al_bench.learners.finetuning.images:EfficientNetLite0Model",
        "transformer": "al_bench.learners.finetuning.transformer:Transformer",
    },
    "posterior": {
        "mixture": "al_bench.learners.mixture:Mixture",
        "bootstrap": "al_bench.learners.bootstrap:Bootstrap",
        "laplace": "al_bench.learners.laplace:Laplace",
        "trees": "al_bench.learners.trees:Trees",
    },
    "training": {
        "gradient_descent": "al_bench.learners.training:Training",
    },
    "tuning": {
        "never": "al_bench.learners.tuning:NoTuning",
        "start": "al_bench.learners.tuning:TuneAtStart",
        "every_round": "al_bench.learners.tuning:TuneEveryRound",
    },
    "stress": {
        "none": "al_bench.conditions.stress:NoStress",
        "imbalance": "al_bench.conditions.imbalance:Imbalance",
        "label_noise": "al_bench.conditions.label_noise:LabelNoise",
        "duplicates": "al_bench.conditions.duplicates:Duplicates",
        "outside": "al_bench.conditions.outside:Outside",
        "shift": "al_bench.conditions.shift:Shift",
    },
    "annotator": {
        "perfect": "al_bench.annotators.annotator:Perfect",
        "noisy": "al_bench.annotators.noisy:Noisy",
        "abstaining": "al_bench.annotators.abstaining:Abstaining",
        "panel": "al_bench.annotators.panel:Panel",
    },
    "strategy": {
        "random": "al_bench.strategies.uncertainty:Random",
        "least_confidence": "al_bench.strategies.uncertainty:LeastConfidence",
        "margin": "al_bench.strategies.uncertainty:Margin",
        "entropy": "al_bench.strategies.uncertainty:Entropy",
        "variation_ratio": "al_bench.strategies.uncertainty:VariationRatio",
        "mean_std": "al_bench.strategies.uncertainty:MeanStd",
        "bald": "al_bench.strategies.uncertainty:Bald",
        "svm_margin": "al_bench.strategies.svm:SvmMargin",
        "qbc_vote_entropy": "al_bench.strategies.committee:QbcVoteEntropy",
        "qbc_vote_margin": "al_bench.strategies.committee:QbcVoteMargin",
        "qbc_consensus_kl": "al_bench.strategies.committee:QbcConsensusKl",
        "batchbald": "al_bench.strategies.information:BatchBald",
        "epig": "al_bench.strategies.information:Epig",
        "badge": "al_bench.strategies.gradients:Badge",
        "bait": "al_bench.strategies.gradients:Bait",
        "coreset_greedy": "al_bench.strategies.coverage:CoresetGreedy",
        "coreset_robust": "al_bench.strategies.coverage:CoresetRobust",
        "kmeans": "al_bench.strategies.coverage:KMeans",
        "diverse_minibatch": "al_bench.strategies.coverage:DiverseMinibatch",
        "clue": "al_bench.strategies.coverage:Clue",
        "typiclust": "al_bench.strategies.density:TypiClust",
        "probcover": "al_bench.strategies.density:ProbCover",
        "maxherding": "al_bench.strategies.herding:MaxHerding",
        "uherding": "al_bench.strategies.herding:UHerding",
        "dropquery": "al_bench.strategies.last_layer:DropQuery",
        "alfamix": "al_bench.strategies.last_layer:AlfaMix",
        "falcun": "al_bench.strategies.contrast:Falcun",
        "cal": "al_bench.strategies.contrast:Cal",
        "cluster_margin": "al_bench.strategies.coverage:ClusterMargin",
        "switch": "al_bench.strategies.composed:Switch",
        "class_balance": "al_bench.strategies.composed:ClassBalance",
        "random_stratified": "al_bench.strategies.composed:RandomStratified",
        "learning_loss": "al_bench.strategies.learning_loss:LearningLoss",
        "oracle_greedy": "al_bench.strategies.ceilings:OracleGreedy",
        "oracle_batch": "al_bench.strategies.ceilings:OracleBatch",
        "oracle_loss": "al_bench.strategies.oracle:OracleLoss",
    },
    "stopping": {
        "none": "al_bench.stopping.rules:GoOn",
        "stabilizing_predictions": "al_bench.stopping.rules:StabilizingPredictions",
        "classification_change": "al_bench.stopping.rules:ClassificationChange",
        "overall_uncertainty": "al_bench.stopping.rules:OverallUncertainty",
        "any_of": "al_bench.stopping.rules:AnyOf",
    },
}
"""Config group to schema name to "module:class". Each class is a dataclass whose fields are its config keys."""


def conf_dir() -> str:
    """The folder of the YAML files: inside the wheel, or beside the package in a checkout."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / "conf"
    return str(packaged if packaged.is_dir() else package.parent / "conf")
