"""Tiny models of random weights in the formats of timm and transformers, and data sets for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.data.encoders.datasets import WORDS, text_dataset


def save_bert(folder: Path, **keys: Any) -> Path:
    """A BERT of two layers and random weights with its tokeniser, as transformers saves a model."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    letters = list("abcdefghijklmnopqrstuvwxyz0123456789")
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    words = [*pieces, *dict.fromkeys(" ".join(WORDS).split())]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(words))
    torch.manual_seed(0)
    sizes = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    config = BertConfig(vocab_size=len(words), max_position_embeddings=64, **sizes, **keys)
    BertModel(config).save_pretrained(folder)
    BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=64).save_pretrained(folder)
    return folder


def save_timm(path: Path, name: str = "test_resnet.r160_in1k") -> Path:
    """Random weights of a network of timm, with its classifier, as its hub has them."""
    import timm
    from safetensors.torch import save_file

    torch.manual_seed(0)
    save_file(timm.create_model(name, pretrained=False).state_dict(), path)
    return path


def write_news(folder: Path, count: int = 40, test: int = 10) -> tuple[str, ...]:
    """A table of texts of three topics, and the overrides that read it."""
    data = text_dataset(count, test)
    lines = [f"{text.strip()},{data.class_names[label]}" for text, label in zip(data.inputs, data.hidden_labels)]  # noqa: B905
    (folder / "news.csv").write_text("text,label\n" + "\n".join(lines) + "\n")
    return ("dataset=text", f"dataset.path={folder / 'news.csv'}", "dataset.text=text", "dataset.label=label")


def write_images(folder: Path, count: int = 40, side: int = 16) -> tuple[str, ...]:
    """An .npz of grey images of bytes whose two classes are bright on the left and on the right."""
    generator = np.random.default_rng(0)
    labels = np.arange(count) % 2
    images = generator.integers(0, 120, (count, side, side)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[:, : side // 2] += 100 if label == 0 else 0
        image[:, side // 2 :] += 100 if label == 1 else 0
    np.savez(folder / "bright.npz", x=images, y=labels)
    return ("dataset=npz", f"dataset.path={folder / 'bright.npz'}")
