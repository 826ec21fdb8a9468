"""Depth of rooms that are made up: a box to stand in, smaller boxes to look at.

Real photographs with exact indoor depth are not free to share. A photograph hung with the depth of
a made-up room has real texture and depth that jumps; only, the two know nothing of each other, so
nothing but the haze itself tells how far away a pixel is.
"""

import math

import torch
from torch import Tensor

_ROOM = (2.5, 8.0), (2.2, 4.0), (3.0, 10.0)  # metres: width, height, length
_BOX = (0.1, 1.5)  # metres, every side
_FIELD = (20.0, 75.0)  # degrees, across what is seen
_STAND = (0.1, 0.9), (0.4, 0.8), (0.05, 0.3)  # where the camera is, as shares of the room
_TURN, _TILT = 50.0, 20.0  # degrees away from the room's length, to either side
_BOXES = 12  # at most


def room_depth(size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Depth along the axis of a camera in a random room, and how far the room's last corner is.

    Args:
        size: S, side of the view in pixels.
        generator: all random numbers come from it.

    Returns:
        Metres, (1, S, S), and a scalar, the scale that a share of haze refers to.
    """
    room = torch.stack([_between(limits, generator) for limits in _ROOM])
    eye = room * torch.stack([_between(limits, generator) for limits in _STAND])
    rays = _rays(size, generator)
    depth = _hits(rays, eye, torch.zeros(3), room)[1]  # from inside, the walls lie behind all
    for box in range(int(torch.randint(_BOXES + 1, (), generator=generator))):
        sides = torch.stack([_between(_BOX, generator) for _ in room])
        low = (room - sides).clamp(min=0) * torch.rand(3, generator=generator)
        low[1] *= box % 2  # every other one stands on the floor
        enter, leave = _hits(rays, eye, low, low + sides)
        seen = (enter < leave) & (enter > 0.3)  # not what holds the camera, or touches it
        depth = torch.where(seen, torch.minimum(depth, enter), depth)
    return depth[None], torch.maximum(eye, room - eye).norm()


def _rays(size: int, generator: torch.Generator) -> Tensor:
    """(S, S, 3), one metre deep each, of a camera that looks along the room, more or less."""
    half = math.tan(math.radians(float(_between(_FIELD, generator))) / 2)
    turn, tilt = (math.radians(float(_between((-a, a), generator))) for a in (_TURN, _TILT))
    across = torch.linspace(-half, half, size)
    up, right = torch.meshgrid(-across, across, indexing="ij")
    ahead = math.cos(tilt) - math.sin(tilt) * up
    up = math.sin(tilt) + math.cos(tilt) * up
    x = math.cos(turn) * right + math.sin(turn) * ahead
    z = math.cos(turn) * ahead - math.sin(turn) * right
    return torch.stack([x, up, z], dim=-1)


def _hits(rays: Tensor, eye: Tensor, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Where each ray enters and leaves a box with these corners, in lengths of the ray."""
    ways = torch.where(rays.abs() < 1e-6, torch.full_like(rays, 1e-6), rays)
    first, second = (low - eye) / ways, (high - eye) / ways
    return torch.minimum(first, second).amax(dim=-1), torch.maximum(first, second).amin(dim=-1)


def _between(limits: tuple[float, float], generator: torch.Generator) -> Tensor:
    low, high = limits
    return low + (high - low) * torch.rand((), generator=generator)
