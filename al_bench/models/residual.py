"""The residual block of the ResNets."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class ResidualBlock(nn.Module):
    """relu(shortcut(x) + norm(conv3×3(relu(norm(conv3×3(x)))))).

    The shortcut is the identity, or a strided 1×1 convolution with BatchNorm where the shape changes.

    Args:
        channels: The channels of the inputs.
        width: The channels of the outputs.
        stride: The stride of the first convolution.

    Source:
        He, Zhang, Ren and Sun 2016, Deep Residual Learning for Image Recognition (1512.03385), figure 2 and
        section 3.3, option B.
    """

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.shortcut = nn.Sequential()
        if stride != 1 or channels != width:
            self.shortcut.append(nn.Conv2d(channels, width, 1, stride, bias=False))
            self.shortcut.append(nn.BatchNorm2d(width))

    def forward(self, inputs: Tensor) -> Tensor:
        """[n, channels, h, w] to [n, width, h / stride, w / stride]."""
        inner = functional.relu(self.norm1(self.conv1(inputs)))
        return functional.relu(self.norm2(self.conv2(inner)) + self.shortcut(inputs))
