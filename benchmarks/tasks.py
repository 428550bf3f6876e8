"""What is measured: each task with its problem, the rivals that take part, and why others do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from . import problems
from .problems import Problem

OURS = ("interpreted", "native")
BOTH_WAYS = ("interpreted", "interpreted-nn", "native", "native-nn")
SCALARS = ("micrograd", "torch-scalars", "xad")
EVERYBODY = (*SCALARS, *BOTH_WAYS, "casadi", "torch", "jax", "numpy")

NOTHING_BUILT = "compiles the program once, so that no graph is built in a pass"
WHOLE_ARRAYS = "works on whole arrays and builds no graph of scalars"


@dataclass(frozen=True)
class Task:
    """One thing that is measured.

    Parameters
    ----------
    title, what : str
        A heading, and a sentence on what is done.
    problem : callable
        Makes the numbers, see `problems`.
    measure : str
        How samples are taken, a name in `measure.OPENINGS`.
    figure : str
        The part of a sample that rivals are compared by.
    rivals : tuple of str
        Who takes part.
    left_out : dict
        Who does not although one might expect it, and why.
    fresh : bool
        Whether each sample is taken in a process of its own.
    rounds : int
        How many samples are enough, however many rounds there are.
    """

    title: str
    what: str
    problem: Callable[[bool], Problem]
    measure: str
    figure: str
    rivals: tuple[str, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    fresh: bool = False
    rounds: int = 1000


TASKS = {
    "expression": Task(
        "micrograd's README expression",
        "Latency of a small graph: two leaves, about 20 operations, backward. CasADi, JAX and the derivation by hand "
        "only evaluate it.",
        problems.expression,
        "steps",
        "seconds",
        (*SCALARS, *OURS, "casadi", "jax", "numpy"),
        {"torch": "would do the same as its 0-d tensors"},
    ),
    "moons": Task(
        "Moons step",
        "micrograd's notebook: MLP 2-16-16-1, ReLU, 100 examples, hinge loss + 1e-4 L2; forward and backward for all "
        "337 parameters, full batch.",
        problems.moons,
        "steps",
        "seconds",
        EVERYBODY,
    ),
    "digits": Task(
        "Digits step",
        "MLP 64-32-10, ReLU, a batch of 32 real handwritten digits, cross entropy; forward and backward for all 2,410 "
        "parameters.",
        problems.digits,
        "steps",
        "seconds",
        EVERYBODY,
    ),
    "gpt": Task(
        "GPT-like block",
        "Character model, 16 wide, 4 heads, 1 layer: embeddings, attention, RMS norm, MLP (4x, ReLU), on one 8-letter "
        "word; forward and backward for all 4,192 parameters. micrograd has no exp and log: they are added in its own "
        "manner.",
        problems.gpt,
        "steps",
        "seconds",
        EVERYBODY,
    ),
    "chain": Task(
        "Chain of 10^6 nodes",
        "y = y * x a million times: build, backward, free. micrograd recurses, which Python allows only after its "
        "recursion limit has been raised, as here.",
        problems.nodes(10**6, 10**4),
        "chain",
        "seconds",
        (*SCALARS, *OURS),
        {"casadi": NOTHING_BUILT, "jax": NOTHING_BUILT, "torch": WHOLE_ARRAYS, "numpy": WHOLE_ARRAYS},
        rounds=3,
    ),
    "wide": Task(
        "Wide sum of 10^6 leaves",
        "Make a million leaves, add them up, backward, free: with Python's own sum, or with autograd.sum (one node).",
        problems.nodes(10**6, 10**4),
        "steps",
        "seconds",
        (*SCALARS, *BOTH_WAYS),
        {"casadi": NOTHING_BUILT, "jax": NOTHING_BUILT, "torch": WHOLE_ARRAYS, "numpy": WHOLE_ARRAYS},
        rounds=3,
    ),
    "memory": Task(
        "Bytes per node",
        "Growth of resident memory by a chain of 10^6 nodes, per node: when it is built, and after its backward pass. "
        "Of our own nodes also what sys.getsizeof says, with the floats that only they refer to.",
        problems.nodes(10**6, 10**5),
        "memory",
        "built",
        (*SCALARS, *OURS),
        {"casadi": NOTHING_BUILT, "jax": NOTHING_BUILT, "torch": WHOLE_ARRAYS, "numpy": WHOLE_ARRAYS},
        fresh=True,
        rounds=3,
    ),
    "imports": Task(
        "Import",
        "Time of `python -c 'import ...'` over `python -c pass`.",
        problems.imports,
        "imports",
        "seconds",
        ("micrograd", "xad", *OURS, "casadi", "torch", "jax", "numpy"),
    ),
    "sizes": Task(
        "Cost against size",
        "The chain at several numbers of nodes: nanoseconds per node, build + backward. micrograd, which recurses, "
        "goes to 10^4 nodes, the interpreted engine to 10^6.",
        problems.sizes,
        "sizes",
        "1000 seconds",
        ("micrograd", *OURS),
    ),
    "threads": Task(
        "Threads",
        "8 threads for a minute, each building and differentiating graphs of its own over leaves that all share. Every "
        "gradient is compared with the exact one, and the shared leaves' with the exact sum.",
        problems.threads,
        "threads",
        "rate",
        OURS,
        rounds=1,
    ),
}
DEFAULT = [name for name in TASKS if name != "threads"]
LARGEST = {"micrograd": 10**4, "interpreted": 10**6}
"""How far a rival goes in `sizes`; the others go all the way."""
