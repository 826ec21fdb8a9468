"""Answers to the exercises of notebook 05: typical wrong ones, and right ones that look unusual."""

import torch
import torch.nn.functional as F
from torch import nn

from haze_course.teaching.answers import Mistake
from haze_course.teaching.content.checks_05 import gate


def pixels_of_the_old_x(x, channel, pixel):
    per_channel = gate(x.mean(dim=(2, 3)), *channel)[:, :, None, None]
    per_pixel = gate(x.movedim(1, -1), *pixel).movedim(-1, 1)
    return x * per_channel * per_pixel


def gates_added(x, channel, pixel):
    x = x + gate(x.mean(dim=(2, 3)), *channel)[:, :, None, None]
    return x + gate(x.movedim(1, -1), *pixel).movedim(-1, 1)


def mean_of_the_batch(x, channel, pixel):
    x = x * gate(x.mean(dim=(0, 2, 3)), *channel)[None, :, None, None]
    return x * gate(x.movedim(1, -1), *pixel).movedim(-1, 1)


def pixel_gate_of_the_mean(x, channel, pixel):
    x = x * gate(x.mean(dim=(2, 3)), *channel)[:, :, None, None]
    return x * gate(x.mean(dim=(2, 3)), *pixel)[:, :, None, None]


def largest_instead_of_mean(x, channel, pixel):
    x = x * gate(x.amax(dim=(2, 3)), *channel)[:, :, None, None]
    return x * gate(x.movedim(1, -1), *pixel).movedim(-1, 1)


def shapes_left_alone(x, channel, pixel):
    x = x * gate(x.mean(dim=(2, 3)), *channel)
    return x * gate(x.movedim(1, -1), *pixel)


def attend_by_convolution(x, channel, pixel):
    for v, (w1, b1, w2, b2) in ((F.adaptive_avg_pool2d(x, 1), channel), (None, pixel)):
        hidden = F.conv2d(x if v is None else v, w1[:, :, None, None], b1).relu()
        x = x * F.conv2d(hidden, w2[:, :, None, None], b2).sigmoid()
    return x


def attend_in_loops(x, channel, pixel):
    result = torch.empty_like(x, dtype=torch.float64)
    for b, one in enumerate(x):
        scaled = one * gate(one.flatten(1).mean(dim=1), *channel).view(-1, 1, 1)
        for row in range(one.shape[1]):
            for column in range(one.shape[2]):
                v = scaled[:, row, column]
                result[b, :, row, column] = v * gate(v, *pixel)
    return result


def signs_kept(network, picture, y, x):
    picture = picture.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(network(picture)[0, :, y, x].sum(), picture)
    return gradient[0].sum(dim=0)


def the_whole_output(network, picture, y, x):
    del y, x
    picture = picture.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(network(picture).sum(), picture)
    return gradient[0].abs().sum(dim=0)


def gradients_pile_up(network, picture, y, x):
    picture.requires_grad_()
    network(picture)[0, :, y, x].sum().backward()
    return picture.grad[0].abs().sum(dim=0)


def amount_of_the_sum(network, picture, y, x):
    picture = picture.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(network(picture)[0, :, y, x].sum(), picture)
    return gradient[0].sum(dim=0).abs()


def rows_for_columns(network, picture, y, x):
    picture = picture.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(network(picture)[0, :, x, y].sum(), picture)
    return gradient[0].abs().sum(dim=0)


def an_impulse_for_each_pixel(network, picture, y, x):
    seen = torch.zeros(picture.shape[2:])
    with torch.no_grad():
        before = network(picture)[0, :, y, x].sum()
        for row in range(picture.shape[2]):
            for column in range(picture.shape[3]):
                for colour in range(3):
                    raised = picture.clone()
                    raised[0, colour, row, column] += 1
                    seen[row, column] += (network(raised)[0, :, y, x].sum() - before).abs()
    return seen


def sight_by_jacobian(network, picture, y, x):
    def answer(given):
        return network(given)[0, :, y, x].sum()

    return torch.autograd.functional.jacobian(answer, picture)[0].abs().sum(dim=0).numpy()


def sight_by_backward(network, picture, y, x):
    leaf = picture.detach().clone()
    leaf.requires_grad = True
    output = network(leaf)
    impulse = torch.zeros_like(output)
    impulse[0, :, y, x] += 1
    output.backward(impulse)
    red, green, blue = leaf.grad[0]
    return red.abs() + green.abs() + blue.abs()


def never_cleared(network, optimizer, hazy, clear, clip=1.0):
    loss = F.mse_loss(network(hazy), clear)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), clip)
    optimizer.step()
    return loss.item()


def cleared_too_late(network, optimizer, hazy, clear, clip=1.0):
    loss = F.mse_loss(network(hazy), clear)
    loss.backward()
    optimizer.zero_grad()
    torch.nn.utils.clip_grad_norm_(network.parameters(), clip)
    optimizer.step()
    return loss.item()


def clipped_too_late(network, optimizer, hazy, clear, clip=1.0):
    optimizer.zero_grad()
    loss = F.mse_loss(network(hazy), clear)
    loss.backward()
    optimizer.step()
    torch.nn.utils.clip_grad_norm_(network.parameters(), clip)
    return loss.item()


def each_value_clipped(network, optimizer, hazy, clear, clip=1.0):
    optimizer.zero_grad()
    loss = F.mse_loss(network(hazy), clear)
    loss.backward()
    torch.nn.utils.clip_grad_value_(network.parameters(), clip)
    optimizer.step()
    return loss.item()


def keeps_the_graph(network, optimizer, hazy, clear, clip=1.0):
    optimizer.zero_grad()
    loss = F.mse_loss(network(hazy), clear)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), clip)
    optimizer.step()
    return loss


def gradients_by_hand(network, optimizer, hazy, clear, clip=1.0):
    weights = list(network.parameters())
    loss = (network(hazy) - clear).pow(2).mean()
    gradients = torch.autograd.grad(loss, weights)
    length = sum(g.pow(2).sum() for g in gradients).sqrt()
    for weight, gradient in zip(weights, gradients, strict=True):
        weight.grad = gradient * min(1.0, clip / length.item())
    optimizer.step()
    return loss.detach()


def cleared_after_forward(network, optimizer, hazy, clear, clip=1.0):
    loss = nn.MSELoss()(network(hazy), clear)
    for weight in network.parameters():
        weight.grad = None
    loss.backward()
    torch.nn.utils.clip_grad_norm_(list(network.parameters()), max_norm=clip)
    optimizer.step()
    return loss.detach().numpy()


MISTAKES = {
    "05-1": (
        Mistake("both gates look at the old x", pixels_of_the_old_x, "channels_come_first"),
        Mistake("gates are added", gates_added, "open_gates_change_nothing"),
        Mistake("the mean of the batch", mean_of_the_batch, "pictures_of_a_batch_stay_apart"),
        Mistake("one pixel gate for all", pixel_gate_of_the_mean, "a_pixel_gate_knows_its_pixel"),
        Mistake("the maximum", largest_instead_of_mean, "channel_gates_know_the_mean"),
        Mistake("shapes that do not fit", shapes_left_alone, "keeps_the_shape"),
    ),
    "05-2": (
        Mistake("the signs stay", signs_kept, "is_a_map_of_amounts"),
        Mistake("the whole output is asked", the_whole_output, "one_by_one_sees_one_pixel"),
        Mistake("rows and columns swapped", rows_for_columns, "one_by_one_sees_one_pixel"),
        Mistake("colours cancel", amount_of_the_sum, "says_how_strongly"),
        Mistake("gradients pile up", gradients_pile_up, "asked_twice_answers_alike"),
        Mistake("a run a pixel", an_impulse_for_each_pixel, "runs_the_network_once_or_so"),
    ),
    "05-3": (
        Mistake("zero_grad is forgotten", never_cleared, "forgets_old_gradients"),
        Mistake("zero_grad after backward", cleared_too_late, "goes_downhill"),
        Mistake("clipped after the step", clipped_too_late, "shortens_a_long_gradient"),
        Mistake("each value is clipped", each_value_clipped, "shortens_a_long_gradient"),
        Mistake("the graph is kept", keeps_the_graph, "returns_no_graph"),
    ),
}

UNUSUAL = {
    "05-1": (attend_by_convolution, attend_in_loops),
    "05-2": (sight_by_jacobian, sight_by_backward),
    "05-3": (gradients_by_hand, cleared_after_forward),
}
