"""The atmospheric scattering model, and the dark channel prior that inverts it blindly."""

from haze_course.physics.priors import (
    DarkChannelParts,
    dark_channel,
    dehaze_dark_channel,
    estimate_airlight,
    estimate_transmission,
    explain_dark_channel,
    guided_filter,
)
from haze_course.physics.scattering import (
    add_haze,
    beta_for,
    far_end,
    linear_to_srgb,
    remove_haze,
    srgb_to_linear,
    transmission_from_depth,
    visibility,
)

__all__ = [
    "DarkChannelParts",
    "add_haze",
    "beta_for",
    "dark_channel",
    "dehaze_dark_channel",
    "estimate_airlight",
    "estimate_transmission",
    "explain_dark_channel",
    "far_end",
    "guided_filter",
    "linear_to_srgb",
    "remove_haze",
    "srgb_to_linear",
    "transmission_from_depth",
    "visibility",
]
