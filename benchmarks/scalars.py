"""The programs of all libraries that record scalars, written once; an `Engine` has what is different in a library.

They are what a user of micrograd writes: loops, ``sum(w * x)`` and the library's own operators. An engine that has
something better to offer, such as a layer or a dot product, overrides the method of that name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from typing import Any, NamedTuple, TypeAlias

from .problems import Matrix, Problem, flat

Forward: TypeAlias = Callable[[], tuple[Any, Sequence[Any]]]  # the root, and the leaves whose gradient counts


class Program(NamedTuple):
    """One rival's way to do a task: `step` is timed, and `read` gets the loss and the gradients from its result.

    `source` is the text of the program, if `autograd.compile` made one.
    """

    step: Callable[[], Any]
    read: Callable[[Any], tuple[float, list[float]]]
    source: str = ""


class Library:
    """The base class of all rivals: it makes the programs of tasks."""

    def program(self, task: str, problem: Problem) -> Program:
        """How this rival does the task."""
        raise NotImplementedError


class Engine(Library):
    """A library that records the operators of scalars; subclasses give its own names for the rest."""

    # --- what a subclass defines

    def leaves(self, numbers: Iterable[float]) -> list[Any]:
        """Start a graph: a leaf for each number."""
        raise NotImplementedError

    def zero(self, leaves: Sequence[Any]) -> None:
        """Start another graph from the same leaves, with gradients of 0."""
        raise NotImplementedError

    def backward(self, root: Any) -> None:
        raise NotImplementedError

    def data(self, root: Any) -> float:
        raise NotImplementedError

    def grad(self, leaf: Any) -> float:
        raise NotImplementedError

    # The functions are attributes, so that programs call the library's own functions without a wrapper.
    relu: Callable[[Any], Any]
    exp: Callable[[Any], Any]
    log: Callable[[Any], Any]
    tanh: Callable[[Any], Any]

    # --- defaults, for which a subclass may have something better

    def constant(self, x: float) -> Any:
        """A number of the data, as it is handed to the network."""
        return x

    def total(self, xs: Sequence[Any]) -> Any:
        return sum(xs)

    def dot(self, ws: Sequence[Any], xs: Sequence[Any]) -> Any:
        return sum(w * x for w, x in zip(ws, xs))

    def sigmoid(self, x: Any) -> Any:
        return 1.0 / (1.0 + self.exp(-x))

    def softmax(self, logits: Sequence[Any]) -> list[Any]:
        powers = [self.exp(z) for z in logits]
        total = self.total(powers)
        return [power / total for power in powers]

    def cross_entropy(self, examples: Sequence[Sequence[Any]], targets: Sequence[int]) -> Any:
        losses = [
            self.log(self.total([self.exp(z) for z in logits])) - logits[target]
            for logits, target in zip(examples, targets)
        ]
        return self.total(losses) * (1.0 / len(losses))

    def mlp(self, matrices: list[Matrix]) -> tuple[Sequence[Any], Callable[[list[float]], list[Any]]]:
        """The parameters of a network of ReLUs with a linear last layer, and the network."""
        parameters = self.leaves(flat(matrices))
        *hidden, last = nested(parameters, matrices)
        relu = self.relu

        def network(inputs: list[float]) -> list[Any]:
            xs = [self.constant(x) for x in inputs]
            for layer in hidden:
                xs = [relu(sum((w * x for w, x in zip(row, xs)), row[-1])) for row in layer]
            return [sum((w * x for w, x in zip(row, xs)), row[-1]) for row in last]

        return parameters, network

    def nodes(self, root: Any) -> int:
        """How many nodes there are in the graph of root, leaves included, where the library can tell."""
        raise NotImplementedError

    def object_bytes(self, root: Any) -> float | None:
        """Bytes per node of the chain below root by ``sys.getsizeof``, where that says anything."""
        return None

    # --- the program

    def adam_step(self, leaves: Sequence[Any], lr: float, betas: Sequence[float], eps: float) -> Callable[[], None]:
        """A function that moves the leaves by one step of Adam (Kingma and Ba 2015)."""
        raise NotImplementedError

    def program(self, task: str, problem: Problem) -> Program:
        forward = PROGRAMS[task](self, problem)
        optimise: list[Callable[[], None]] = []

        def step() -> tuple[Any, Sequence[Any]]:
            root, leaves = forward()
            self.backward(root)
            if "adam" in problem:
                if not optimise:
                    optimise.append(self.adam_step(leaves, **problem["adam"]))
                optimise[0]()
            return root, leaves

        def read(made: tuple[Any, Sequence[Any]]) -> tuple[float, list[float]]:
            root, leaves = made
            return self.data(root), [self.grad(leaf) for leaf in leaves]

        return Program(step, read)


class ValueEngine(Engine):
    """An engine with micrograd's interface: a class, `value`, of objects with data, grad and backward()."""

    value: Any

    def leaves(self, numbers: Iterable[float]) -> list[Any]:
        return [self.value(x) for x in numbers]

    def constant(self, x: float) -> Any:
        return self.value(x)

    def zero(self, leaves: Sequence[Any]) -> None:
        for leaf in leaves:
            leaf.grad = 0.0

    def backward(self, root: Any) -> None:
        root.backward()

    def data(self, root: Any) -> float:
        return float(root.data)

    def grad(self, leaf: Any) -> float:
        return float(leaf.grad)

    def adam_step(self, leaves: Sequence[Any], lr: float, betas: Sequence[float], eps: float) -> Callable[[], None]:
        means, squares = [0.0] * len(leaves), [0.0] * len(leaves)
        steps, (first, second) = count(1), betas

        def optimise() -> None:
            step = next(steps)
            for i, leaf in enumerate(leaves):
                means[i] = first * means[i] + (1.0 - first) * leaf.grad
                squares[i] = second * squares[i] + (1.0 - second) * leaf.grad**2
                mean, square = means[i] / (1.0 - first**step), squares[i] / (1.0 - second**step)
                leaf.data -= lr * mean / (square**0.5 + eps)

        return optimise


def linear(engine: Engine, matrix: Sequence[Sequence[Any]], xs: Sequence[Any]) -> list[Any]:
    """The product of a matrix and a vector."""
    return [engine.dot(row, xs) for row in matrix]


def affine(engine: Engine, matrix: Sequence[Sequence[Any]], biases: Sequence[Any], xs: Sequence[Any]) -> list[Any]:
    return [z + b for z, b in zip(linear(engine, matrix, xs), biases)]


def nested(leaves: Sequence[Any], matrices: list[Matrix]) -> list[list[list[Any]]]:
    """The leaves in the shape of the matrices."""
    rest: Iterator[Any] = iter(leaves)
    return [[[next(rest) for _ in row] for row in matrix] for matrix in matrices]


Leaves: TypeAlias = list[list[list[Any]]]  # parameters, in the shape of the problem's matrices
Loss: TypeAlias = Callable[..., Any]  # of one example, from its input and its target
Example: TypeAlias = Callable[[Engine, Problem, Leaves], Loss]


# --- the tasks ----------------------------------------------------------------------------------------------------


def expression(engine: Engine, problem: Problem) -> Forward:
    numbers, relu = flat(problem["parameters"]), engine.relu

    def forward() -> tuple[Any, Sequence[Any]]:
        leaves = engine.leaves(numbers)
        a, b = leaves
        return readme(a, b, relu), leaves

    return forward


def readme(a: Any, b: Any, relu: Callable[[Any], Any]) -> Any:
    """The expression in micrograd's README."""
    c = a + b
    d = a * b + b**3
    c = c + (c + 1)
    c = c + (1 + c + (-a))
    d = d + (d * 2 + relu(b + a))
    d = d + (3 * d + relu(b - a))
    e = c - d
    f = e**2
    g = f / 2.0
    return g + 10.0 / f


def moons(engine: Engine, problem: Problem) -> Forward:
    parameters, network = engine.mlp(problem["parameters"])
    examples = list(zip(problem["inputs"], problem["targets"]))
    relu = engine.relu

    def forward() -> tuple[Any, Sequence[Any]]:
        engine.zero(parameters)
        losses = [relu(1.0 + -label * network(point)[0]) for point, label in examples]
        penalty = problem["penalty"] * engine.dot(parameters, parameters)
        return engine.total(losses) * (1.0 / len(losses)) + penalty, parameters

    return forward


def digits(engine: Engine, problem: Problem) -> Forward:
    parameters, network = engine.mlp(problem["parameters"])

    def forward() -> tuple[Any, Sequence[Any]]:
        engine.zero(parameters)
        logits = [network(image) for image in problem["inputs"]]
        return engine.cross_entropy(logits, problem["targets"]), parameters

    return forward


def character_model(
    engine: Engine, problem: Problem, matrices: list[list[list[Any]]]
) -> Callable[[Sequence[int]], list[list[Any]]]:
    """The logits after each of the tokens, one after the other.

    One block: x += out(attention(norm(x))), then x += down(relu(up(norm(x)))), and logits = head(norm(x)).
    """
    letters, places, query, key, value, out, up, down, head = matrices
    size = len(query) // problem["heads"]
    dot, relu = engine.dot, engine.relu

    def norm(xs: list[Any]) -> list[Any]:
        scale = (dot(xs, xs) * (1.0 / len(xs)) + 1e-5) ** -0.5
        return [x * scale for x in xs]

    def network(tokens: Sequence[int]) -> list[list[Any]]:
        keys, values, logits = [], [], []
        for token, place in zip(tokens, places):
            xs = [a + b for a, b in zip(letters[token], place)]
            normed = norm(xs)
            queries = linear(engine, query, normed)
            keys.append(linear(engine, key, normed))
            values.append(linear(engine, value, normed))
            mixed = []
            for i in range(0, len(queries), size):
                part = slice(i, i + size)
                weights = engine.softmax([dot(queries[part], k[part]) * size**-0.5 for k in keys])
                mixed += [dot(weights, column) for column in zip(*(v[part] for v in values))]
            xs = [a + b for a, b in zip(xs, linear(engine, out, mixed))]
            wide = [relu(z) for z in linear(engine, up, norm(xs))]
            xs = [a + b for a, b in zip(xs, linear(engine, down, wide))]
            logits.append(linear(engine, head, norm(xs)))
        return logits

    return network


def gpt(engine: Engine, problem: Problem) -> Forward:
    """Cross entropy of all predictions in all words."""
    parameters = engine.leaves(flat(problem["parameters"]))
    network = character_model(engine, problem, nested(parameters, problem["parameters"]))
    targets = [token for word in problem["words"] for token in word[1:]]

    def forward() -> tuple[Any, Sequence[Any]]:
        engine.zero(parameters)
        logits = [zs for word in problem["words"] for zs in network(word[:-1])]
        return engine.cross_entropy(logits, targets), parameters

    return forward


def chain(engine: Engine, problem: Problem) -> Forward:
    def forward() -> tuple[Any, Sequence[Any]]:
        leaves = engine.leaves([CHAIN_FACTOR])
        return chain_of(leaves[0], problem["nodes"]), leaves

    return forward


CHAIN_FACTOR = 1.000001


def chain_of(x: Any, nodes: int) -> Any:
    """x**(nodes + 1), computed by `nodes` products one after another."""
    y = x
    for _ in range(nodes):
        y = y * x
    return y


def wide(engine: Engine, problem: Problem) -> Forward:
    numbers = wide_numbers(problem["nodes"])

    def forward() -> tuple[Any, Sequence[Any]]:
        leaves = engine.leaves(numbers)
        return engine.total(leaves), leaves

    return forward


def wide_numbers(nodes: int) -> list[float]:
    """Small integers, so that their sum is exact."""
    return [float(i % 1000) for i in range(nodes)]


# --- the loss of one example: compilers take it as it is, the other engines loop over the examples -----


def attention(engine: Engine, problem: Problem, matrices: Leaves) -> Loss:
    """Squared error of attention on a sequence of vectors; if causal, each attends to itself and those before it."""
    query, key, value, out = matrices
    size, causal = len(query) // problem["heads"], problem["causal"]

    def loss(xs: Any, targets: Any) -> Any:
        keys, values = ([linear(engine, matrix, x) for x in xs] for matrix in (key, value))
        squares = []
        for t in range(len(xs)):
            seen = slice(t + 1 if causal else len(xs))
            q, mixed = linear(engine, query, xs[t]), []
            for i in range(0, len(q), size):
                part = slice(i, i + size)
                weights = engine.softmax([engine.dot(q[part], k[part]) * size**-0.5 for k in keys[seen]])
                mixed += [engine.dot(weights, column) for column in zip(*(v[part] for v in values[seen]))]
            squares += [(y - target) ** 2 for y, target in zip(linear(engine, out, mixed), targets[t])]
        return engine.total(squares) * (1.0 / len(squares))

    return loss


def rnn(engine: Engine, problem: Problem, matrices: Leaves) -> Loss:
    """h = tanh(W x + U h + b) for each x in turn, and the squared error of v h + c after the last."""
    from_input, from_state, (biases,), (weights,), ((bias,),) = matrices

    def loss(xs: Any, target: Any) -> Any:
        state = [0.0] * len(from_state[0])
        for x in xs:
            sums = zip(affine(engine, from_input, biases, x), linear(engine, from_state, state))
            state = [engine.tanh(a + b) for a, b in sums]
        return (engine.dot(weights, state) + bias - target) ** 2

    return loss


def lstm(engine: Engine, problem: Problem, matrices: Leaves) -> Loss:
    """The same with a memory c: the gates i, f and o say what is written to it, what it keeps, and what it shows."""
    from_input, from_state, (biases,), (weights,), ((bias,),) = matrices
    units = len(weights)

    def loss(xs: Any, target: Any) -> Any:
        state, memory = [0.0] * units, [0.0] * units
        for x in xs:
            sums = zip(affine(engine, from_input, biases, x), linear(engine, from_state, state))
            gates = [a + b for a, b in sums]
            write, keep, show = ([engine.sigmoid(z) for z in gates[k * units : (k + 1) * units]] for k in range(3))
            new = [engine.tanh(z) for z in gates[3 * units :]]
            memory = [f * c + i * g for f, c, i, g in zip(keep, memory, write, new)]
            state = [o * engine.tanh(c) for o, c in zip(show, memory)]
        return (engine.dot(weights, state) + bias - target) ** 2

    return loss


def norm(engine: Engine, xs: Sequence[Any], gains: Sequence[Any], shifts: Sequence[Any]) -> list[Any]:
    """Layer norm: to mean 0 and variance 1, then a gain and a shift for each number."""
    mean = engine.total(xs) * (1.0 / len(xs))
    centred = [x - mean for x in xs]
    scale = (engine.dot(centred, centred) * (1.0 / len(xs)) + 1e-5) ** -0.5
    return [gain * (x * scale) + shift for x, gain, shift in zip(centred, gains, shifts)]


def layer_norm(engine: Engine, problem: Problem, matrices: Leaves) -> Loss:
    *hidden, weights, (biases,) = matrices

    def loss(xs: Any, target: Any) -> Any:
        for matrix, (bias,), (gains,), (shifts,) in zip(*(hidden[k::4] for k in range(4))):
            xs = [engine.relu(x) for x in norm(engine, affine(engine, matrix, bias, xs), gains, shifts)]
        return (affine(engine, weights, biases, xs)[0] - target) ** 2

    return loss


def residual(engine: Engine, problem: Problem, matrices: Leaves) -> Loss:
    (gains,), (shifts,), up, (up_biases,), down, (down_biases,), head, (head_biases,) = matrices

    def loss(xs: Any, target: Any) -> Any:
        wide = [engine.relu(z) for z in affine(engine, up, up_biases, norm(engine, xs, gains, shifts))]
        xs = [x + z for x, z in zip(xs, affine(engine, down, down_biases, wide))]
        return (affine(engine, head, head_biases, xs)[0] - target) ** 2

    return loss


def convolution(engine: Engine, problem: Problem, matrices: Leaves) -> Loss:
    """Kernels of 3x3 at every place where they fit, ReLU, means of 2x2, and a linear layer to the logits."""
    kernels, (kernel_biases,), weights, (biases,) = matrices

    def loss(image: Any, target: Any) -> Any:
        size = len(image) - 2
        features = []
        for kernel, bias in zip(kernels, kernel_biases):
            maps = [
                [
                    engine.relu(engine.dot(kernel, [x for line in image[r : r + 3] for x in line[c : c + 3]]) + bias)
                    for c in range(size)
                ]
                for r in range(size)
            ]
            features += [
                (maps[r][c] + maps[r][c + 1] + maps[r + 1][c] + maps[r + 1][c + 1]) * 0.25
                for r in range(0, size, 2)
                for c in range(0, size, 2)
            ]
        return engine.cross_entropy([affine(engine, weights, biases, features)], [target])

    return loss


def mean_of(example: Example) -> Callable[[Engine, Problem], Forward]:
    """The program that takes the mean of the losses of all examples, one by one."""

    def program(engine: Engine, problem: Problem) -> Forward:
        parameters = engine.leaves(flat(problem["parameters"]))
        loss = example(engine, problem, nested(parameters, problem["parameters"]))
        examples = list(zip(problem["inputs"], problem["targets"]))

        def forward() -> tuple[Any, Sequence[Any]]:
            engine.zero(parameters)
            return engine.total([loss(x, y) for x, y in examples]) * (1.0 / len(examples)), parameters

        return forward

    return program


EXAMPLES: dict[str, Example] = {
    "attention": attention,
    "rnn": rnn,
    "lstm": lstm,
    "layer-norm": layer_norm,
    "residual": residual,
    "convolution": convolution,
}
PROGRAMS: dict[str, Callable[[Engine, Problem], Forward]] = {
    "expression": expression,
    "moons": moons,
    "digits": digits,
    "gpt": gpt,
    "chain": chain,
    "wide": wide,
    **{name: mean_of(example) for name, example in EXAMPLES.items()},
}
