"""Networks of timm and torchvision: tiny or random ones in their own formats, as the published weights are not here."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import pytest
import torch

from al_bench.data.encoders.encoder import Workspace
from al_bench.data.encoders.pretrained import PretrainedEncoder
from al_bench.errors import InputError
from tests.data.encoders.datasets import image_dataset

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
needs_timm = pytest.mark.skipif(
    importlib.util.find_spec("timm") is None, reason="timm is not installed: pip install timm"
)


def both(dataset):
    return torch.cat([dataset.inputs[:], dataset.test_inputs[:]])


def save_random(path, name, seed=0, **keys):
    """Random weights of a network of timm, with its classifier, as timm's hub has them."""
    import timm
    from safetensors.torch import save_file

    torch.manual_seed(seed)
    network = timm.create_model(name, pretrained=False, **keys)
    save_file(network.state_dict(), path)
    return network.eval()


@needs_timm
@pytest.mark.parametrize(
    ("name", "size", "dimension"),
    [("test_vit.r160_in1k", 32, 64), ("test_resnet.r160_in1k", None, 96), ("test_efficientnet.r160_in1k", 48, 256)],
    ids=["a transformer", "a ResNet", "an EfficientNet"],
)
def test_features_are_the_networks_before_its_classifier_whatever_else_is_encoded(tmp_path, name, size, dimension):
    network = save_random(tmp_path / "model.safetensors", name)
    encoder = PretrainedEncoder(name=name, weights=str(tmp_path / "model.safetensors"), size=size, batch=4)
    data = image_dataset(6, 3)
    anew = encoder.encode(data, Workspace())
    assert both(anew).shape == (9, dimension)
    assert len(both(anew).unique(dim=0)) == 9
    part = replace(data, inputs=data.inputs[[4, 1]], hidden_labels=data.hidden_labels[[4, 1]])
    place = Workspace(cache=tmp_path)
    assert torch.equal(encoder.encode(part, place).inputs, anew.inputs[[4, 1]])
    again = encoder.encode(data, place)
    assert again.encoding.cached == 5
    assert torch.equal(both(again), both(anew))
    if size is None:
        images = torch.nn.functional.interpolate(
            both(data).float() / 255, (160, 160), mode="bicubic", antialias=True
        ).clamp(0, 1)
        config = network.pretrained_cfg
        mean, std = (torch.tensor(config[key])[:, None, None] for key in ("mean", "std"))
        with torch.no_grad():
            expected = network.forward_head(network.forward_features((images - mean) / std), pre_logits=True)
        assert torch.allclose(both(anew), expected, atol=1e-4)


@needs_timm
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "size", "dimension"),
    [("vit_small_patch14_dinov2.lvd142m", 56, 384), ("vit_base_patch32_clip_224.openai", 64, 768)],
    ids=["dinov2", "clip"],
)
def test_the_presets_networks_load_weights_in_timms_format(tmp_path, name, size, dimension):
    """The published weights are not here: random ones of the same names and shapes stand for them."""
    save_random(tmp_path / "model.safetensors", name)
    encoder = PretrainedEncoder(name=name, weights=str(tmp_path / "model.safetensors"), size=size, batch=2)
    encoded = encoder.encode(image_dataset(2, 1), Workspace())
    assert both(encoded).shape == (3, dimension)


@needs_timm
def test_other_weights_are_another_store_and_weights_of_another_network_are_refused(tmp_path):
    name, data = "test_vit.r160_in1k", image_dataset(3, 1)
    place = Workspace(cache=tmp_path)
    for seed in (0, 1):
        save_random(tmp_path / f"{seed}.safetensors", name, seed)
        encoder = PretrainedEncoder(name=name, weights=str(tmp_path / f"{seed}.safetensors"), size=32)
        assert encoder.encode(data, place).encoding.cached == 0
    save_random(tmp_path / "other.safetensors", "test_resnet.r160_in1k")
    with pytest.raises(
        InputError, match=r"holds no weights of test_vit.r160_in1k: \d+ of its \d+ tensors are not in it"
    ):
        replace(encoder, weights=str(tmp_path / "other.safetensors")).encode(data, Workspace())


@needs_timm
def test_unknown_names_are_one_line():
    with pytest.raises(InputError, match=r"encoder.name is 'resnt18', which is no network of timm"):
        PretrainedEncoder(name="resnt18").encode(image_dataset(), Workspace())
    with pytest.raises(InputError, match=r"timm .* has no weights of that name; it has resnet18\."):
        PretrainedEncoder(name="resnet18.none").encode(image_dataset(), Workspace())


@needs_timm
def test_without_a_network_a_name_says_what_to_put_where(monkeypatch, tmp_path):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError) as error:
        PretrainedEncoder(name="vit_small_patch14_dinov2.lvd142m").encode(image_dataset(), Workspace())
    assert "the weights of vit_small_patch14_dinov2.lvd142m are not on this machine" in str(error.value)
    assert "model.safetensors of timm/vit_small_patch14_dinov2.lvd142m here and give encoder.weights=FILE" in str(
        error.value
    )


def test_torchvisions_networks_give_what_their_last_layer_reads(tmp_path):
    from torchvision import models

    torch.manual_seed(0)
    network = models.resnet18(weights=None).eval()
    torch.save(network.state_dict(), tmp_path / "resnet18.pth")
    encoder = PretrainedEncoder(name="torchvision:resnet18", weights=str(tmp_path / "resnet18.pth"), size=32, batch=4)
    data = image_dataset(5, 2, side=32)
    encoded = encoder.encode(data, Workspace())
    assert both(encoded).shape == (7, 512)
    mean, std = (torch.tensor(values)[:, None, None] for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    with torch.no_grad():
        expected = network((both(data).float() / 255 - mean) / std)
        assert torch.allclose(network.fc(both(encoded)), expected, atol=1e-3)


def test_torchvisions_unknown_names_and_missing_weights_are_one_line(monkeypatch, tmp_path):
    with pytest.raises(InputError, match=r"'torchvision:resnet19', which torchvision does not have; such as resnet"):
        PretrainedEncoder(name="torchvision:resnet19").encode(image_dataset(), Workspace())
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def no_network(*arguments, **keys):
        raise OSError("no route")

    monkeypatch.setattr(torch.hub, "download_url_to_file", no_network)
    with pytest.raises(InputError, match=r"put resnet18-\w+.pth into .*checkpoints, or give encoder.weights=FILE"):
        PretrainedEncoder(name="torchvision:resnet18").encode(image_dataset(), Workspace())


def test_a_name_is_needed():
    with pytest.raises(InputError, match=r"encoder.name is not set: give a network of timm"):
        PretrainedEncoder().encode(image_dataset(), Workspace())
