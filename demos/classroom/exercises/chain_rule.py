"""The exercises of the lesson on the chain rule."""

from __future__ import annotations

from typing import Any

from ..checking import Wrong, call, close, function, number


def paths_of_cube(answer: object) -> None:
    """The answer is 3: two paths go through q, and one goes straight to x."""
    paths = number(answer)
    if close(paths, 3):
        return
    if close(paths, 2):
        raise Wrong("One path goes from y straight to x. From q there are two, for q is x · x: it has x twice.")
    if close(paths, 4):
        raise Wrong("Only q is a product of x with itself. The other operand of y is x: one path.")
    if close(paths, 1):
        raise Wrong("A path is a way from y to x. From y there is the way over q, and the way straight to x.")
    raise Wrong(f"There are not {paths:g}. Draw y, q and x, with an arrow for each operand, and follow the arrows.")


class _Node:
    """A node of a graph. The class counts how often operands are read, to stop functions that follow every path."""

    reads = 0

    def __init__(self, *operands: _Node) -> None:
        self._operands = operands

    @property
    def operands(self) -> tuple[_Node, ...]:
        _Node.reads += 1
        if _Node.reads > 20_000:
            raise Wrong(
                "60 diamonds have 181 nodes. Your function had asked for operands 20,000 times when it was stopped: it "
                "follows the paths one by one. Visit each node once, in the order of list_nodes, and note for each "
                "how many paths lead to it."
            )
        return self._operands


def _tower(diamonds: int) -> tuple[_Node, _Node]:
    bottom = node = _Node()
    for _ in range(diamonds):
        node = _Node(_Node(node), _Node(node))
    return node, bottom


def count_paths(answer: object) -> None:
    """The answer is a function; checks a chain, a square, one diamond, 60 diamonds, and paths of unequal length."""
    function(answer)

    def ask(what: str, root: _Node, leaf: _Node) -> float:
        _Node.reads = 0
        return number(call(answer, f"count_paths of {what}", root, leaf))

    x, other = _Node(), _Node()
    chain = ask("a chain of three nodes", _Node(_Node(x)), x)
    if close(chain, 0):
        raise Wrong("In a chain from root to leaf there is one path, and you found none. Does the root begin with 1?")
    _expect(chain, 1, "In a chain from root to leaf")
    square = ask("x * x", _Node(x, x), x)
    if close(square, 1):
        raise Wrong("In x * x both operands are x: that is two paths, not one. Count operands, not different nodes.")
    _expect(square, 2, "From x * x to x")
    _expect(ask("one diamond", *_tower(1)), 2, "In one diamond")
    m = _Node(x, other)
    u, v = _Node(m), _Node(_Node(m))
    _expect(ask("a graph with another leaf", _Node(_Node(u, v), m), x), 3, "Through u, through v and straight to m")
    _expect(ask("a leaf that is not there", _Node(u, v), _Node()), 0, "To a leaf that is not in the graph")
    _expect(ask("a leaf to itself", x, x), 1, "From a leaf to itself, without a step,")
    _expect(ask("60 diamonds", *_tower(60)), 2**60, "In 60 diamonds")


def _expect(got: float, wanted: int, where: str) -> None:
    if not close(got, wanted):
        paths = "path" if wanted == 1 else "paths"
        raise Wrong(f"{where} there {'is' if wanted == 1 else 'are'} {wanted} {paths}, and you count {got:g}.")


def _count_paths(root: Any, leaf: Any) -> int:
    order: list[Any] = []
    _list_nodes(root, order, set())
    paths = dict.fromkeys(order, 0)
    paths[root] = 1
    for node in reversed(order):
        for operand in node.operands:
            paths[operand] += paths[node]
    return paths.get(leaf, 0)


def _list_nodes(node: Any, order: list[Any], seen: set[Any]) -> None:
    if node not in seen:
        seen.add(node)
        for operand in node.operands:
            _list_nodes(operand, order, seen)
        order.append(node)


ANSWERS = {"paths_of_cube": 3, "count_paths": _count_paths}
