"""The numbers that every rival is given: data, starting weights and sizes, as plain JSON.

Each function takes ``quick`` and returns a problem; a quick one is small, to see that everything works. Gradients are
taken with respect to the ``parameters``, a list of matrices, and come back in their order, row by row. Where the
parameters are ``biased``, as in networks, the rows are ``[*weights, bias]``. Examples are the ``inputs`` and their
``targets``; a ``single`` example is taken without an axis of examples. With ``adam`` a step also moves the parameters.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

Problem: TypeAlias = dict[str, Any]
Matrix: TypeAlias = list[list[float]]

WORD = "gradient"
NAMES = ["datetime", "functools", "heapq", "itertools", "json", "random", "statistics", "zipfile"]


def expression(quick: bool) -> Problem:
    """The two operands of the expression in micrograd's README."""
    return {"biased": False, "parameters": [[[-4.0, 2.0]]]}


def moons(quick: bool) -> Problem:
    """micrograd's notebook: two moons, 2-16-16-1, hinge loss, L2 penalty."""
    return two_moons(20 if quick else 100)


def growing_moons(quick: bool) -> Problem:
    """The moons with more and more examples; the graphs have about 10^3, 10^4, 10^5, and 10^6 nodes."""
    whole = two_moons(14 if quick else 1542)

    def first(examples: int) -> Problem:
        return {**whole, **{name: whole[name][:examples] for name in ("inputs", "targets")}}

    return {"program": "moons", "parts": [first(examples) for examples in ([1, 14] if quick else [1, 14, 153, 1542])]}


def two_moons(examples: int) -> Problem:
    from sklearn.datasets import make_moons

    points, labels = make_moons(n_samples=examples, noise=0.1, random_state=1337)
    return {
        "inputs": points.tolist(),
        "targets": [2.0 * int(label) - 1.0 for label in labels],
        "penalty": 1e-4,
        "biased": True,
        "parameters": network([2, 16, 16, 1]),
    }


def digits(full: int, small: int) -> Callable[[bool], Problem]:
    """A batch of `full` real handwritten digits, or `small` if quick; 64-32-10, cross entropy."""

    def problem(quick: bool) -> Problem:
        from sklearn.datasets import load_digits

        batch = small if quick else full
        bunch = load_digits()
        return {
            "inputs": (bunch.data[:batch] / 16.0).tolist(),
            "targets": [int(digit) for digit in bunch.target[:batch]],
            "biased": True,
            "parameters": network([64, 32, 10]),
        }

    return problem


def large_digits(quick: bool) -> Problem:
    """The digits enlarged to 28x28 pixels, as those of MNIST are: 784-512-10, a batch of 1,024."""
    small = digits(1024, 8)(quick)
    side = 4 if quick else 28
    pixels = [8 * (row * 8 // side) + column * 8 // side for row in range(side) for column in range(side)]
    return {
        **small,
        "inputs": [[image[pixel] for pixel in pixels] for image in small["inputs"]],
        "parameters": network([side * side, 6 if quick else 512, 10]),
    }


def attention(length: int, *, causal: bool, heads: int = 1, examples: int = 0) -> Callable[[bool], Problem]:
    """Attention on sequences of `length` vectors, 16 wide: query, key, value and out; a target vector for each one."""

    def problem(quick: bool) -> Problem:
        draw, steps, width = random.Random(5), 3 if quick else length, 4 if quick else 16
        return {
            **sequences(draw, steps, width, examples),
            "targets": [matrix(draw, steps, width) for _ in range(examples or 1)],
            "causal": causal,
            "heads": heads,
            "parameters": [matrix(draw, width, width) for _ in range(4)],
        }

    return problem


def growing_attention(quick: bool) -> Problem:
    """Causal attention with four heads, on longer and longer sequences."""
    lengths = [8] if quick else [8, 16, 32]
    return {"program": "attention", "parts": [attention(length, causal=True, heads=4)(quick) for length in lengths]}


def recurrent(gates: int, examples: int = 0) -> Callable[[bool], Problem]:
    """16 recurrent units with 1 gate each (RNN) or 4 (LSTM), on sequences of 20 steps of 8 numbers; a target number."""

    def problem(quick: bool) -> Problem:
        draw, steps, nin, units = random.Random(6), 3 if quick else 20, 2 if quick else 8, 3 if quick else 16
        rows = gates * units
        return {
            **sequences(draw, steps, nin, examples),
            "targets": [draw.uniform(-1.0, 1.0) for _ in range(examples or 1)],
            "parameters": [
                *(matrix(draw, rows, columns) for columns in (nin, units)),
                vector(draw, rows),
                matrix(draw, 1, units),
                vector(draw, 1),
            ],
        }

    return problem


def sequences(draw: random.Random, steps: int, width: int, examples: int) -> Problem:
    """`examples` sequences of vectors; if that is 0 a single one, without an axis of examples."""
    return {
        "inputs": [matrix(draw, steps, width) for _ in range(examples or 1)],
        "single": examples == 0,
        "biased": False,
    }


def layer_norm(quick: bool) -> Problem:
    """A network 16-32-32-1, each hidden layer normed, with a gain and a shift for each unit; numbers as targets."""
    draw, widths = random.Random(7), [3, 4, 4, 1] if quick else [16, 32, 32, 1]
    parameters = []
    for nin, nout in pairwise(widths):
        parameters += [matrix(draw, nout, nin), vector(draw, nout)]
        if nout > 1:
            parameters += [vector(draw, nout, centre=1.0), vector(draw, nout)]
    return {**vectors(draw, 3 if quick else 64, widths[0]), "parameters": parameters}


def residual(quick: bool) -> Problem:
    """A block x + down(relu(up(norm(x)))), 16 wide and 64 inside, and a head with one output; numbers as targets."""
    draw, width, inside = random.Random(8), 3 if quick else 16, 5 if quick else 64
    return {
        **vectors(draw, 3 if quick else 64, width),
        "parameters": [
            vector(draw, width, centre=1.0),
            vector(draw, width),
            matrix(draw, inside, width),
            vector(draw, inside),
            matrix(draw, width, inside),
            vector(draw, width),
            matrix(draw, 1, width),
            vector(draw, 1),
        ],
    }


def vectors(draw: random.Random, examples: int, width: int) -> Problem:
    """`examples` vectors, with a number as target for each."""
    return {
        "inputs": matrix(draw, examples, width),
        "targets": [draw.uniform(-1.0, 1.0) for _ in range(examples)],
        "biased": False,
    }


def convolution(quick: bool) -> Problem:
    """Real handwritten digits, 8x8; 8 kernels of 3x3, each a row of 9, and a linear layer on pools of 2x2."""
    draw, flat_digits, channels = random.Random(9), digits(32, 2)(quick), 2 if quick else 8
    return {
        "inputs": [[image[row : row + 8] for row in range(0, 64, 8)] for image in flat_digits["inputs"]],
        "targets": flat_digits["targets"],
        "biased": False,
        "parameters": [
            matrix(draw, channels, 9),
            vector(draw, channels),
            matrix(draw, 10, 9 * channels),
            vector(draw, 10),
        ],
    }


def gpt(quick: bool) -> Problem:
    """A character model of one block, on one word."""
    return character_model([WORD[:3] if quick else WORD], letters=27, width=16, heads=4, context=16)


def training(quick: bool) -> Problem:
    """The same model, on a batch of names of modules, with the settings of an Adam step."""
    words = NAMES[:3] if quick else NAMES
    model = character_model(words, letters=27, width=16, heads=4, context=16)
    return {**model, "adam": {"lr": 0.01, "betas": [0.85, 0.99], "eps": 1e-8}}


def character_model(words: Sequence[str], letters: int, width: int, heads: int, context: int) -> Problem:
    """Embeddings, attention with `heads` heads, an MLP four times as wide as the model, and a head of logits.

    ``words`` are lists of tokens, with the boundary token 0 at both ends. Rivals that work on whole arrays take
    ``inputs`` and ``targets``, padded to the longest word, and ``weights``: 0 for the padding, and elsewhere a number
    that makes the mean over words the mean over characters.
    """
    draw = random.Random(4)
    shapes = [(letters, width), (context, width), *[(width, width)] * 4, (4 * width, width), (width, 4 * width)]
    tokens = [[0, *(ord(letter) - ord("a") + 1 for letter in word), 0] for word in words]
    length, predictions = max(map(len, tokens)) - 1, sum(len(word) - 1 for word in tokens)

    def filled(numbers: list[Any]) -> list[Any]:
        return [*numbers, *[0] * (length - len(numbers))]

    return {
        "words": tokens,
        "inputs": [filled(word[:-1]) for word in tokens],
        "targets": [filled(word[1:]) for word in tokens],
        "weights": [filled([len(tokens) / predictions] * (len(word) - 1)) for word in tokens],
        "heads": heads,
        "biased": False,
        "parameters": [matrix(draw, rows, columns) for rows, columns in [*shapes, (letters, width)]],
    }


def nodes(full: int, small: int) -> Callable[[bool], Problem]:
    """Graphs of `full` nodes, or `small` if quick."""
    return lambda quick: {"nodes": small if quick else full}


def sizes(quick: bool) -> Problem:
    """Graphs of 10^3 to 10^7 nodes, or to 10^5 if quick; `tasks.LARGEST` says where a rival stops."""
    return {"sizes": [10**k for k in range(3, 6 if quick else 8)]}


def imports(quick: bool) -> Problem:
    """How many interpreters are started for one sample."""
    return {"starts": 2 if quick else 10}


def threads(quick: bool) -> Problem:
    """How many threads work for how many seconds."""
    return {"threads": 8, "seconds": 1.0 if quick else 60.0}


def network(widths: list[int]) -> list[Matrix]:
    """Weights of the size that suits ReLUs (He et al. 2015), and biases that are not zero."""
    draw = random.Random(1337)
    return [matrix(draw, nout, nin, bias=True) for nin, nout in pairwise(widths)]


def matrix(draw: random.Random, rows: int, columns: int, bias: bool = False) -> Matrix:
    """Rows of uniform numbers with standard deviation sqrt(2 / columns), and a small bias at the end of each."""
    bound = (6.0 / columns) ** 0.5
    return [
        [draw.uniform(-bound, bound) for _ in range(columns)] + [draw.uniform(-0.1, 0.1)] * bias for _ in range(rows)
    ]


def vector(draw: random.Random, size: int, centre: float = 0.0) -> Matrix:
    """A row of numbers near `centre`, such as biases, as a matrix."""
    return [[centre + draw.uniform(-0.1, 0.1) for _ in range(size)]]


def data(problem: Problem) -> list[Any]:
    """The inputs, targets and weights that the problem has: those of the batch, or of the single example."""
    arrays = [problem[name] for name in ("inputs", "targets", "weights") if name in problem]
    return [array[0] for array in arrays] if problem.get("single") else arrays


def flat(parameters: list[Matrix]) -> list[float]:
    """All numbers of the matrices, row by row."""
    return [x for matrix in parameters for row in matrix for x in row]
