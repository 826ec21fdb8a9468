"""Answers to the exercises of notebook 06: typical wrong ones, and right but unusual ones."""

from copy import deepcopy

import numpy as np
import torch
from torch import nn

from haze_course.teaching.answers import Mistake


def a_dense_layer(c, d, k):
    return c * d * k * k + d


def every_pair_of_inputs(c, d, k):
    return c * c * k * k + c + c * d + d


def one_bias_vector(c, d, k):
    return c * k * k + c * d + d


def no_biases(c, d, k):
    return c * k * k + c * d


def kernel_of_a_line(c, d, k):
    return c * k + c + c * d + d


def separable_by_building(c, d, k):
    layers = nn.Sequential(
        nn.Conv2d(c, c, k, groups=c, device="meta"), nn.Conv2d(c, d, 1, device="meta")
    )
    return torch.tensor([p.numel() for p in layers.parameters()]).sum()


def separable_by_algebra(c, d, k):
    return float(np.dot([c, d], [k**2 + 1, c + 1]))


def overwrites(x, taps, stride=2, padding=4, output_padding=1):
    y = torch.zeros(stride * (len(x) - 1) + len(taps) + output_padding)
    for i, value in enumerate(x):
        y[stride * i : stride * i + len(taps)] = value * taps
    return y[padding : len(y) - padding]


def flipped(x, taps, stride=2, padding=4, output_padding=1):
    y = torch.zeros(stride * (len(x) - 1) + len(taps) + output_padding)
    for i, value in enumerate(x):
        y[stride * i : stride * i + len(taps)] += value * taps.flip(0)
    return y[padding : len(y) - padding]


def no_stride(x, taps, stride=2, padding=4, output_padding=1):
    y = torch.zeros(stride * (len(x) - 1) + len(taps) + output_padding)
    for i, value in enumerate(x):
        y[i : i + len(taps)] += value * taps
    return y[padding : len(y) - padding]


def cut_alike(x, taps, stride=2, padding=4, output_padding=1):
    y = torch.zeros(stride * (len(x) - 1) + len(taps))
    for i, value in enumerate(x):
        y[stride * i : stride * i + len(taps)] += value * taps
    return y[padding : len(y) - padding]


def extra_in_front(x, taps, stride=2, padding=4, output_padding=1):
    y = torch.zeros(stride * (len(x) - 1) + len(taps))
    for i, value in enumerate(x):
        y[stride * i : stride * i + len(taps)] += value * taps
    return y[padding - output_padding : len(y) - padding]


def transposed_by_stuffing_zeros(x, taps, stride=2, padding=4, output_padding=1):
    stuffed = np.zeros(stride * (len(x) - 1) + 1)
    stuffed[::stride] = np.asarray(x)
    y = np.convolve(stuffed, np.asarray(taps))
    return np.pad(y, (0, output_padding))[padding : len(y) + output_padding - padding]


def transposed_by_gathering(x, taps, stride=2, padding=4, output_padding=1):
    y = []
    for j in range(stride * (len(x) - 1) + len(taps) - 2 * padding + output_padding):
        places = [(i, j + padding - stride * i) for i in range(len(x))]
        y.append(sum(float(x[i]) * float(taps[k]) for i, k in places if 0 <= k < len(taps)))
    return torch.tensor(y, dtype=torch.float64)


def transposed_as_a_list(x, taps, stride=2, padding=4, output_padding=1):
    y = [0.0] * (stride * (len(x) - 1) + len(taps) + output_padding)
    for i, value in enumerate(x.tolist()):
        for k, weight in enumerate(taps.tolist()):
            y[stride * i + k] += value * weight
    return y[padding : len(y) - padding]


def evaluation_only(network):
    return network.eval()


def no_gradients_only(network):
    return network.requires_grad_(False)


def nothing_handed_back(network):
    network.eval().requires_grad_(False)


def the_top_only(network):
    network.training = False
    return network.requires_grad_(False)


def cut_off(network):
    network.eval().requires_grad_(False)
    network.forward = torch.no_grad()(network.forward)
    return network


def freeze_a_copy(network):
    network = deepcopy(network)
    for weight in network.parameters():
        weight.requires_grad = False
    return network.train(False)


def freeze_layer_by_layer(network):
    for layer in network.modules():
        layer.training = False
        for weight in layer.parameters(recurse=False):
            weight.requires_grad_(False)
    return network


MISTAKES = {
    "06-1": (
        Mistake("a dense layer", a_dense_layer, "a_wider_kernel_costs_no_output"),
        Mistake("a filter for every pair", every_pair_of_inputs, "twice_the_inputs"),
        Mistake("the depthwise bias is forgotten", one_bias_vector, "pytorch_counts_as_many"),
        Mistake("no biases", no_biases, "pytorch_counts_as_many"),
        Mistake("k instead of k x k", kernel_of_a_line, "pytorch_counts_as_many"),
    ),
    "06-2": (
        Mistake("overlaps are overwritten", overwrites, "nothing_gets_lost"),
        Mistake("the taps are turned round", flipped, "one_input_places_the_taps"),
        Mistake("the stride is forgotten", no_stride, "one_input_places_the_taps"),
        Mistake("cut alike at both ends", cut_alike, "it_doubles_a_line"),
        Mistake("the extra place in front", extra_in_front, "is_the_convolution_transposed"),
    ),
    "06-3": (
        Mistake("evaluation mode only", evaluation_only, "no_weight_gets_a_gradient"),
        Mistake("no gradients only", no_gradients_only, "it_answers_the_same_twice"),
        Mistake("nothing is handed back", nothing_handed_back, "it_hands_back_the_network"),
        Mistake("the top level only", the_top_only, "it_answers_the_same_twice"),
        Mistake("the gradient is cut off", cut_off, "a_gradient_passes_through"),
    ),
}

UNUSUAL = {
    "06-1": (separable_by_building, separable_by_algebra),
    "06-2": (transposed_by_stuffing_zeros, transposed_by_gathering, transposed_as_a_list),
    "06-3": (freeze_a_copy, freeze_layer_by_layer),
}
