"""Every loss of ``nn`` with its options, and problems for it, for ``test_nn_losses`` and the table of parity.

A problem says which columns of a network's output row are the inputs of the loss, and how its targets are drawn.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import nn
from autograd.functional import leaves
from nn import functional


def _nested(make: Callable[[random.Random], Any]) -> Callable[[random.Random, int, int], Any]:
    return lambda rng, n, k: [[make(rng) for _ in range(k)] for _ in range(n)]


def _flat(make: Callable[[random.Random], Any]) -> Callable[[random.Random, int, int], Any]:
    return lambda rng, n, k: [make(rng) for _ in range(n)]


def _shares(rng: random.Random, n: int, k: int) -> Any:
    rows = [[rng.random() for _ in range(k)] for _ in range(n)]
    return [[x / sum(row) for x in row] for row in rows]


def _classes(rng: random.Random, n: int, k: int) -> Any:
    return [rng.randrange(k) for _ in range(n)]


def _some_ignored(rng: random.Random, n: int, k: int) -> Any:
    return [-100 if i == 1 else rng.randrange(k) for i in range(n)]


def _sets(rng: random.Random, n: int, k: int) -> Any:
    """Rows of class indices, each ended by -1 unless it is full; the loss must ignore what comes after it."""
    rows = []
    for i in range(n):
        chosen = rng.sample(range(k), i % (k + 1))
        rows.append([*chosen, -1, *[rng.randrange(k) for _ in range(k)]][:k])
    return rows


TIES = (0.0, 1.0, -1.0, 0.5, 2.0)
TARGETS: dict[str, Callable[[random.Random, int, int], Any]] = {
    "real": _nested(lambda rng: rng.gauss(0.0, 1.0)),
    "ties": _nested(lambda rng: rng.choice(TIES)),
    "shares": _nested(lambda rng: rng.choice((0.0, 1.0, rng.random()))),
    "counts": _nested(lambda rng: float(rng.randrange(4))),
    "distributions": _shares,
    "labels": _flat(lambda rng: rng.choice((-1.0, 1.0))),
    "rows of labels": _nested(lambda rng: rng.choice((-1.0, 1.0))),
    "classes": _classes,
    "classes and -100": _some_ignored,
    "sets": _sets,
    "none": lambda rng, n, k: None,
}


@dataclass(frozen=True)
class Problem:
    """A loss with some options, and the arguments that it is called with.

    Attributes
    ----------
    module, function : str
        Its names in ``nn`` and ``torch.nn``, and in their ``functional``.
    target : str
        A key of `TARGETS`.
    options : dict
    blocks : tuple
        The inputs before the target, each made of some columns of the outputs: a pair (from, to), or the index of one
        column, which gives a number for each example.
    after : tuple
        The inputs after the target, in the same form.
    squash, squash_after : str
        The function of ``functional`` that is applied to the inputs before and after the target; empty for none.
    """

    module: str
    function: str
    target: str
    options: dict[str, Any] = field(default_factory=dict)
    blocks: tuple[Any, ...] = ((0, 3),)
    after: tuple[Any, ...] = ()
    squash: str = ""
    squash_after: str = "softplus"

    def __str__(self) -> str:
        return f"{self.module}({self.written()}) of {self.target}"

    def written(self) -> str:
        """The options, as they are written in a call."""
        return ", ".join(f"{name}={x!r}" for name, x in self.options.items())

    @property
    def outputs(self) -> int:
        """How many outputs the network needs."""
        return max(b + 1 if isinstance(b, int) else b[1] for b in (*self.blocks, *self.after))

    @property
    def width(self) -> int:
        """How many numbers an input has for one example."""
        return 1 if isinstance(self.blocks[0], int) else self.blocks[0][1] - self.blocks[0][0]

    def targets(self, n: int, seed: int = 0, ties: bool = False) -> Any:
        kind = "ties" if ties and self.target == "real" else self.target
        made = TARGETS[kind](random.Random(seed), n, self.width)
        one_number = isinstance(self.blocks[0], int) and self.target in ("real", "counts")
        return [row[0] for row in made] if one_number else made

    def arguments(self, outputs: Any, target: Any, of: Any = functional) -> list[Any]:
        """The arguments for the loss; `outputs` are lists of one or more examples, or, in PyTorch, a tensor."""

        def input(block: Any, squash: str) -> Any:
            x = cut(outputs, block)
            if not squash:
                return x
            return getattr(of, squash)(x, dim=-1) if squash == "log_softmax" else getattr(of, squash)(x)

        before = [input(block, self.squash) for block in self.blocks]
        between = [] if target is None else [target]
        return [*before, *between, *[input(block, self.squash_after) for block in self.after]]

    def ours(self, outputs: Any, target: Any, **more: Any) -> Any:
        """The loss, computed by the function in ``nn.functional``."""
        return getattr(functional, self.function)(*self.arguments(outputs, target), **{**self.options, **more})

    def pytorchs(self, torch: Any, outputs: Any, target: Any, **more: Any) -> Any:
        """The loss, computed by PyTorch's function of that name."""
        of = torch.nn.functional
        options = {**_tensors(torch, self.options), **more}
        target = None if target is None else tensor(torch, target)
        return getattr(of, self.function)(*self.arguments(outputs, target, of), **options)

    def our_module(self) -> Any:
        return getattr(nn, self.module)(**self.options)

    def pytorchs_module(self, torch: Any) -> Any:
        return getattr(torch.nn, self.module)(**_tensors(torch, self.options))


def cut(outputs: Any, block: Any) -> Any:
    """The columns of a block, taken from a list of lists, from one list, or from a tensor.

    >>> cut([[1, 2, 3], [4, 5, 6]], (0, 2)), cut([[1, 2, 3], [4, 5, 6]], 2), cut([1, 2, 3], 0)
    ([[1, 2], [4, 5]], [3, 6], 1)
    """
    index = block if isinstance(block, int) else slice(*block)
    if hasattr(outputs, "detach"):
        return outputs[..., index]
    if outputs and isinstance(outputs[0], list):
        return [row[index] for row in outputs]
    return outputs[index]


def tensor(torch: Any, x: Any) -> Any:
    """A tensor of the numbers in nested lists: int64 if they are ints, which are classes, and float64 otherwise."""
    return torch.tensor(x, dtype=torch.int64 if isinstance(leaves(x)[0], int) else torch.float64)


def _tensors(torch: Any, options: dict[str, Any]) -> dict[str, Any]:
    factors = ("weight", "pos_weight")
    return {name: torch.tensor(x, dtype=torch.float64) if name in factors else x for name, x in options.items()}


WEIGHTS = [0.5, 2.0, 1.25]
PROBLEMS = [
    Problem("MSELoss", "mse_loss", "real"),
    Problem("MSELoss", "mse_loss", "real", {"reduction": "sum"}),
    Problem("L1Loss", "l1_loss", "real"),
    Problem("SmoothL1Loss", "smooth_l1_loss", "real"),
    Problem("SmoothL1Loss", "smooth_l1_loss", "real", {"beta": 0.25}),
    Problem("SmoothL1Loss", "smooth_l1_loss", "real", {"beta": 0.0}),
    Problem("HuberLoss", "huber_loss", "real"),
    Problem("HuberLoss", "huber_loss", "real", {"delta": 0.5}),
    Problem("BCELoss", "binary_cross_entropy", "shares", squash="sigmoid"),
    Problem("BCELoss", "binary_cross_entropy", "shares", {"weight": WEIGHTS}, squash="sigmoid"),
    Problem("BCEWithLogitsLoss", "binary_cross_entropy_with_logits", "shares"),
    Problem("BCEWithLogitsLoss", "binary_cross_entropy_with_logits", "shares", {"pos_weight": WEIGHTS}),
    Problem(
        "BCEWithLogitsLoss",
        "binary_cross_entropy_with_logits",
        "shares",
        {"weight": [1.0, 3.0, 0.0], "pos_weight": WEIGHTS},
    ),
    Problem("CrossEntropyLoss", "cross_entropy", "classes"),
    Problem("CrossEntropyLoss", "cross_entropy", "classes", {"weight": WEIGHTS}),
    Problem("CrossEntropyLoss", "cross_entropy", "classes", {"label_smoothing": 0.1}),
    Problem("CrossEntropyLoss", "cross_entropy", "classes", {"ignore_index": 1}),
    Problem("CrossEntropyLoss", "cross_entropy", "classes and -100"),
    Problem("CrossEntropyLoss", "cross_entropy", "classes and -100", {"weight": WEIGHTS, "label_smoothing": 0.25}),
    Problem("CrossEntropyLoss", "cross_entropy", "distributions"),
    Problem("CrossEntropyLoss", "cross_entropy", "distributions", {"weight": WEIGHTS, "label_smoothing": 0.25}),
    Problem("NLLLoss", "nll_loss", "classes", squash="log_softmax"),
    Problem("NLLLoss", "nll_loss", "classes and -100", {"weight": WEIGHTS}, squash="log_softmax"),
    Problem("NLLLoss", "nll_loss", "classes", {"ignore_index": 0}, squash="log_softmax"),
    Problem("KLDivLoss", "kl_div", "distributions", {"reduction": "batchmean"}, squash="log_softmax"),
    Problem("KLDivLoss", "kl_div", "shares", {"reduction": "sum"}, squash="log_softmax"),
    Problem("KLDivLoss", "kl_div", "real", {"reduction": "sum", "log_target": True}, squash="log_softmax"),
    Problem("PoissonNLLLoss", "poisson_nll_loss", "counts"),
    Problem("PoissonNLLLoss", "poisson_nll_loss", "counts", {"full": True}),
    Problem("PoissonNLLLoss", "poisson_nll_loss", "counts", {"log_input": False, "eps": 1e-3}, squash="softplus"),
    Problem("GaussianNLLLoss", "gaussian_nll_loss", "real", blocks=((0, 2),), after=((2, 4),)),
    Problem("GaussianNLLLoss", "gaussian_nll_loss", "real", {"full": True, "eps": 0.5}, ((0, 2),), ((2, 4),)),
    Problem("GaussianNLLLoss", "gaussian_nll_loss", "real", {}, ((0, 2),), ((2, 3),)),
    Problem("MarginRankingLoss", "margin_ranking_loss", "labels", {}, (0, 1)),
    Problem("MarginRankingLoss", "margin_ranking_loss", "labels", {"margin": 0.5}, (0, 1)),
    Problem("HingeEmbeddingLoss", "hinge_embedding_loss", "rows of labels", {}),
    Problem("HingeEmbeddingLoss", "hinge_embedding_loss", "rows of labels", {"margin": 0.5}),
    Problem("SoftMarginLoss", "soft_margin_loss", "rows of labels"),
    Problem("CosineEmbeddingLoss", "cosine_embedding_loss", "labels", {}, ((0, 2), (2, 4))),
    Problem("CosineEmbeddingLoss", "cosine_embedding_loss", "labels", {"margin": 0.25}, ((0, 2), (2, 4))),
    Problem("TripletMarginLoss", "triplet_margin_loss", "none", {}, ((0, 2), (2, 4), (4, 6))),
    Problem("TripletMarginLoss", "triplet_margin_loss", "none", {"p": 1.0, "margin": 2.0}, ((0, 2), (2, 4), (4, 6))),
    Problem("TripletMarginLoss", "triplet_margin_loss", "none", {"p": 3.0, "swap": True}, ((0, 2), (2, 4), (4, 6))),
    Problem("MultiMarginLoss", "multi_margin_loss", "classes"),
    Problem("MultiMarginLoss", "multi_margin_loss", "classes", {"p": 2, "margin": 0.5, "weight": WEIGHTS}),
    Problem("MultiLabelMarginLoss", "multilabel_margin_loss", "sets"),
    Problem("MultiLabelSoftMarginLoss", "multilabel_soft_margin_loss", "shares"),
    Problem("MultiLabelSoftMarginLoss", "multilabel_soft_margin_loss", "shares", {"weight": WEIGHTS}),
]
"""The losses with options that are trained in the table of parity."""

MORE = [
    Problem("MSELoss", "mse_loss", "real", {"weight": [[0.5, 2.0, 0.0]] * 4}),
    Problem("L1Loss", "l1_loss", "real", {"weight": [[0.5, 2.0, 0.0]] * 4}),
    Problem("HuberLoss", "huber_loss", "real", {"weight": [[0.5, 2.0, 0.0]] * 4}),
    Problem("BCELoss", "binary_cross_entropy", "shares", {"weight": [[0.5], [2.0], [0.0], [1.0]]}, squash="sigmoid"),
]
"""Losses with options that PyTorch has as functions only, not as modules."""
