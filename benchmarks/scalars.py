"""The programs of every library that records scalars, written once; what differs between them is an `Engine`.

They are what a user of micrograd writes: loops, ``sum(w * x)`` and the library's own operators. An engine that has
something better to offer, such as a layer or a dot product, overrides the method of that name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from .problems import Matrix, Problem, flat

Forward: TypeAlias = Callable[[], tuple[Any, Sequence[Any]]]  # the root, and the leaves whose gradient counts


class Program(NamedTuple):
    """One rival's way to do a task: `step` is what is timed, and `read` makes numbers of what it returned."""

    step: Callable[[], Any]
    read: Callable[[Any], tuple[float, list[float]]]


class Library:
    """What any rival is: something that makes programs."""

    def program(self, task: str, problem: Problem) -> Program:
        """How this rival does the task."""
        raise NotImplementedError


class Engine(Library):
    """A library of scalars that records the operators; subclasses say how its things are called."""

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

    # The functions are attributes, so that a program can call the library's own without anything in between.
    relu: Callable[[Any], Any]
    exp: Callable[[Any], Any]
    log: Callable[[Any], Any]

    # --- what it may have a better way to do

    def constant(self, x: float) -> Any:
        """A number of the data, as it is handed to the network."""
        return x

    def total(self, xs: Sequence[Any]) -> Any:
        return sum(xs)

    def dot(self, ws: Sequence[Any], xs: Sequence[Any]) -> Any:
        return sum(w * x for w, x in zip(ws, xs))

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

    def program(self, task: str, problem: Problem) -> Program:
        forward = PROGRAMS[task](self, problem)

        def step() -> tuple[Any, Sequence[Any]]:
            root, leaves = forward()
            self.backward(root)
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


def nested(leaves: Sequence[Any], matrices: list[Matrix]) -> list[list[list[Any]]]:
    """The leaves in the shape of the matrices."""
    rest: Iterator[Any] = iter(leaves)
    return [[[next(rest) for _ in row] for row in matrix] for matrix in matrices]


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
    examples = list(zip(problem["inputs"], problem["labels"]))
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


def gpt(engine: Engine, problem: Problem) -> Forward:
    """One block: x += out(attention(norm(x))), then x += down(relu(up(norm(x)))), and logits = head(norm(x))."""
    parameters = engine.leaves(flat(problem["parameters"]))
    letters, places, query, key, value, out, up, down, head = nested(parameters, problem["parameters"])
    tokens, size = problem["tokens"], len(query) // problem["heads"]
    dot, relu = engine.dot, engine.relu

    def linear(matrix: list[list[Any]], xs: list[Any]) -> list[Any]:
        return [dot(row, xs) for row in matrix]

    def norm(xs: list[Any]) -> list[Any]:
        scale = (dot(xs, xs) * (1.0 / len(xs)) + 1e-5) ** -0.5
        return [x * scale for x in xs]

    def forward() -> tuple[Any, Sequence[Any]]:
        engine.zero(parameters)
        keys, values, logits = [], [], []
        for token, place in zip(tokens[:-1], places):
            xs = [a + b for a, b in zip(letters[token], place)]
            normed = norm(xs)
            queries = linear(query, normed)
            keys.append(linear(key, normed))
            values.append(linear(value, normed))
            mixed = []
            for i in range(0, len(queries), size):
                part = slice(i, i + size)
                weights = engine.softmax([dot(queries[part], k[part]) * size**-0.5 for k in keys])
                mixed += [dot(weights, column) for column in zip(*(v[part] for v in values))]
            xs = [a + b for a, b in zip(xs, linear(out, mixed))]
            wide = [relu(z) for z in linear(up, norm(xs))]
            xs = [a + b for a, b in zip(xs, linear(down, wide))]
            logits.append(linear(head, norm(xs)))
        return engine.cross_entropy(logits, tokens[1:]), parameters

    return forward


def chain(engine: Engine, problem: Problem) -> Forward:
    def forward() -> tuple[Any, Sequence[Any]]:
        leaves = engine.leaves([CHAIN_FACTOR])
        return chain_of(leaves[0], problem["nodes"]), leaves

    return forward


CHAIN_FACTOR = 1.000001


def chain_of(x: Any, nodes: int) -> Any:
    """x**(nodes + 1), as that many products one after another."""
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


PROGRAMS: dict[str, Callable[[Engine, Problem], Forward]] = {
    "expression": expression,
    "moons": moons,
    "digits": digits,
    "gpt": gpt,
    "chain": chain,
    "wide": wide,
}
