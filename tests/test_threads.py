"""Threads that work at once: each on graphs of its own, over leaves that all of them share.

All numbers are integers, so that sums are exact in whatever order the threads come.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from autograd import AnomalyError, Graph, Value, detect_anomaly, dot, enable_grad, grad, log, no_grad

THREADS = 8
ROUNDS = 2000


@pytest.fixture(autouse=True)
def frequent_switches() -> Iterator[None]:
    """Let threads take turns a thousand times as often as usual, so that a race has every chance."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(before)


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Run each job in a thread of its own, all starting together; an exception in any of them is raised here."""
    barrier = threading.Barrier(len(jobs))

    def started(job: Callable[[], Any]) -> Any:
        barrier.wait()
        return job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result() for future in [pool.submit(started, job) for job in jobs]]


def records() -> bool:
    return (Value(2.0) * 3.0).operands != ()


def test_gradients_of_shared_leaves_add_up_exactly() -> None:
    """Each backward adds x_i = i + 1 to the leaf w_i through the dot product, and 2 w_0 to w_0 through its square."""
    ws = [Value(float(i - 2)) for i in range(5)]
    bias = Value(1.0)
    xs = [float(i + 1) for i in range(5)]

    def job() -> None:
        for _ in range(ROUNDS):
            (dot(ws, xs, bias) + ws[0] * ws[0]).backward()

    at_once(*[job] * THREADS)
    runs = THREADS * ROUNDS
    assert [w.grad for w in ws] == [runs * x + (runs * 2 * -2.0 if i == 0 else 0.0) for i, x in enumerate(xs)]
    assert bias.grad == runs


def test_backward_on_a_shared_leaf_itself() -> None:
    leaf = Value(1.0)

    def job() -> None:
        for _ in range(10 * ROUNDS):
            leaf.backward()

    at_once(*[job] * THREADS)
    assert leaf.grad == THREADS * 10 * ROUNDS


def test_each_thread_has_its_own_no_grad() -> None:
    def without() -> bool:
        seen = True
        for _ in range(ROUNDS):
            with no_grad():
                seen = seen and not records()
                with enable_grad():
                    seen = seen and records()
                seen = seen and not records()
            seen = seen and records()
        return seen

    def recording() -> bool:
        return all(records() for _ in range(6 * ROUNDS))

    assert at_once(*[without, recording] * (THREADS // 2)) == [True] * THREADS
    assert records()


def test_a_thread_started_inside_a_block_does_not_inherit_it() -> None:
    with no_grad():
        assert at_once(records) == [True]
        assert not records()


def test_each_thread_has_its_own_detect_anomaly() -> None:
    def watching() -> int:
        caught = 0
        for _ in range(ROUNDS):
            try:
                with detect_anomaly():
                    log(Value(0.0))
            except AnomalyError:
                caught += 1
        return caught

    def careless() -> int:
        return len([log(Value(0.0)) for _ in range(4 * ROUNDS)])

    assert at_once(*[watching, careless] * (THREADS // 2)) == [ROUNDS, 4 * ROUNDS] * (THREADS // 2)


def test_derivatives_of_functions_over_shared_leaves() -> None:
    """f(t) = w t^2 + t has slope 2 w t + 1 and second derivative 2 w."""
    w = Value(3.0)

    def job(t: float) -> bool:
        slope = grad(lambda t: dot([w], [t * t], t))
        return all(slope(t) == 6.0 * t + 1.0 and grad(slope)(t) == 6.0 for _ in range(ROUNDS // 3))

    assert at_once(*[lambda t=float(t): job(t) for t in range(THREADS)]) == [True] * THREADS
    assert w.grad == 0.0


def test_setting_a_leaf_of_one_thread_disturbs_no_other() -> None:
    """Each thread trains a weight of its own; the input is shared and never set."""
    x = Value(2.0)

    def job() -> float:
        w = Value(0.0)
        for step in range(ROUNDS):
            node = dot([w, w], [x, 1.0])
            assert node.data == 3.0 * step
            node.backward()
            w.data = w.data + 1.0
        return w.grad

    assert at_once(*[job] * THREADS) == [3.0 * ROUNDS] * THREADS
    assert x.grad == THREADS * sum(range(ROUNDS))


def test_setting_a_shared_leaf_is_noticed_or_harmless() -> None:
    """One thread sets w again and again; every gradient of w x is that of the forward pass, or an error says so."""
    w, done = Value(1.0, "w"), threading.Event()

    def setting() -> int:
        for i in range(20 * ROUNDS):
            w.data = float(i)
        done.set()
        return 0

    def using() -> int:
        mixed = 0
        while not done.is_set():
            x = Value(1.0)
            node = dot([w], [x])
            try:
                node.backward()
            except RuntimeError as error:
                assert "'w'" in str(error)
            else:
                mixed += x.grad != node.data  # x is 1, so both are the number of w that was read
        return mixed

    assert at_once(setting, *[using] * 3) == [0] * 4


def test_walks_over_one_graph_do_not_disturb_each_other() -> None:
    """The marks that a traversal leaves in the nodes do not affect other threads."""
    x = Value(3.0)
    root = x
    for _ in range(10):
        root = root + x * 0.0
    length = len(Graph(root))

    def job() -> None:
        for _ in range(ROUNDS // 2):
            assert len(Graph(root)) == length
            assert grad(lambda t: root * t)(2.0) == 3.0
        root.backward(0.0)

    at_once(*[job] * 4)
    assert x.grad == 0.0
