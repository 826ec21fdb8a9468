"""By what a stored state knows its training again: words that outlive the process."""

import hashlib
import re
from collections.abc import Iterable
from functools import partial
from types import FunctionType

from torch import nn

from haze_course.data.benchmark import Pair
from haze_course.data.reside import PairFiles
from haze_course.data.shipped import Photo, Scene
from haze_course.distill.terms import Term, weight_at
from haze_course.nets.weights import weights_hash


def term_words(term: Term, steps: int) -> str:
    """What of a term decides the result; a weight that changes by its values at five steps."""
    own = dict(getattr(term, "__dict__", {}))
    if callable(term.weight):
        own["weight"] = [weight_at(term.weight, steps * k // 4) for k in range(5)]
    named = ", ".join(f"{name}={words_of(value)}" for name, value in sorted(own.items()))
    return f"{type(term).__name__} {named}"


def words_of(value: object) -> str:
    """One value: a network by weights and settings, a function by its name, none by address."""
    if isinstance(value, nn.Module):
        weights = weights_hash(value.state_dict())[:12]
        return f"{type(value).__name__} {weights} {_digest(_settings(value))}"
    if isinstance(value, partial):
        arguments = ", ".join(words_of(one) for one in value.args)
        named = sorted(value.keywords.items())
        keywords = ", ".join(f"{name!r}: {words_of(one)}" for name, one in named)
        return f"{words_of(value.func)} ({arguments}) {{{keywords}}}"
    if isinstance(value, FunctionType) and value.__name__ == "<lambda>":  # has no name of its own
        code = value.__code__
        told = _placeless((code.co_code, code.co_consts, code.co_names, value.__defaults__))
        return f"{value.__qualname__} {_digest(told)}"
    return getattr(value, "__qualname__", _placeless(value))


def _settings(network: nn.Module) -> str:
    """How a module describes itself, and what it keeps beside: not all losses describe all."""
    kept = [
        (name, key, value)
        for name, module in network.named_modules()
        for key, value in sorted(vars(module).items())
        if isinstance(value, bool | int | float | str) and key != "training" and key[0] != "_"
    ]
    return _placeless((network, kept))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _placeless(value: object) -> str:
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def names_digest(pictures: Iterable[Photo | Scene | Pair | PairFiles]) -> str:
    """How many pictures, and a hash of their names in order: what a state must agree with.

    What has no name is counted alone: a validation takes anything with hazy and clear.
    """
    names = [getattr(picture, "name", "") for picture in pictures]
    return f"{len(names)} {_digest(repr(names))}"
