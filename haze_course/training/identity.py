"""By what a stored state knows its training again: words that outlive the process."""

import hashlib
import re
from collections.abc import Iterable
from functools import partial
from types import FunctionType

from torch import nn

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
    """One value: a network by the hash of its weights, a function by its name, none by address."""
    if isinstance(value, nn.Module):
        return f"{type(value).__name__} {weights_hash(value.state_dict())[:12]}"
    if isinstance(value, partial):
        return f"{words_of(value.func)} {value.args} {value.keywords}"
    if isinstance(value, FunctionType) and value.__name__ == "<lambda>":  # has no name of its own
        code = value.__code__
        told = _placeless((code.co_code, code.co_consts, code.co_names, value.__defaults__))
        return f"{value.__qualname__} {hashlib.sha256(told.encode()).hexdigest()[:12]}"
    return getattr(value, "__qualname__", _placeless(value))


def _placeless(value: object) -> str:
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def names_digest(pictures: Iterable[Photo | Scene | PairFiles]) -> str:
    """How many pictures, and a hash of their names in order: what a state must agree with."""
    names = [picture.name for picture in pictures]
    return f"{len(names)} {hashlib.sha256(repr(names).encode()).hexdigest()[:12]}"
