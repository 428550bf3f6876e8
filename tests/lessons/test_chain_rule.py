"""The lesson on the chain rule: its diamond, its towers, and wrong answers to its exercises."""

from __future__ import annotations

from typing import Any

import pytest

from autograd import Graph

from .running import ran, transcript


def one_by_one(node: Any, leaf: Any) -> int:
    if node is leaf:
        return 1
    return sum(one_by_one(operand, leaf) for operand in node.operands)


def of_different_nodes(node: Any, leaf: Any) -> int:
    if node is leaf:
        return 1
    return sum(of_different_nodes(operand, leaf) for operand in set(node.operands))


def once_each(root: Any, leaf: Any) -> int:
    """A wrong answer: counts the nodes that have the leaf as an operand."""
    seen, waiting, found = set(), [root], 0
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            found += sum(operand is leaf for operand in node.operands)
            waiting += node.operands
    return found


def begins_with_nothing(root: Any, leaf: Any) -> int:
    return 0


WRONG = {
    "paths_of_cube": [(2, "x twice"), (4, "one path"), (1, "straight"), (27, "Draw")],
    "count_paths": [
        (one_by_one, "one by one"),
        (of_different_nodes, "not different nodes"),
        (once_each, "straight to m there are 3 paths, and you count 1"),
        (begins_with_nothing, "begin with 1"),
    ],
}


def test_the_diamond() -> None:
    """y = (3x + 1) (2 · 3x) = 18 x² + 6 x at x = 2."""
    lesson = ran("chain_rule")
    x, m, u, v, y = lesson.x, lesson.m, lesson.u, lesson.v, lesson.y
    assert (y.data, x.grad) == (18 * 2**2 + 6 * 2, 36 * 2 + 6) == (84, 78)
    assert (m.grad, u.grad, v.grad) == (2 * 3 * 2 * 1 + (3 * 2 + 1) * 2, 12, 7)
    # What m passes on to x: after the share of u alone, and after those of u and v.
    wrong = lesson.defaultdict(float)
    wrong[y] = 1.0
    lesson.naive(y, wrong)
    assert wrong[x] == 3 * 12 + 3 * (12 + 14) == 114
    assert wrong[m] == m.grad
    assert "Answer: 114." in transcript("chain_rule") and "Answer: 1024." in transcript("chain_rule")


@pytest.mark.parametrize("n", [0, 1, 2, 7, 10])
def test_paths_double_with_each_diamond(n: int) -> None:
    lesson = ran("chain_rule")
    top, bottom = lesson.tower(n)
    grad = lesson.defaultdict(float)
    assert lesson.by_paths(top, 1.0, grad) == 2**n
    assert grad[bottom] == (-2) ** n
    assert len(Graph(top)) == 3 * n + 1


def test_each_node_once_and_after_its_operands() -> None:
    lesson = ran("chain_rule")
    for top in (lesson.y, lesson.tower(50)[0]):
        grad, order = lesson.sweep(top)
        place = {node: i for i, node in enumerate(order)}
        assert len(place) == len(order) == len(Graph(top))
        assert all(place[operand] < place[node] for node in order for operand in node.operands)
        leaf = next(node for node in order if node.label == "x")
        leaf.grad = 0.0
        top.backward()
        assert grad[leaf] == leaf.grad
    assert "301 visits, dtop/dx = 1.2676506e+30" in transcript("chain_rule")
