"""What is measured: each task with its problem, the rivals that take part, and why others do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from . import problems
from .problems import Problem

OURS = ("interpreted", "native")
BOTH_WAYS = ("interpreted", "interpreted-nn", "native", "native-nn")
SCALARS = ("micrograd", "torch-scalars", "xad")
COMPILED = ("compiled", "compiled-whole")
ARRAYS = ("torch", "jax", "numpy")
EVERYBODY = (*SCALARS, "microgpt", *BOTH_WAYS, *COMPILED, "casadi", *ARRAYS)
ONE_SEQUENCE = ("interpreted-nn", "native-nn", *COMPILED, *ARRAYS)
A_BATCH = ("compiled", *ARRAYS)

NOTHING_BUILT = "compiles the program once, so that no graph is built in a pass"
NO_BATCH = "there is one example, and so no batch"
WHOLE_ARRAYS = "works on whole arrays and builds no graph of scalars"
ONE_BY_ONE = dict.fromkeys(
    ["interpreted-nn", "native-nn", "compiled-whole"],
    "would process the examples one by one; the moons and digits steps show what that costs",
)
NO_GRAPH = {
    **dict.fromkeys([*COMPILED, "casadi", "jax"], NOTHING_BUILT),
    **dict.fromkeys(["torch", "numpy"], WHOLE_ARRAYS),
}


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
        How samples are taken: "steps", "imports", or a name in `measure.GRAPHS`.
    figure : str
        The entry of a sample that rivals are compared by.
    rivals : tuple of str
        Those that take part.
    left_out : dict
        Those that one might expect and that do not take part, and why.
    program : str
        The rivals' name for the program, if it is not the task's.
    fresh : bool
        Whether each sample is taken in a process of its own.
    rounds : int
        The most samples to take, however many rounds there are.
    """

    title: str
    what: str
    problem: Callable[[bool], Problem]
    measure: str
    figure: str
    rivals: tuple[str, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    program: str = ""
    fresh: bool = False
    rounds: int = 1000


def _attention(length: int, *, causal: bool = True, heads: int = 1, examples: int = 0) -> Task:
    what = "each step looks at itself and those before it, keys[: t + 1]" if causal else "each step looks at all"
    named = [f"{length} steps", *[f"{heads} heads"] * (heads > 1), *[f"a batch of {examples}"] * (examples > 0)]
    return Task(
        ", ".join(["Causal attention" if causal else "Full attention", *named]),
        f"16 wide: query, key, value and out, softmax, squared error against a vector for each step; {what}. Forward "
        "and backward for all 1,024 parameters.",
        problems.attention(length, causal=causal, heads=heads, examples=examples),
        "steps",
        "seconds",
        A_BATCH if examples else ONE_SEQUENCE,
        ONE_BY_ONE if examples else {},
        program="attention",
    )


def _rnn(title: str, examples: int, rivals: tuple[str, ...], left_out: dict[str, str]) -> Task:
    return Task(
        f"RNN, {title}",
        "16 tanh units, 20 steps of 8 numbers, squared error of one output after the last; forward and backward for "
        "all 417 parameters.",
        problems.recurrent(1, examples),
        "steps",
        "seconds",
        rivals,
        left_out,
        program="rnn",
    )


TASKS = {
    "expression": Task(
        "micrograd's README expression",
        "Latency of a small graph: two leaves, about 20 operations, backward. What is compiled, CasADi, JAX and the "
        "derivation by hand only evaluate it.",
        problems.expression,
        "steps",
        "seconds",
        (*SCALARS, *OURS, "compiled-whole", "casadi", "jax", "numpy"),
        {"torch": "would do the same as its 0-d tensors", "compiled": NO_BATCH},
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
        problems.digits(32, 4),
        "steps",
        "seconds",
        EVERYBODY,
    ),
    "digits-128": Task(
        "Digits step with a batch of 128",
        "The same with 128 digits, for those who take whole batches.",
        problems.digits(128, 8),
        "steps",
        "seconds",
        ("compiled", "compiled-jax", "casadi", *ARRAYS),
        dict.fromkeys([*SCALARS, *BOTH_WAYS, "compiled-whole"], "would take four times as long as for 32 digits"),
        program="digits",
    ),
    "digits-784": Task(
        "Step of a larger network",
        "MLP 784-512-10, ReLU, a batch of 1,024 real handwritten digits enlarged to 28x28 pixels, cross entropy; "
        "forward and backward for all 407,050 parameters.",
        problems.large_digits,
        "steps",
        "seconds",
        ("compiled", "compiled-jax", *ARRAYS),
        dict.fromkeys([*SCALARS, *BOTH_WAYS, "compiled-whole", "casadi"], "would record 800 million scalars"),
        program="digits",
    ),
    "causal-8": _attention(8),
    "causal-16": _attention(16),
    "causal-32": _attention(32),
    "causal-8-heads": _attention(8, heads=4),
    "causal-16-heads": _attention(16, heads=4),
    "causal-32-heads": _attention(32, heads=4),
    "causal-8-batch": _attention(8, examples=32),
    "full-8": _attention(8, causal=False),
    "full-32": _attention(32, causal=False),
    "full-8-heads": _attention(8, causal=False, heads=4),
    "full-32-heads": _attention(32, causal=False, heads=4),
    "rnn-1": _rnn("one sequence", 0, ONE_SEQUENCE, {}),
    "rnn-32": _rnn("a batch of 32", 32, A_BATCH, ONE_BY_ONE),
    "lstm": Task(
        "LSTM, a batch of 32",
        "16 units, 20 steps of 8 numbers, squared error of one output after the last; forward and backward for all "
        "1,617 parameters.",
        problems.recurrent(4, 32),
        "steps",
        "seconds",
        A_BATCH,
        ONE_BY_ONE,
    ),
    "layer-norm": Task(
        "Layer-normed MLP",
        "16-32-32-1, each hidden layer normed over its units before its ReLU, 64 examples, squared error; forward and "
        "backward for all 1,761 parameters.",
        problems.layer_norm,
        "steps",
        "seconds",
        A_BATCH,
        ONE_BY_ONE,
    ),
    "residual": Task(
        "Residual block",
        "x + down(relu(up(norm(x)))), 16 wide and 64 inside, with layer norm, and one output; 64 examples, squared "
        "error; forward and backward for all 2,177 parameters.",
        problems.residual,
        "steps",
        "seconds",
        A_BATCH,
        ONE_BY_ONE,
    ),
    "convolution": Task(
        "Convolution",
        "8 kernels of 3x3 on real handwritten digits of 8x8 pixels, ReLU, means of 2x2, a linear layer to 10 classes, "
        "cross entropy, 32 digits; forward and backward for all 810 parameters.",
        problems.convolution,
        "steps",
        "seconds",
        A_BATCH,
        ONE_BY_ONE,
    ),
    "gpt": Task(
        "GPT-like block",
        "Character model, 16 wide, 4 heads, 1 layer: embeddings, attention, RMS norm, MLP (4x, ReLU), on one 8-letter "
        "word; forward and backward for all 4,192 parameters. micrograd has no exp and log: they are added in its own "
        "manner.",
        problems.gpt,
        "steps",
        "seconds",
        tuple(rival for rival in EVERYBODY if rival != "compiled"),
        {"compiled": NO_BATCH},
    ),
    "training": Task(
        "Training step of a GPT",
        "The same model, which is that of the lesson on GPT: forward, backward and a step of Adam's for all 4,192 "
        "parameters, on a batch of 8 names of modules. Rivals that work on whole arrays pad the names to the length of "
        "the longest.",
        problems.training,
        "steps",
        "seconds",
        ("microgpt", *BOTH_WAYS, "compiled", *ARRAYS),
        dict.fromkeys(
            [*SCALARS, "compiled-whole", "casadi"],
            "would process the names one by one; the GPT-like block shows what one word costs",
        ),
        program="gpt",
    ),
    "chain": Task(
        "Chain of 10^6 nodes",
        "y = y * x a million times: build, backward, free. micrograd recurses, which Python allows only after its "
        "recursion limit has been raised, as here.",
        problems.nodes(10**6, 10**4),
        "chain",
        "seconds",
        (*SCALARS, *OURS),
        NO_GRAPH,
        rounds=3,
    ),
    "wide": Task(
        "Wide sum of 10^6 leaves",
        "Make a million leaves, add them up, backward, free: with Python's own sum, or with autograd.sum (one node).",
        problems.nodes(10**6, 10**4),
        "steps",
        "seconds",
        (*SCALARS, *BOTH_WAYS),
        NO_GRAPH,
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
        NO_GRAPH,
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
    "compiling": Task(
        "Cost of compiling",
        "Moons with 1 to 1,542 examples, all recorded as one graph, in plain loops: microseconds per node, from "
        "the function to the NumPy program.",
        problems.growing_moons,
        "compiling",
        "seconds",
        ("compiled-whole",),
        rounds=3,
    ),
    "compiling-causal": Task(
        "Cost of compiling causal attention",
        "Causal attention of 8, 16 and 32 steps with 4 heads: microseconds per node, from the function to the NumPy "
        "program. In one example's loss a dot product is a single node, so that it has fewer of them.",
        problems.growing_attention,
        "compiling",
        "seconds",
        COMPILED,
        rounds=3,
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
GROUPS = {"compiler": [name for name, task in TASKS.items() if {*COMPILED, "compiled-jax"} & {*task.rivals}]}
"""Names for several tasks."""
LARGEST = {"micrograd": 10**4, "interpreted": 10**6}
"""The largest number of nodes in `sizes` for a rival; the others take them all."""
