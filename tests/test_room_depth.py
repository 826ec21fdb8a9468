"""Made-up rooms obey perspective, and only photographs are hung with them."""

import pytest
import torch

import haze_course as hc
from haze_course.data import room_depth
from haze_course.data.crops import CropSettings, HazyCrops


def room(seed: int, size: int = 32) -> tuple[torch.Tensor, torch.Tensor]:
    return room_depth.room_depth(size, torch.Generator().manual_seed(seed))


@pytest.fixture
def seeds(generator: torch.Generator) -> list[int]:
    return torch.randint(10**6, (20,), generator=generator).tolist()


def test_nothing_lies_behind_the_last_corner(seeds: list[int]) -> None:
    for seed in seeds:
        depth, corner = room(seed)
        assert depth.shape == (1, 32, 32), seed
        assert depth.min() > 0, seed
        assert depth.max() <= corner, seed
        assert torch.equal(room(seed)[0], depth), seed


def test_walls_are_planes_and_boxes_stand_before_them(
    seeds: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """1 / z of a plane is affine in the pixel, and the nearest of a room's walls is the largest."""
    furnished = {seed: room(seed)[0] for seed in seeds}
    monkeypatch.setattr(room_depth, "_BOXES", 0)
    for seed, depth in furnished.items():
        empty = room(seed)[0]
        assert (depth <= empty).all(), seed
        for dim in (1, 2):
            bend = (1 / empty.double()).diff(n=2, dim=dim)
            assert bend.min() > -1e-5, seed  # convex along every row and column
    assert any((depth < room(seed)[0]).any() for seed, depth in furnished.items())


def test_photographs_alone_are_hung_with_rooms() -> None:
    cut = CropSettings(batch=4, size=16, large_share=0, constant_share=1, room_share=1)
    bare = CropSettings(batch=4, size=16, large_share=0, constant_share=1)
    scenes, photos = hc.data.scenes("train")[:2], hc.data.photos("train")[:2]
    for name, made, plain in zip(
        HazyCrops(scenes, cut=cut)(3)._fields,
        HazyCrops(scenes, cut=cut)(3),
        HazyCrops(scenes, cut=bare)(3),
        strict=True,
    ):
        assert torch.equal(made, plain), name
    varies = HazyCrops(photos, cut=cut)(3).transmission.flatten(1).std(dim=1)
    assert (varies > 0).all()
    assert (HazyCrops(photos, cut=bare)(3).transmission.flatten(1).std(dim=1) < 1e-6).all()
