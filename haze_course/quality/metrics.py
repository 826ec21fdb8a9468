"""How close is a dehazed image to the clear one?  PSNR, SSIM and CIEDE2000, one number an image.

    Wang, Bovik, Sheikh, Simoncelli, Image quality assessment, IEEE TIP 13(4), 2004.
    Sharma, Wu, Dalal, The CIEDE2000 color-difference formula, Color Res. Appl. 30(1), 2005.

All take two batches in [0, 1], (B, C, H, W), and return (B,) float64: average afterwards, never
before the logarithm. The image is clamped to [0, 1], as a saved file would be; the target is the
truth and must lie there already. Real photographs have no truth, so no such number exists for them.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from haze_course.guards import check_choice, check_image, check_unit_range

SSIM_PROTOCOLS = {
    "valid": "RGB, only the 11 x 11 windows that fit (Wang et al.; scikit-image)",
    "padded": "RGB, a border of zeros around the image (FFA-Net)",
    "luma": "BT.601 luma in studio range 16-235 (MATLAB's rgb2ycbcr), only the windows that fit",
    "downsampled": "RGB, averaged down to a short side of about 256 (Wang's script, DehazeFormer)",
}
WINDOW = 11  # taps of the Gaussian, sigma 1.5
_LUMA = (65.481 / 255, 128.553 / 255, 24.966 / 255)  # R, G, B; black is 16/255, white 235/255
_XYZ_FROM_RGB = (
    (0.412453, 0.357580, 0.180423),  # BT.709 primaries, D65
    (0.212671, 0.715160, 0.072169),
    (0.019334, 0.119193, 0.950227),
)
_D65 = (0.95047, 1.0, 1.08883)  # 2 degree observer


def psnr(image: Tensor, target: Tensor) -> Tensor:
    """Peak signal-to-noise ratio, ``-10 log10(mean((image - target)^2))`` dB; inf at equality.

    >>> psnr(torch.full((1, 3, 8, 8), 0.75), torch.full((1, 3, 8, 8), 0.5)).item()  # MSE 1/16
    12.041...
    """
    image, target = _alike(image, target)
    return -10 * (image - target).square().mean(dim=(1, 2, 3)).log10()


def ssim(image: Tensor, target: Tensor, *, protocol: str = "valid") -> Tensor:
    """Structural similarity, the mean over channels and 11 x 11 Gaussian windows of

        (2 m_x m_y + c1) (2 s_xy + c2) / ((m_x^2 + m_y^2 + c1) (s_x^2 + s_y^2 + c2))

    with local means m, variances s^2 and covariance s_xy, c1 = 0.01^2, c2 = 0.03^2: at most 1.

    Args:
        image: (B, C, H, W), any C; RGB for the protocol "luma".
        target: same shape.
        protocol: a key of `SSIM_PROTOCOLS`. Papers differ here by more than methods do: name it.

    >>> x = torch.full((1, 3, 16, 16), 0.5)
    >>> ssim(x, x).item()
    1.0
    """
    check_choice(protocol, "protocol", SSIM_PROTOCOLS)
    image, target = _alike(image, target, channels=3 if protocol == "luma" else None)
    (height, width), both = image.shape[-2:], torch.cat([image, target])  # (2B, C, H, W)
    if protocol == "luma":
        both = (both * both.new_tensor(_LUMA)[:, None, None]).sum(dim=1, keepdim=True) + 16 / 255
    elif protocol == "downsampled":
        factor = max(1, round(min(height, width) / 256))  # a half rounds to even
        both = F.adaptive_avg_pool2d(both, (height // factor, width // factor))
    elif protocol == "padded":
        both = F.pad(both, (WINDOW // 2,) * 4)
    if min(both.shape[-2:]) < WINDOW:
        raise ValueError(
            f"ssim: expected at least {WINDOW} x {WINDOW} pixels, got {height} x {width}; "
            'take a larger crop, or protocol="padded", which fills the border with zeros'
        )
    x, y = both.chunk(2)
    mean_x, mean_y = _blur(x), _blur(y)
    variances = _blur(x.square() + y.square()) - mean_x.square() - mean_y.square()
    covariance = _blur(x * y) - mean_x * mean_y  # float64: this difference cancels in float32
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x.square() + mean_y.square() + c1)
    structure = (2 * covariance + c2) / (variances + c2)
    return (luminance * structure).mean(dim=(1, 2, 3))


def ciede2000(image: Tensor, target: Tensor) -> Tensor:
    """Mean colour difference over the pixels: 0 is equal, about 1 is the least an eye can see.

    Both are sRGB, (B, 3, H, W). Returns (B,) float64; smaller is better.

    >>> black, white = torch.zeros(1, 3, 2, 2), torch.ones(1, 3, 2, 2)
    >>> round(ciede2000(black, white).item(), 3)
    100.0
    """
    image, target = _alike(image, target, channels=3)
    return delta_e_2000(srgb_to_lab(image), srgb_to_lab(target)).mean(dim=(1, 2, 3))


def srgb_to_lab(image: Tensor) -> Tensor:
    """sRGB in [0, 1] -> CIE L*a*b* under D65, L* in [0, 100].  (B, 3, H, W) -> same, float64."""
    image = image.double()
    curve = ((image.clamp_min(0.04045) + 0.055) / 1.055) ** 2.4
    linear = torch.where(image > 0.04045, curve, image / 12.92)
    xyz = torch.einsum("dc,bchw->bdhw", linear.new_tensor(_XYZ_FROM_RGB), linear)
    xyz = xyz / xyz.new_tensor(_D65)[:, None, None]
    edge = (6 / 29) ** 3  # below it the cube root is replaced by its tangent
    root = torch.where(xyz > edge, xyz.clamp_min(edge) ** (1 / 3), xyz * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = root.unbind(dim=1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


def delta_e_2000(lab: Tensor, other: Tensor) -> Tensor:
    """CIEDE2000 difference of two L*a*b* images, pixel by pixel.  (B, 3, H, W) -> (B, 1, H, W)."""
    (l1, a1, b1), (l2, a2, b2) = lab.double().unbind(dim=1), other.double().unbind(dim=1)
    # Near grey, a* is stretched, so that small chroma differences count as the eye sees them.
    stretch = 1.5 - 0.5 * _saturation((torch.hypot(a1, b1) + torch.hypot(a2, b2)) / 2)
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = torch.hypot(a1, b1), torch.hypot(a2, b2)
    h1, h2 = (torch.rad2deg(torch.atan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))

    grey = c1 * c2 == 0  # a grey pixel has no hue: neither a difference nor a mean
    turn = h2 - h1
    wraps = turn.abs() > 180  # the short way round passes through 0 degrees
    turn = torch.where(wraps, turn - 360 * turn.sign(), turn)
    half = torch.where(h1 + h2 < 360, 180.0, -180.0)
    hue = torch.where(wraps, (h1 + h2) / 2 + half, (h1 + h2) / 2)
    hue = torch.where(grey, h1 + h2, hue)
    d_hue = 2 * (c1 * c2).sqrt() * torch.deg2rad(torch.where(grey, 0.0, turn) / 2).sin()

    lightness, chroma = (l1 + l2) / 2 - 50, (c1 + c2) / 2
    angle = torch.deg2rad(hue)
    weight = 1 - 0.17 * (angle - math.radians(30)).cos() + 0.24 * (2 * angle).cos()
    weight += 0.32 * (3 * angle + math.radians(6)).cos()
    weight -= 0.20 * (4 * angle - math.radians(63)).cos()
    d_l = (l2 - l1) / (1 + 0.015 * lightness**2 / (20 + lightness**2).sqrt())
    d_c = (c2 - c1) / (1 + 0.045 * chroma)
    d_h = d_hue / (1 + 0.015 * chroma * weight)
    blue = 60 * torch.exp(-(((hue - 275) / 25) ** 2))  # hue and chroma interact in blues
    rotation = -2 * _saturation(chroma) * torch.deg2rad(blue).sin()
    squared = d_l**2 + d_c**2 + d_h**2 + rotation * d_c * d_h
    return squared.clamp_min(0).sqrt()[:, None]


def _alike(image: Tensor, target: Tensor, channels: int | None = None) -> tuple[Tensor, Tensor]:
    """Both as float64 in [0, 1], or a ValueError."""
    check_image(image, "image", channels=channels)
    check_unit_range(check_image(target, "target", channels=channels), "target")
    if image.shape != target.shape:
        raise ValueError(
            f"image and target: expected equal shapes, got {tuple(image.shape)} and "
            f"{tuple(target.shape)}; crop padding away before you measure"
        )
    return image.double().clamp(0, 1), target.double().clamp(0, 1)


def _blur(x: Tensor) -> Tensor:
    """The 11-tap Gaussian along rows, then columns.  (B, C, H, W) -> (B, C, H-10, W-10)."""
    weights = torch.exp(-torch.arange(-5, 6, dtype=torch.float64).square() / (2 * 1.5**2))
    first, *rest = (weights / weights.sum()).tolist()
    # Eleven shifted sums: several times faster than conv2d, which is slow in float64.
    for dim in (-1, -2):
        fits = x.shape[dim] - WINDOW + 1
        blurred = x.narrow(dim, 0, fits) * first
        for k, weight in enumerate(rest, start=1):
            blurred.add_(x.narrow(dim, k, fits), alpha=weight)
        x = blurred
    return x


def _saturation(chroma: Tensor) -> Tensor:
    """From 0 for grey to 1 for strong colour, half-way at a chroma of about 21."""
    return (chroma**7 / (chroma**7 + 25.0**7)).sqrt()
