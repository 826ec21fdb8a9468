"""Exercises of notebook 06: a super-resolution teacher."""

import torch
import torch.nn.functional as F
from torch import nn

from haze_course.teaching.checking import Draw, Exercise, as_tensor, expect, same


def separable(c, d, k):
    """Parameters of a depthwise-separable layer, with all biases."""
    depthwise = c * k * k + c
    mixing = c * d + d
    return depthwise + mixing


def twice_the_inputs(answer, draw: Draw):
    """Twice the inputs never need more than twice the parameters."""
    c, d, k = draw.whole(5, 30), draw.whole(2, 30), draw.whole(2, 4) * 2 - 1
    few, many = (as_tensor(answer(x, d, k), "a number", ()) for x in (c, 2 * c))
    what = f"d = {d}, k = {k}: {few:.0f} parameters for {c} inputs, {many:.0f} for {2 * c}"
    expect(many <= 2 * few, what)


def a_wider_kernel_costs_no_output(answer, draw: Draw):
    """What a wider kernel costs does not depend on how many outputs there are."""
    c, d, k = draw.whole(2, 30), draw.whole(2, 30), draw.whole(1, 3) * 2 - 1
    more = [
        as_tensor(answer(c, x, k + 2), "a number", ()) - as_tensor(answer(c, x, k), "", ())
        for x in (d, d + 5)
    ]
    what = f"c = {c}, {k} x {k} to {k + 2} x {k + 2}: {more[0]:.0f} more parameters for {d} outputs"
    expect(abs(more[0] - more[1]) < 0.5, f"{what}, {more[1]:.0f} more for {d + 5}")


def pytorch_counts_as_many(answer, draw: Draw):
    """PyTorch counts as many in two such layers, weights and biases."""
    c, d, k = draw.whole(2, 30), draw.whole(2, 30), draw.whole(1, 4) * 2 + 1
    depthwise = nn.Conv2d(c, c, k, groups=c, device="meta")
    mixing = nn.Conv2d(c, d, 1, device="meta")
    wanted = sum(p.numel() for layer in (depthwise, mixing) for p in layer.parameters())
    same(answer(c, d, k), wanted, f"c = {c}, d = {d}, k = {k}", tolerance=1e-6)


def transposed(x, taps, stride=2, padding=4, output_padding=1):
    """Place, weigh, add: one input after the other."""
    y = torch.zeros(stride * (len(x) - 1) + len(taps) + output_padding)
    for i, value in enumerate(x):
        y[stride * i : stride * i + len(taps)] += value * taps
    return y[padding : len(y) - padding]


def _values(draw: Draw, count: int):
    return 2 * draw.image(1, count, channels=1).flatten() - 1


def it_doubles_a_line(answer, draw: Draw):
    """With nine taps and FSRCNN's numbers, n values become 2n."""
    n = draw.whole(3, 9)
    as_tensor(answer(_values(draw, n), _values(draw, 9)), f"{n} values, nine taps", (2 * n,))


def nothing_gets_lost(answer, draw: Draw):
    """Uncut, the outputs sum to the sum of the inputs times the sum of the taps."""
    n, taps, stride = draw.whole(3, 6), draw.image(1, 5, channels=1).flatten(), draw.whole(1, 3)
    x = 0.5 + draw.image(1, n, channels=1).flatten()
    found = as_tensor(answer(x, taps, stride, 0, 0), f"{n} values, five taps, no cuts")
    what = f"{n} values, five taps, stride {stride}, no cuts: the sum of your outputs"
    same(found.sum(), x.sum() * taps.sum(), what)


def one_input_places_the_taps(answer, draw: Draw):
    """A 1 among zeros places the taps at its position, `stride` places further for each input."""
    n, stride, taps = draw.whole(3, 6), draw.whole(2, 3), _values(draw, 5)
    i = draw.whole(1, n - 1)
    x, wanted = torch.zeros(n), torch.zeros(stride * (n - 1) + 5)
    x[i] = 1
    wanted[stride * i : stride * i + 5] = taps
    what = f"{n} inputs, a 1 at place {i}, five taps, stride {stride}, no cuts"
    same(answer(x, taps, stride, 0, 0), wanted, what)


def is_the_convolution_transposed(answer, draw: Draw):
    """It is the transpose: `(transposed(x) * y).sum()` equals `(x * convolved(y)).sum()`."""
    stride, padding = draw.whole(2, 3), draw.whole(2, 4)
    extra, n = draw.whole(1, stride - 1), draw.whole(4, 7)
    x, taps = _values(draw, n), _values(draw, 9)
    what = f"{n} values, stride {stride}, padding {padding}, output_padding {extra}"
    length = stride * (n - 1) + 9 - 2 * padding + extra
    found = as_tensor(answer(x, taps, stride, padding, extra), what, (length,))
    y = _values(draw, length)
    convolved = F.conv1d(y[None, None], taps[None, None], stride=stride, padding=padding)[0, 0]
    same((found * y).sum(), (x * convolved).sum(), f"{what}: `(transposed(x) * y).sum()`")


def frozen(network):
    """The network, ready to be a teacher."""
    return network.eval().requires_grad_(False)


def _network(draw: Draw):
    """A small one in training mode, with everything that can go wrong."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(draw.seed)
        inside = nn.Sequential(nn.BatchNorm2d(4), nn.PReLU(4), nn.Dropout(0.5))
        return nn.Sequential(nn.Conv2d(3, 4, 3), inside, nn.Conv2d(4, 2, 1))


def _answers(network, image):
    """Run it; dropout must not disturb the notebook's random numbers."""
    with torch.random.fork_rng(devices=[]):
        return network(image)


def it_hands_back_the_network(answer, draw: Draw):
    """It hands back a network, with all its weights as they were."""
    network = _network(draw)
    before = {name: x.clone() for name, x in network.state_dict().items()}
    found = answer(network)
    expect(isinstance(found, nn.Module), f"a network went in, {type(found).__name__} came back")
    after = found.state_dict()
    kept = before.keys() == after.keys() and all(torch.equal(before[n], after[n]) for n in before)
    expect(kept, "weights or statistics differ from those of the network that went in")


def it_answers_the_same_twice(answer, draw: Draw):
    """Asked twice about one picture, a network with dropout answers the same."""
    network, image = answer(_network(draw)), draw.image(9, 9)
    with torch.random.fork_rng(devices=[]):  # two different draws of dropout
        first, second = network(image), network(image)
    gap = (first - second).abs().max()
    expect(gap == 0, f"one picture of 9 x 9, twice: the answers differ by up to {gap:.2g}")


def the_statistics_stay(answer, draw: Draw):
    """What batch norm has collected stays, whatever passes through."""
    network = answer(_network(draw))
    before = {name: x.clone() for name, x in network.named_buffers()}
    _answers(network, 5 + draw.image(9, 9, batch=2))
    moved = [name for name, x in network.named_buffers() if not torch.equal(x, before[name])]
    expect(not moved, f"after one batch, {', '.join(moved)} changed")


def no_weight_gets_a_gradient(answer, draw: Draw):
    """No weight gets a gradient, whatever is trained behind the network."""
    network = answer(_network(draw))
    behind = torch.ones((), requires_grad=True)  # a student of one weight
    (behind * _answers(network, draw.image(9, 9))).square().mean().backward()
    hit = [name for name, p in network.named_parameters() if p.grad is not None]
    expect(not hit, f"after a backward pass, {', '.join(hit)} have gradients")


def a_gradient_passes_through(answer, draw: Draw):
    """A gradient still passes through the network, to its input."""
    network, image = answer(_network(draw)), draw.image(9, 9).requires_grad_()
    found = _answers(network, image)
    expect(found.requires_grad, "the output does not depend on the input, as far as autograd knows")
    found.square().mean().backward()
    expect(image.grad is not None and image.grad.abs().max() > 0, "the input's gradient is zero")


EXERCISES = {
    "06-1": Exercise(
        separable,
        (twice_the_inputs, a_wider_kernel_costs_no_output, pytorch_counts_as_many),
        (
            "Count two layers one after the other, and count their biases, too.",
            "Depthwise: every input has one filter, and every filter one bias. Mixing: a dense "
            "layer whose kernel is 1 x 1.",
            "`depthwise = c * k * k + c`\nFor the mixing, put k = 1 into the formula of the dense "
            "layer.",
        ),
    ),
    "06-2": Exercise(
        transposed,
        (
            it_doubles_a_line,
            nothing_gets_lost,
            one_input_places_the_taps,
            is_the_convolution_transposed,
        ),
        (
            "Start with zeros that are long enough for the last copy of the taps. Cut at the end.",
            "Go through the inputs. Input i adds `value * taps` to as many places as there are "
            "taps, from place `stride * i` on. `padding` places fall away in front, "
            "`padding - output_padding` behind.",
            "`y = torch.zeros(stride * (len(x) - 1) + len(taps) + output_padding)`\n"
            "`y[stride * i : stride * i + len(taps)] += value * taps`\n"
            "`return y[padding : len(y) - padding]`",
        ),
    ),
    "06-3": Exercise(
        frozen,
        (
            it_hands_back_the_network,
            it_answers_the_same_twice,
            the_statistics_stay,
            no_weight_gets_a_gradient,
            a_gradient_passes_through,
        ),
        (
            "Both switches, on the whole network. Neither of them cuts the path from the output "
            "to the input.",
            "Modules have a method for each switch, which also reaches the layers inside. Both "
            "methods hand back the module itself.",
            "`network.eval()` and `network.requires_grad_(False)`, then `return network`",
        ),
    ),
}
