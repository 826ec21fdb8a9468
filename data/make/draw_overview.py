"""Draw the picture of README.md from shipped pictures: writes data/results/overview.jpg.

    python data/make/draw_overview.py

First row: a rendered scene with exact depth, its transmission, the haze that follows, and the dark
channel prior's answer. Second row: real haze, and what the prior makes of it.
"""

from matplotlib.figure import Figure
from tables import DATA
from torch import Tensor

import haze_course as hc

SCENE, T_FAR, AIRLIGHT = "row_houses_003", 0.05, 0.9
REAL = ("goldentemple", "machupicchu")


def main() -> None:
    hc.plots.use_style()
    scene = next(scene for scene in hc.data.scenes() if scene.name == SCENE)
    beta = hc.physics.beta_for(scene.depth, T_FAR)
    transmission = hc.physics.transmission_from_depth(scene.depth, beta)
    hazy = hc.physics.add_haze(scene.clear, transmission, AIRLIGHT)
    rows: list[dict[str, Tensor]] = [
        {
            "clear  J": scene.clear,
            "transmission  t": transmission,
            "hazy  I = J t + A (1 - t)": hazy,
            "dehazed by the dark channel": hc.physics.dehaze_dark_channel(hazy),
        }
    ]
    real = {photo.name: photo.hazy for photo in hc.data.real_haze()}
    second = {}
    for name in REAL:
        second[f"real haze: {name.replace('_', ' ')}"] = real[name]
        second["dehazed" + " " * len(second)] = hc.physics.dehaze_dark_channel(real[name])
    rows.append(second)
    figure = Figure(figsize=(12, 4.75), layout="constrained")
    for r, row in enumerate(rows):
        for c, (title, panel) in enumerate(row.items()):
            axes = figure.add_subplot(2, 4, 4 * r + c + 1)
            axes.set_axis_off()
            axes.set_title(title, fontsize=11)
            window = three_to_two(panel)[0].permute(1, 2, 0).clamp(0, 1)
            axes.imshow(window.squeeze(-1), vmin=0, vmax=1)
    path = DATA / "results" / "overview.jpg"
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=110, pil_kwargs={"quality": 90})
    print(path.relative_to(DATA.parent))


def three_to_two(image: Tensor) -> Tensor:
    """The largest centred window of width to height 3 to 2, so that all panels align."""
    height, width = image.shape[-2:]
    high, wide = min(height, width * 2 // 3), min(width, height * 3 // 2)
    top, left = (height - high) // 2, (width - wide) // 2
    return image[..., top : top + high, left : left + wide]


if __name__ == "__main__":
    main()
