"""Frame after frame without brightness that pumps, and how much it pumps.

A network that sees one frame at a time answers a car that passes with other gates for the whole
picture, and the whole picture flickers. So the gates are averaged over time.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from haze_course.deploy.inference import Dehazer, check_picture
from haze_course.deploy.tiles import Gates
from haze_course.guards import check_number

_PLACE, _STILL = 16, 0.5  # pixels; grey levels
_CUT = 0.1  # mean change from frame to frame, of 1: a new shot


class SteadyDehazer:
    """frame -> dehazed frame, its gates averaged over time: g <- a g + (1 - a) g_now.

    a = exp(-1 / (rate * smoothing)). g_now are the gates that the frame would open alone. Were
    they read while g is in place, later gates would answer the earlier ones that were replaced,
    and the average would drift; so each frame, or a copy of at most `GATE_PIXELS`, goes through
    the network once more. A new shot starts the average anew.

    Args:
        dehazer: its network has gates.
        rate: frames a second.
        smoothing: seconds over which the average forgets.
    """

    def __init__(self, dehazer: Dehazer, *, rate: float, smoothing: float = 1.0) -> None:
        check_number(rate, "rate", 1e-3)
        check_number(smoothing, "smoothing", 1e-3)
        self._dehazer, self._keep = dehazer, math.exp(-1 / (rate * smoothing))
        self._gates: Gates = {}
        self._before: Tensor | None = None

    def __call__(self, frame: Tensor) -> Tensor:
        """Hazy (1, 3, H, W), any float -> dehazed, same shape, float32."""
        frame = check_picture(frame)
        before, self._before = self._before, frame
        now = {name: gate.float() for name, gate in self._dehazer.gates(frame).items()}
        if before is None or before.shape != frame.shape or (frame - before).abs().mean() > _CUT:
            self._gates = now
        self._gates = {  # in float32: a step of the average is finer than bfloat16
            name: torch.lerp(gate, self._gates[name], self._keep) for name, gate in now.items()
        }
        return self._dehazer.with_gates(frame, self._gates)


class Flicker:
    """How much places of the output move whose input holds still, in grey levels a frame.

    Places are means of 16 x 16 pixels, so that noise counts little; an input holds still that
    moves by less than half a grey level. What the scene does, a car or a cloud, is thus left out.
    """

    def __init__(self) -> None:
        self._before: tuple[Tensor, Tensor] | None = None
        self._changes: list[float] = []

    def add(self, hazy: Tensor, dehazed: Tensor) -> None:
        """The next frame, both (1, 3, H, W)."""
        now = (_places(hazy), _places(dehazed))
        if self._before is not None and self._before[0].shape == now[0].shape:
            given, made = ((b - a).abs() for a, b in zip(self._before, now, strict=True))
            still = given < _STILL
            if still.any():
                self._changes.append(made[still].mean().item())
        self._before = now

    @property
    def value(self) -> float:
        """Grey levels of 255; nan where nothing held still."""
        return sum(self._changes) / len(self._changes) if self._changes else math.nan


def _places(image: Tensor) -> Tensor:
    """Means of squares of grey, (1, 1, h, w), in grey levels of 255."""
    grey = image.clamp(0, 1).mean(dim=1, keepdim=True) * 255
    return F.avg_pool2d(grey, _PLACE, ceil_mode=True)
