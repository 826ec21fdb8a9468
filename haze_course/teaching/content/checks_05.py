"""Exercises of notebook 05: a small student."""

import torch
import torch.nn.functional as F
from torch import nn

from haze_course.teaching.checking import Draw, Exercise, as_tensor, expect, same

OPEN = 50.0  # a bias at which a gate is 1 to the last digit


def gate(v, w1, b1, w2, b2):
    """(..., C) -> (..., number of gates); the notebook defines it too."""
    return torch.sigmoid(torch.relu(v @ w1.T + b1) @ w2.T + b2)


def attend(x, channel, pixel):
    """x scaled by its channel gates, the result by its pixel gates: (B, C, H, W)."""
    x = x * gate(x.mean(dim=(2, 3)), *channel)[:, :, None, None]
    return x * gate(x.movedim(1, -1), *pixel).movedim(-1, 1)


def _maps(draw: Draw, batch: int = 2, channels: int = 6):
    shape = (batch, channels, draw.whole(3, 5), draw.whole(7, 9))
    return torch.randn(shape, generator=draw.generator)


def _weights(draw: Draw, gates: int, channels: int = 6):
    shapes = (3, channels), (3,), (gates, 3), (gates,)
    return tuple(torch.randn(shape, generator=draw.generator) for shape in shapes)


def _opened(weights, bias: float = OPEN):
    w1, b1, w2, b2 = weights
    return w1, b1, 0 * w2, torch.full_like(b2, bias)


def keeps_the_shape(answer, draw: Draw):
    """(B, C, H, W) comes back as (B, C, H, W)."""
    x = _maps(draw, batch=draw.whole(1, 3))
    shape = tuple(x.shape)
    as_tensor(answer(x, _weights(draw, 6), _weights(draw, 1)), f"x of shape {shape}", shape)


def open_gates_change_nothing(answer, draw: Draw):
    """With all gates at one, x comes back as it was."""
    x = _maps(draw)
    found = answer(x, _opened(_weights(draw, 6)), _opened(_weights(draw, 1)))
    same(found, x, "second weights 0, second biases 50, so that every gate is 1")


def half_open_gates_multiply(answer, draw: Draw):
    """With all gates at one half, a quarter of x comes back."""
    x = _maps(draw)
    found = answer(x, _opened(_weights(draw, 6), 0), _opened(_weights(draw, 1), 0))
    same(found, x / 4, "second weights 0, second biases 0, so that every gate is 1/2")


def a_shut_gate_takes_its_channel(answer, draw: Draw):
    """A shut channel gate takes away its own channel, and no other."""
    x, shut = _maps(draw), draw.whole(0, 5)
    w1, b1, w2, b2 = _opened(_weights(draw, 6))
    b2[shut] = -OPEN
    wanted = x.clone()
    wanted[:, shut] = 0
    found = answer(x, (w1, b1, w2, b2), _opened(_weights(draw, 1)))
    same(found, wanted, f"all gates open but that of channel {shut}, which is shut")


def pictures_of_a_batch_stay_apart(answer, draw: Draw):
    """A picture comes out the same alone and in a batch."""
    x, channel, pixel = _maps(draw), _weights(draw, 6), _weights(draw, 1)
    shape = (1, *x.shape[1:])
    alone = as_tensor(answer(x[:1], channel, pixel), "one picture", shape)
    both = as_tensor(answer(x, channel, pixel), "the same and another", tuple(x.shape))
    same(both[:1], alone, "random weights, the first of two pictures, compared with it alone")


def channel_gates_know_the_mean(answer, draw: Draw):
    """Channel gates look at the mean alone: where it is the same, so are they."""
    x, channel, pixel = _maps(draw), _weights(draw, 6), _opened(_weights(draw, 1))
    noise = _maps(Draw(draw.seed), batch=1)[..., :1, :].expand_as(x)
    other = x + noise - noise.mean(dim=(2, 3), keepdim=True)
    a, b = (as_tensor(answer(z, channel, pixel), "random x", tuple(x.shape)) for z in (x, other))
    what = "two x with equal channel means, pixel gates open: how both are scaled"
    same(a * other, b * x, what, tolerance=1e-3)


def a_pixel_gate_knows_its_pixel(answer, draw: Draw):
    """With open channel gates, a pixel that did not change comes out unchanged."""
    x, channel, pixel = _maps(draw), _opened(_weights(draw, 6)), _weights(draw, 1)
    other = x + 1
    other[..., 1, 2] = x[..., 1, 2]
    a, b = (as_tensor(answer(z, channel, pixel), "random x", tuple(x.shape)) for z in (x, other))
    same(b[..., 1, 2], a[..., 1, 2], "1 added to every pixel but the one at (1, 2); that pixel")


def channels_come_first(answer, draw: Draw):
    """Pixel gates look at what the channel gates have left."""
    x, channel, pixel = _maps(draw), _weights(draw, 6), _weights(draw, 1)
    same(answer(x, channel, pixel), attend(x, channel, pixel), "random x and weights")


def sight(network, picture, y, x):
    """How strongly the output at (y, x) hangs on each pixel of the picture: (H, W)."""
    picture = picture.detach().clone().requires_grad_()
    output = network(picture)
    impulse = torch.zeros_like(output)
    impulse[:, :, y, x] = 1
    (gradient,) = torch.autograd.grad(output, picture, impulse)
    return gradient[0].abs().sum(dim=0)


class Counted(nn.Module):
    """Counts how often it is asked."""

    def __init__(self, inside):
        super().__init__()
        self.inside, self.asked = inside, 0

    def forward(self, x):
        self.asked += 1
        return self.inside(x)


def adds_its_mean(x):
    """Every pixel looks at every other, as behind a channel gate."""
    return x + x.mean(dim=(2, 3), keepdim=True)


def _convolution(draw: Draw, inputs: int, outputs: int, side: int, *, signed: bool):
    """A convolution with random weights that leaves torch's own random numbers alone."""
    layer = nn.utils.skip_init(nn.Conv2d, inputs, outputs, side, padding=side // 2).double()
    for weights in layer.parameters():
        drawn = torch.rand(weights.shape, generator=draw.generator).double() + 0.1
        sign = torch.randn(weights.shape, generator=draw.generator).sign() if signed else 1
        weights.data = drawn * sign
    return layer


def _scene(draw: Draw, height: int = 10, width: int = 12):
    return draw.image(height, width).double(), draw.whole(0, 4), draw.whole(5, 9)


def is_a_map_of_amounts(answer, draw: Draw):
    """(1, 3, H, W) becomes (H, W), and no value is negative."""
    picture, y, x = _scene(draw)
    network = _convolution(draw, 3, 3, 5, signed=True)
    found = as_tensor(answer(network, picture, y, x), "a picture of 10 x 12", (10, 12))
    expect((found >= 0).all(), f"a 5 x 5 convolution: the smallest value is {found.min():.3f}")


def one_by_one_sees_one_pixel(answer, draw: Draw):
    """Through a 1 x 1 convolution the output at (y, x) sees the pixel at (y, x) alone."""
    picture, y, x = _scene(draw)
    network = _convolution(draw, 3, 3, 1, signed=False)
    found = as_tensor(answer(network, picture, y, x), "a picture of 10 x 12", (10, 12))
    places = [tuple(place) for place in (found > 1e-9).nonzero().tolist()]
    expect(places == [(y, x)], f"y = {y}, x = {x}: yours is above zero at {_some(places)}")


def _some(places) -> str:
    shown = ", ".join(map(str, places[:3])) or "no pixel"
    return shown + (f" and {len(places) - 3} more" if len(places) > 3 else "")


def each_layer_adds_a_ring(answer, draw: Draw):
    """Through n 3 x 3 layers it sees n pixels far to every side, and nothing beyond."""
    picture, y, x = _scene(draw)
    for n in (1, 3):
        layers = [_convolution(draw, 3, 3, 3, signed=False) for _ in range(n)]
        found = as_tensor(answer(nn.Sequential(*layers), picture, y, x), "10 x 12", (10, 12))
        rows, columns = torch.arange(10)[:, None], torch.arange(12)
        near = ((rows - y).abs() <= n) & ((columns - x).abs() <= n)
        where = f"{n} layers of 3 x 3, y = {y}, x = {x}"
        missed = int((near & (found <= 1e-9)).sum())
        expect(not missed, f"{where}: {missed} pixels within reach are zero")
        beyond = int((~near & (found > 1e-9)).sum())
        expect(not beyond, f"{where}: {beyond} pixels out of reach are above zero")


def a_mean_sees_everything(answer, draw: Draw):
    """Where the network adds the mean of the picture, every pixel counts."""
    picture, y, x = _scene(draw)
    found = as_tensor(answer(adds_its_mean, picture, y, x), "10 x 12", (10, 12))
    unseen = int((found <= 1e-9).sum())
    expect(not unseen, f"x + its mean: {unseen} of 120 pixels are zero")


def says_how_strongly(answer, draw: Draw):
    """A value says by how much the output pixel's sum moves if a pixel's colours rise by one."""
    picture, y, x = _scene(draw)
    network = _convolution(draw, 3, 3, 5, signed=True)
    found = as_tensor(answer(network, picture, y, x), "10 x 12", (10, 12))
    with torch.no_grad():
        before = network(picture)[0, :, y, x].sum()
        for v, u in ((y, x), (y + 1, x), (y, x + 1), (y + 1, x - 1), (y + 2, x), (y + 2, x + 2)):
            moves = torch.zeros(3).double()
            for colour in range(3):
                raised = picture.clone()
                raised[0, colour, v, u] += 1
                moves[colour] = network(raised)[0, :, y, x].sum() - before
            what = f"a 5 x 5 convolution, y = {y}, x = {x}, pixel ({v}, {u})"
            if moves.sum().abs() < moves.abs().sum() - 1e-3:
                cancelled = (found[v, u] - moves.sum().abs()).abs() < 1e-4
                done = "is the amount of the colours' sum, not the sum of their amounts"
                expect(not cancelled, f"{what}: yours, {found[v, u]:.4g}, {done}")
            same(found[v, u], moves.abs().sum(), what)


def asked_twice_answers_alike(answer, draw: Draw):
    """Asked twice about the same picture, it answers the same."""
    picture, y, x = _scene(draw)
    network = _convolution(draw, 3, 3, 3, signed=True)
    first = as_tensor(answer(network, picture, y, x), "10 x 12", (10, 12)).clone()
    same(answer(network, picture, y, x), first, "the same picture a second time")


def runs_the_network_once_or_so(answer, draw: Draw):
    """The network runs a few times at most, however large the picture: it may be slow."""
    picture, y, x = _scene(draw)
    network = Counted(_convolution(draw, 3, 3, 3, signed=True))
    answer(network, picture, y, x)
    expect(network.asked <= 4, f"a picture of 10 x 12: the network ran {network.asked} times")


def training_step(network, optimizer, hazy, clear, clip=1.0):
    """One step on one batch; the loss, as a number."""
    optimizer.zero_grad()  # forget the last batch
    loss = F.mse_loss(network(hazy), clear)  # forward, one number
    loss.backward()  # add d loss / d weight to each weight's .grad
    torch.nn.utils.clip_grad_norm_(network.parameters(), clip)  # shorten a long gradient
    optimizer.step()  # move the weights against .grad
    return loss.item()


def _network(draw: Draw):
    first, last = (_convolution(draw, 3, 3, 3, signed=True) for _ in range(2))
    return nn.Sequential(first, nn.ReLU(), last)


def _copies(draw: Draw):
    """The same network twice, and a batch."""
    network, twin = _network(draw), _network(Draw(0))
    twin.load_state_dict(network.state_dict())
    return network, twin, draw.image(6, 7, batch=2).double(), draw.image(6, 7, batch=2).double()


def _gradient(network, hazy, clear):
    """Of the mean squared error; leaves the network as it was."""
    loss = F.mse_loss(network(hazy), clear)
    return [g.detach() for g in torch.autograd.grad(loss, list(network.parameters()))]


def _flat(tensors):
    return torch.cat([t.detach().flatten() for t in tensors])


def _moved(answer, draw: Draw, rate: float, clip_share: float):
    """How far SGD moved the weights in one step, the true gradient, and the clip."""
    network, twin, hazy, clear = _copies(draw)
    gradient = _flat(_gradient(twin, hazy, clear))
    clip = clip_share * gradient.norm().item()
    answer(network, torch.optim.SGD(network.parameters(), lr=rate), hazy, clear, clip=clip)
    return _flat(network.parameters()) - _flat(twin.parameters()), gradient, clip


def returns_the_loss(answer, draw: Draw):
    """It returns the mean squared error of the batch, from before the weights move."""
    network, twin, hazy, clear = _copies(draw)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3)
    wanted = F.mse_loss(twin(hazy), clear).item()
    same(answer(network, optimizer, hazy, clear), wanted, "a small network, two pictures")


def returns_no_graph(answer, draw: Draw):
    """What it returns no longer holds on to the graph, and so to the memory, of the step."""
    network, _, hazy, clear = _copies(draw)
    found = answer(network, torch.optim.SGD(network.parameters(), lr=1e-3), hazy, clear)
    expect(not getattr(found, "requires_grad", False), "you return a tensor with requires_grad")


def goes_downhill(answer, draw: Draw):
    """After a step at a small rate, the loss on the same batch is smaller."""
    network, twin, hazy, clear = _copies(draw)
    answer(network, torch.optim.SGD(network.parameters(), lr=1e-4), hazy, clear)
    same_weights = torch.equal(_flat(network.parameters()), _flat(twin.parameters()))
    expect(not same_weights, "a small network, SGD: no weight has moved")
    with torch.no_grad():
        before, after = (F.mse_loss(net(hazy), clear) for net in (twin, network))
    expect(after < before, "a small network, SGD: the loss rose")


def forgets_old_gradients(answer, draw: Draw):
    """What stands in `.grad` before the step has no effect on it."""
    network, twin, hazy, clear = _copies(draw)
    for weights in network.parameters():
        weights.grad = torch.randn(weights.shape, generator=draw.generator).double()
    for net in (network, twin):
        answer(net, torch.optim.SGD(net.parameters(), lr=0.1), hazy, clear)
    apart = (_flat(network.parameters()) - _flat(twin.parameters())).abs().max()
    expect(
        apart < 1e-6,
        "the same network and batch twice, once with the gradients of another batch still in "
        f"`.grad`: a weight ends {apart:.3g} apart",
    )


def leaves_a_short_gradient_alone(answer, draw: Draw):
    """A gradient shorter than `clip` moves the weights as it is."""
    moved, gradient, clip = _moved(answer, draw, 0.1, 3)
    what = f"SGD at rate 0.1, gradient of length {clip / 3:.2f}, clip={clip:.2f}"
    same(moved.norm(), 0.1 * gradient.norm(), f"{what}: length moved")
    same(moved, -0.1 * gradient, f"{what}: what a weight moved by")


def shortens_a_long_gradient(answer, draw: Draw):
    """A gradient longer than `clip` is shortened to that length; its direction stays."""
    moved, gradient, clip = _moved(answer, draw, 1.0, 0.25)
    what = f"SGD at rate 1, gradient of length {4 * clip:.2f}, clip={clip:.2f}: length moved"
    same(moved.norm() / clip, 1, what + ", in units of clip", tolerance=1e-3)
    turned = 1 + F.cosine_similarity(moved, gradient, dim=0)
    expect(turned < 1e-6, "SGD, a long gradient: the step points elsewhere than the gradient")


EXERCISES = {
    "05-1": Exercise(
        attend,
        (
            keeps_the_shape,
            open_gates_change_nothing,
            half_open_gates_multiply,
            a_shut_gate_takes_its_channel,
            pictures_of_a_batch_stay_apart,
            channel_gates_know_the_mean,
            a_pixel_gate_knows_its_pixel,
            channels_come_first,
        ),
        (
            "Two multiplications, one after the other. `gate` wants the channels last; it gives "
            "one number for each row that you feed it.",
            "First feed it the mean over rows and columns, (B, C), and make the answer "
            "(B, C, 1, 1), so that it spreads over the pixels. Then feed it the new x with its "
            "channels moved to the end, (B, H, W, C), and move its answer back.",
            "`g = gate(x.mean(dim=(2, 3)), *channel)[:, :, None, None]`\n"
            "`x = x * g`\nthen the same with `x.movedim(1, -1)`, `*pixel` and `.movedim(-1, 1)`",
        ),
    ),
    "05-2": Exercise(
        sight,
        (
            is_a_map_of_amounts,
            one_by_one_sees_one_pixel,
            each_layer_adds_a_ring,
            a_mean_sees_everything,
            says_how_strongly,
            asked_twice_answers_alike,
            runs_the_network_once_or_so,
        ),
        (
            "What can change the output at one place? Whatever has a gradient there. One backward "
            "pass asks all pixels at once.",
            "Work on a copy of the picture that requires a gradient. Run the network, build the "
            "impulse, a picture of zeros with ones at (y, x), and let it run backwards. Then make "
            "amounts of the three colours and add them up.",
            "`picture = picture.clone().requires_grad_()`\n"
            "`impulse = torch.zeros_like(output)`, with `impulse[:, :, y, x] = 1`\n"
            "`(gradient,) = torch.autograd.grad(output, picture, impulse)`",
        ),
    ),
    "05-3": Exercise(
        training_step,
        (
            returns_the_loss,
            returns_no_graph,
            goes_downhill,
            forgets_old_gradients,
            leaves_a_short_gradient_alone,
            shortens_a_long_gradient,
        ),
        (
            "Six parts: clear, forward, loss, backward, clip, step. Ask of each what it reads and "
            "what it writes.",
            "`backward` adds to `.grad`, so it must be clear before. Clipping changes `.grad`, so "
            "it belongs between `backward` and the step. The loss is a number when it leaves.",
            "`optimizer.zero_grad()`, forward, `F.mse_loss`, `loss.backward()`,\n"
            "`nn.utils.clip_grad_norm_(network.parameters(), clip)`,\n"
            "`optimizer.step()`, and return `loss.item()`",
        ),
    ),
}
