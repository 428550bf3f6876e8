"""Interruptions: Ctrl-C, signal handlers, forks, and other threads' modules.

Interrupts are real signals, sent by a timer at random moments to a process of its own. Each test counts how many came
during the tested operation, so that it cannot pass because none did.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
from typing import Any

import pytest

import autograd
import nn
from autograd import Place, Value, current_place, enter, no_grad

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timers that send signals")

HOME = os.path.dirname(os.path.dirname(os.path.abspath(autograd.__file__)))
INTERRUPTED = """
    import random, signal, sys, threading, os
    from autograd import *
    import autograd

    def interrupt(signum, frame):
        raise KeyboardInterrupt

    def soon(handler, at_most):
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, at_most))

    def never():
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, lambda signum, frame: None)

    random.seed(1)
"""


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(INTERRUPTED) + textwrap.dedent(program)],
        env={**os.environ, "PYTHONPATH": HOME},
        cwd=HOME,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


BACKWARD = """
    import time
    leaves = [Value(float(i % 7 + 1)) for i in range(50)]
    y = leaves[0]
    for i in range(3000):
        y = y * 0.5 + dot(leaves[:4], leaves[4:8], leaves[i % 50]) + autograd.sum([leaves[i % 50], y, y]) * 0.1
    y.backward()
    nodes = Graph(y).nodes
    before = [x.grad for x in nodes]
    for x, g in zip(nodes, before):
        if x.op is None:
            x.grad = 0.0
    begun = time.perf_counter()
    y.backward()
    length = time.perf_counter() - begun
    after = [g if x.op is not None else 2 * g for x, g in zip(nodes, before)]
"""


def test_ctrl_c_leaves_every_gradient_as_it_was_or_does_all() -> None:
    came = run(
        BACKWARD
        + """
    came = 0
    for attempt in range(60):
        for x, g in zip(nodes, before):
            x.grad = g
        try:
            soon(interrupt, 1.2 * length)
            y.backward()
            never()
        except KeyboardInterrupt:
            never()
            now = [x.grad for x in nodes]
            came += now == before
            assert now == before or now == after
    y.backward(0.0)  # and everything goes on
    print(came)
    """
    )
    # Native code cannot be interrupted: its exception is raised only at the end.
    assert int(came) >= (5 if autograd.engine == "interpreted" else 0)


def test_a_signal_handler_that_calls_backward_is_refused_in_the_midst_of_another() -> None:
    refused = run(
        BACKWARD
        + """
    other = leaves[3] * leaves[4]
    refused = []
    def handler(signum, frame):
        try:
            other.backward()
        except RuntimeError as error:
            refused.append(str(error))
        else:
            done.append(1)
    for attempt in range(60):
        done = []
        for x, g in zip(nodes, before):
            x.grad = g
        soon(handler, 1.2 * length)
        y.backward()
        never()
        expected = list(after)
        for leaf, slope in ((leaves[3], leaves[4].data), (leaves[4], leaves[3].data)):
            expected[nodes.index(leaf)] += slope * len(done)
        now = [x.grad for x in nodes]
        assert max(abs(a - b) / max(1.0, abs(b)) for a, b in zip(now, expected)) < 1e-12
    assert all("signal handler" in text for text in refused)
    print(len(refused))
    """
    )
    assert int(refused) >= (5 if autograd.engine == "interpreted" else 0)


@pytest.mark.parametrize("order", [("__enter__", "__exit__"), ("__exit__", "__enter__")], ids=["3.13", "3.14"])
def test_with_asks_for_both_ways_before_it_takes_one(order: tuple[str, str]) -> None:
    """``with`` looks up __enter__ and __exit__ in another order from Python 3.14 on; a block may be inside itself."""
    block, x = no_grad(), Value(2.0)

    def asked() -> dict[str, Any]:
        return {name: getattr(block, name) for name in order}

    with contextlib.ExitStack() as stack:
        outer = asked()
        outer["__enter__"]()
        stack.enter_context(block)
        inner = asked()
        inner["__enter__"]()
        inner["__exit__"](None, None, None)
        assert not (x * 3.0).operands
        outer["__exit__"](None, None, None)
        assert not (x * 3.0).operands
    assert (x * 3.0).operands


def test_an_interrupt_on_the_way_into_or_out_of_a_block_leaves_no_mode_set() -> None:
    came = run(
        """
    x = Value(2.0)
    came = 0
    for attempt in range(4000):
        try:
            soon(interrupt, 6e-5)
            while True:
                with no_grad():
                    pass
                with detect_anomaly(), enable_grad():
                    pass
        except KeyboardInterrupt:
            came += 1
        never()
        assert (x * 3.0).operands, attempt
        x.log() if x.data else None
        log(Value(0.0))  # no anomaly is detected
        with no_grad():
            assert (x * 3.0).operands == ()
    print(came)
    """
    )
    assert int(came) == 4000


def test_an_interrupt_inside_of_modules_leaves_no_scope() -> None:
    run(
        """
    import nn
    model = nn.MLP(2, [4, 4, 1], activation="tanh")
    for attempt in range(1500):
        try:
            soon(interrupt, 3e-4)
            while True:
                model([1.0, 2.0])
        except KeyboardInterrupt:
            never()
        model([1.0, 2.0])  # an outermost call puts right what an interrupt between two steps left
        assert current_place() is None, attempt
        assert (Value(1.0) + 1).scope == "", attempt
    """
    )


def test_a_child_forked_during_another_threads_backward_can_go_on() -> None:
    run(
        BACKWARD
        + """
    stop = threading.Event()
    def work():
        while not stop.is_set():
            y.backward(0.0)
    expected = [x.grad for x in leaves]  # before the other thread begins: in the midst of a pass they are not whole
    thread = threading.Thread(target=work)
    thread.start()
    import warnings
    warnings.simplefilter("ignore")  # newer Pythons warn of forks beside threads
    for attempt in range(25):
        child = os.fork()
        if child == 0:
            signal.alarm(20)  # a child that hangs is ended by it
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            whole = [x.grad for x in leaves] == expected
            z = leaves[0] * leaves[1]
            z.backward()
            with no_grad():
                recorded = (leaves[0] * 2).operands
            os._exit(0 if whole and not recorded and (leaves[0] * 2).operands and current_place() is None else 1)
        assert os.waitpid(child, 0)[1] == 0, attempt
    stop.set()
    thread.join()
    """
    )


# --- the scope of modules belongs to the thread -------------------------------------------------------------------


def test_another_thread_is_not_inside_the_module_that_this_one_is_in() -> None:
    seen: list[object] = []
    before = enter(Place("encoder"))
    try:
        thread = threading.Thread(
            target=lambda: seen.extend(
                [current_place(), (Value(1.0) + 1).scope, Value(2.0).scope, (2 * Value(1.0)).scope]
            )
        )
        thread.start()
        thread.join()
        assert (Value(1.0) + 1).scope == Value(2.0).scope == "encoder"
    finally:
        enter(before)
    assert seen == [None, "", "", ""]
    assert (Value(1.0) + 1).scope == ""


def test_threads_at_once_file_nodes_under_their_own_modules() -> None:
    models = {name: type(name, (nn.MLP,), {})(2, [3, 1], activation="tanh", seed=1) for name in ("A", "B", "C")}
    wrong: list[str] = []
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)

    def work(name: str) -> None:
        for _ in range(150):
            y = models[name]([1.0, 2.0])
            scopes = {node.scope for node in autograd.Graph(y) if node.op is not None}
            if not all(scope.startswith(name.lower()) for scope in scopes) or (y + 1).scope:
                wrong.extend(scopes)

    def plain() -> None:
        for _ in range(3000):
            if (Value(1.0) * 2.0).scope or Value(1.0).scope:
                wrong.append("plain")

    threads = [threading.Thread(target=work, args=(name,)) for name in models] + [threading.Thread(target=plain)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(switch)
    assert wrong == []
