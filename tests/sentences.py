"""Real texts that come with an installed package."""

from __future__ import annotations

import re
from pathlib import Path

import sklearn.datasets


def described_sentences() -> list[dict[str, str]]:
    """The sentences of scikit-learn's descriptions of four data sets, and of which data set each is."""
    described = {"news": "twenty_newsgroups", "cancer": "breast_cancer", "faces": "lfw", "wine": "wine_data"}
    folder = Path(sklearn.datasets.__file__).parent / "descr"
    rows = []
    for label, name in described.items():
        sentences = re.split(r"(?<=[.:])\s+|\n\n", (folder / f"{name}.rst").read_text())
        texts = dict.fromkeys(" ".join(sentence.split()) for sentence in sentences)
        rows += [{"about": label, "sentence": text} for text in texts if len(text.split()) >= 5]
    return rows
