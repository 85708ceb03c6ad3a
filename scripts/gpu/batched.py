"""The networks of S seeds as one, by torch.func, against one after another: are they equal, and is it faster?"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, stack_module_state, vmap

from gpu.setting import Setting, line

SEEDS, POINTS, BATCH, RATE = 10, 100, 64, 1e-3


def batched(setting: Setting) -> list[dict[str, str]]:
    """Adam on the same batches, with dropout for the times and without it for the difference of the weights."""
    steps = max(2, setting.sizes.steps // 3)
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(POINTS, 1, 28, 28, generator=generator).to(setting.device)
    labels = torch.randint(10, (POINTS,), generator=generator).to(setting.device)
    differences = []
    for count in (1, steps):
        one_by_one = separate(0.0, images, labels, count)
        together = as_one(0.0, images, labels, count)
        differences.append(
            max(
                float((parameter.detach() - together[name][seed]).abs().max())
                for seed, network in enumerate(one_by_one)
                for name, parameter in network.named_parameters()
            )
        )
    ours, _ = setting.seconds(lambda: as_one(0.5, images, labels, steps), 1)
    theirs, _ = setting.seconds(lambda: separate(0.5, images, labels, steps), 1)
    agreement = f"weights apart by {differences[0]:.2g} after 1 step and {differences[1]:.2g} after {steps}"
    subject = f"training {SEEDS} seeds as one network, {steps} steps of {BATCH} (not in al-bench)"
    return [line("seeds", subject, "one after another", ours, theirs, agreement)]


def networks(dropout: float, device: torch.device) -> list[nn.Module]:
    """The BatchBALD CNN of each seed, with torch's own layers."""
    made: list[nn.Module] = []
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        network = nn.Sequential(
            *(nn.Conv2d(1, 32, 5), nn.Dropout2d(dropout), nn.MaxPool2d(2), nn.ReLU()),
            *(nn.Conv2d(32, 64, 5), nn.Dropout2d(dropout), nn.MaxPool2d(2), nn.ReLU()),
            *(nn.Flatten(), nn.Linear(1024, 128), nn.Dropout(dropout), nn.ReLU(), nn.Linear(128, 10)),
        )
        made.append(network.to(device).train())
    return made


def batches(steps: int, device: torch.device) -> Tensor:
    """[S, steps, batch] positions of the points."""
    generators = [torch.Generator().manual_seed(seed) for seed in range(SEEDS)]
    rows = [[torch.randperm(POINTS, generator=each)[:BATCH] for _ in range(steps)] for each in generators]
    return torch.stack([torch.stack(each) for each in rows]).to(device)


def separate(dropout: float, images: Tensor, labels: Tensor, steps: int) -> list[nn.Module]:
    """The trained networks, one after another."""
    made = networks(dropout, images.device)
    for network, rows_of_steps in zip(made, batches(steps, images.device), strict=True):
        optimiser = torch.optim.Adam(network.parameters(), RATE)
        for rows in rows_of_steps:
            loss = nn.functional.cross_entropy(network(images[rows]), labels[rows])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
    return made


def as_one(dropout: float, images: Tensor, labels: Tensor, steps: int) -> dict[str, Tensor]:
    """The trained parameters [S, ...] by name."""
    made = networks(dropout, images.device)
    stacked, _ = stack_module_state(made)
    empty = copy.deepcopy(made[0]).to("meta")
    parameters = {name: values.detach().requires_grad_() for name, values in stacked.items()}
    optimiser = torch.optim.Adam(list(parameters.values()), RATE)

    def loss(values: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return nn.functional.cross_entropy(functional_call(empty, values, (x,)), y)

    gradients = vmap(grad(loss), randomness="different")
    for rows in batches(steps, images.device).unbind(1):
        given = gradients({name: value.detach() for name, value in parameters.items()}, images[rows], labels[rows])
        for name, value in parameters.items():
            value.grad = given[name]
        optimiser.step()
    return {name: value.detach() for name, value in parameters.items()}
