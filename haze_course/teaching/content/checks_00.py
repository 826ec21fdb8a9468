"""Exercises of notebook 00: a first answer, and one that has to be refused."""

from haze_course.teaching import checking
from haze_course.teaching.checking import Draw, Exercise, as_tensor, expect, same


def clip(image):
    """Values below 0 become 0, values above 1 become 1, all others stay."""
    return image.clamp(0, 1)


def _wild(draw: Draw, height: int, width: int):
    """A picture with values from -1 to 2, as after dehazing."""
    return 3 * draw.image(height, width) - 1


def keeps_the_shape(answer, draw: Draw):
    """What comes out has the shape of what went in."""
    image = _wild(draw, draw.whole(2, 6), draw.whole(2, 6))
    shape = tuple(image.shape)
    as_tensor(answer(image), f"a picture of shape {shape}", shape)


def stays_in_range(answer, draw: Draw):
    """Nothing below 0 and nothing above 1 comes out."""
    found = as_tensor(answer(_wild(draw, 5, 7)), "a picture with values from -1 to 2")
    low, high = found.min().item(), found.max().item()
    what = "a picture with values from -1 to 2"
    expect(low >= 0, f"{what}: the smallest value that came out is {low:.3f}")
    expect(high <= 1, f"{what}: the largest value that came out is {high:.3f}")


def leaves_a_good_picture_alone(answer, draw: Draw):
    """A picture whose values all lie between 0 and 1 stays as it is."""
    image = 0.05 + 0.9 * draw.image(4, 6)
    found = as_tensor(answer(image), "a picture of 4 x 6", tuple(image.shape))
    moved = (found - image).abs()
    worst = int(moved.argmax())
    went, came = image.flatten()[worst].item(), found.flatten()[worst].item()
    expect(moved.max() < 1e-5, f"{went:.3f} went in and {came:.3f} came out")


def ends_at_the_nearest_end(answer, draw: Draw):
    """Darker than black becomes black, brighter than white becomes white."""
    below, above = -draw.number(0.1, 2), 1 + draw.number(0.1, 2)
    image = draw.image(4, 6)
    image[..., :2, :] = below
    image[..., 2:, :3] = above
    same(answer(image), clip(image), f"a picture that holds {below:.2f} and {above:.2f}")


def spoil(image):
    """Never below 0 or above 1, and wrong all the same: a negative."""
    return 1 - image.clamp(0, 1)


def is_refused(answer, draw: Draw):
    """The check of exercise 00-1 refuses it."""
    verdict = checking.check(EXERCISES["00-1"], answer, draw.seed)
    expect(not verdict.done, f"that check found nothing wrong: {verdict.held} properties hold")


EXERCISES = {
    "00-1": Exercise(
        clip,
        (keeps_the_shape, stays_in_range, leaves_a_good_picture_alone, ends_at_the_nearest_end),
        (
            "Three cases for a value: too small, too large, in between. Only two of them change.",
            "PyTorch has one function for all three cases at once, or use `torch.where` twice, "
            "or a minimum of a maximum.",
            "Return `image.clamp(...)` with the two ends in place of the dots.",
        ),
    ),
    "00-2": Exercise(
        spoil,
        (keeps_the_shape, stays_in_range, is_refused),
        (
            "A property is a promise. Two promises of 00-1 say nothing about what a picture shows.",
            "Take any picture that stays between black and white, whatever comes in: one grey, "
            "a negative, noise.",
            "Start from `image.clamp(0, 1)` and do something to it that keeps it between 0 and 1: "
            "square it, turn it over, subtract it from 1.",
        ),
    ),
}
