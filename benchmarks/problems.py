"""The numbers that every rival is given: data, starting weights and sizes, as plain JSON.

Each function takes ``quick`` and returns a problem; a quick one is small, to see that everything works. What is
differentiated by are the ``parameters``, a list of matrices; gradients come back in their order, row by row. Where the
parameters are ``biased``, as in networks, the rows are ``[*weights, bias]``.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any, TypeAlias

Problem: TypeAlias = dict[str, Any]
Matrix: TypeAlias = list[list[float]]

WORD = "gradient"


def expression(quick: bool) -> Problem:
    """The two operands of the expression in micrograd's README."""
    return {"biased": False, "parameters": [[[-4.0, 2.0]]]}


def moons(quick: bool) -> Problem:
    """micrograd's notebook: two moons, 2-16-16-1, hinge loss, L2 penalty."""
    return two_moons(20 if quick else 100)


def growing_moons(quick: bool) -> Problem:
    """The same with more and more examples, `sizes` of them; the graphs have about 10^3, 10^4, 10^5, and 10^6 nodes."""
    sizes = [1, 14] if quick else [1, 14, 153, 1542]
    return {**two_moons(sizes[-1]), "sizes": sizes}


def two_moons(examples: int) -> Problem:
    from sklearn.datasets import make_moons

    points, labels = make_moons(n_samples=examples, noise=0.1, random_state=1337)
    return {
        "inputs": points.tolist(),
        "labels": [2.0 * int(label) - 1.0 for label in labels],
        "penalty": 1e-4,
        "biased": True,
        "parameters": network([2, 16, 16, 1]),
    }


def digits(full: int, small: int) -> Callable[[bool], Problem]:
    """A batch of so many real handwritten digits, 64-32-10, cross entropy."""

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


def gpt(quick: bool) -> Problem:
    """A character model of one block, on one word between two boundaries (token 0)."""
    return character_model(WORD[:3] if quick else WORD, letters=27, width=16, heads=4, context=16)


def character_model(word: str, letters: int, width: int, heads: int, context: int) -> Problem:
    """Embeddings, attention with `heads` heads, an MLP four times as wide as the model, and a head of logits."""
    draw = random.Random(4)
    shapes = [(letters, width), (context, width), *[(width, width)] * 4, (4 * width, width), (width, 4 * width)]
    return {
        "tokens": [0, *(ord(letter) - ord("a") + 1 for letter in word), 0],
        "heads": heads,
        "biased": False,
        "parameters": [matrix(draw, rows, columns) for rows, columns in [*shapes, (letters, width)]],
    }


def nodes(full: int, small: int) -> Callable[[bool], Problem]:
    """Graphs of so many nodes."""
    return lambda quick: {"nodes": small if quick else full}


def sizes(quick: bool) -> Problem:
    """Graphs of all these numbers of nodes; `tasks` says how far each rival goes."""
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


def flat(parameters: list[Matrix]) -> list[float]:
    """All numbers of the matrices, row by row."""
    return [x for matrix in parameters for row in matrix for x in row]
