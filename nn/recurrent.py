"""Recurrent layers: Elman's RNN, the LSTM and the GRU, as cells, which do one step, and as layers of sequences.

The names, shapes, formulas and the order of the gates are PyTorch's. A cell and a layer share their recurrence, which
is written once. Attention is in `attention`; how a sequence is told from a batch of them is in `sequences`.
"""

from __future__ import annotations

from autograd import Value, dot, relu, sigmoid, tanh

from .batches import Batch, called, is_batch, listed
from .dropout import Dropout
from .init import drawn, uniform
from .module import Module
from .scopes import inside
from .sequences import DropsInside, numbers, sequences, shaped, steps
from .settings import flag, seeded, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeAlias

    from .init import Initialiser
    from .layers import Seed

    Matrix: TypeAlias = list[list[Value]]
    Vector: TypeAlias = list[Value]
    Numbers: TypeAlias = Sequence[Value]
    # weight_ih, weight_hh, bias_ih, bias_hh, and the LSTM's projection weight_hr.
    Weights: TypeAlias = tuple[Matrix, Matrix, Vector | None, Vector | None, Matrix | None]
    # What each step passes to the next: h, or, in an LSTM, h and c.
    State: TypeAlias = tuple[Numbers, ...]
    # A function of a step's inputs and the state before it that returns the next state.
    Step: TypeAlias = Callable[[Numbers, State], State]


# --- the recurrences ------------------------------------------------------------------------------------------


def _sums(
    weight_ih: Matrix, weight_hh: Matrix, bias_ih: Vector | None, bias_hh: Vector | None
) -> Callable[[Numbers, Numbers], list[Any]]:
    """W x + b + U h + d as a function of x and h, where each row is one dot product with x and h in one list.

    That makes one node for each row, where W x + b, U h + d and their sum would be three.
    """
    rows = [(*w, *u) for w, u in zip(weight_ih, weight_hh)]
    biases: Sequence[Value | None] = [None] * len(rows)
    if bias_ih is not None and bias_hh is not None:
        biases = [b + d for b, d in zip(bias_ih, bias_hh)]

    def sums(x: Numbers, h: Numbers) -> list[Any]:
        both = (*x, *h)
        return [dot(row, both, bias) for row, bias in zip(rows, biases)]

    return sums


def _gate_functions(
    weights: Weights, n: int, functions: dict[str, Callable[[Any], Any]]
) -> list[Callable[[Numbers, Numbers], list[Any]]]:
    """The gates in `functions` as functions of x and h, each with its own n rows of the matrices and its own scope."""
    weight_ih, weight_hh, bias_ih, bias_hh, _ = weights

    def gate(k: int, name: str, function: Callable[[Any], Any]) -> Callable[[Numbers, Numbers], list[Any]]:
        rows = slice(k * n, (k + 1) * n)
        sums = _sums(weight_ih[rows], weight_hh[rows], bias_ih and bias_ih[rows], bias_hh and bias_hh[rows])
        return lambda x, h: inside(name, lambda: [function(z) for z in sums(x, h)])

    return [gate(k, name, function) for k, (name, function) in enumerate(functions.items())]


class _Recurrent(Module):
    """A recurrence: how many gates it has, which states a step passes to the next, and what a step computes."""

    _gates: int
    _states: tuple[str, ...] = ("h_0",)

    def _recurrence(self, weights: Weights) -> Step:
        raise NotImplementedError

    def _state_parts(self, hx: Any) -> tuple[Any, ...] | None:
        """The parts of the initial state that a call is given; None if it is given none."""
        if hx is None or len(self._states) == 1:
            return None if hx is None else (hx,)
        if not isinstance(hx, (list, tuple)) or len(hx) != len(self._states):
            raise TypeError(f"{called(self)} takes its state as a pair ({', '.join(self._states)}), not {hx!r:.60}")
        return tuple(hx)

    def _pack_state(self, parts: Sequence[Any]) -> Any:
        """A state as a call returns it: h alone, or a tuple (h, c)."""
        return parts[0] if len(parts) == 1 else tuple(parts)


class _Elman(_Recurrent):
    """h' = function(W x + b + U h + d)."""

    _gates = 1
    nonlinearity: str

    def _recurrence(self, weights: Weights) -> Step:
        sums = _sums(*weights[:4])
        function = _NONLINEARITIES[_nonlinearity(self.nonlinearity)]

        def step(x: Numbers, state: State) -> State:
            return ([function(z) for z in sums(x, state[0])],)

        return step


class _Lstm(_Recurrent):
    """See `LSTMCell`."""

    _gates = 4
    _states = ("h_0", "c_0")

    def _recurrence(self, weights: Weights) -> Step:
        names = ("input_gate", sigmoid), ("forget_gate", sigmoid), ("cell_gate", tanh), ("output_gate", sigmoid)
        gates, weight_hr = _gate_functions(weights, len(weights[0]) // 4, dict(names)), weights[4]

        def step(x: Numbers, state: State) -> State:
            i, f, g, o = (gate(x, state[0]) for gate in gates)
            c = [dot(shares, cells) for shares, cells in zip(zip(f, i), zip(state[1], g))]
            h = [a * tanh(b) for a, b in zip(o, c)]
            if weight_hr is not None:
                h = [dot(row, h) for row in weight_hr]
            return h, c

        return step


class _Gru(_Recurrent):
    """See `GRUCell`."""

    _gates = 3

    def _recurrence(self, weights: Weights) -> Step:
        weight_ih, weight_hh, bias_ih, bias_hh, _ = weights
        n = len(weight_ih) // 3
        reset, update = _gate_functions(weights, n, {"reset_gate": sigmoid, "update_gate": sigmoid})
        none: Sequence[Value | None] = [None] * n
        rows = list(zip(weight_ih[2 * n :], weight_hh[2 * n :], (bias_ih or none)[-n:], (bias_hh or none)[-n:]))

        def candidates(x: Numbers, h: Numbers, r: Numbers) -> list[Any]:
            return [tanh(dot((*w, a), (*x, dot(u, h, d)), b)) for a, (w, u, b, d) in zip(r, rows)]

        def step(x: Numbers, state: State) -> State:
            (h,) = state
            r, z = reset(x, h), update(x, h)
            new = inside("new_gate", candidates, x, h, r)
            return ([dot((1.0 - a, a), both) for a, both in zip(z, zip(new, h))],)

        return step


_NONLINEARITIES: dict[str, Callable[[Any], Any]] = {"tanh": tanh, "relu": relu}


def _nonlinearity(name: object) -> str:
    if not isinstance(name, str) or name not in _NONLINEARITIES:
        raise ValueError(f"nonlinearity must be 'tanh' or 'relu', not {name!r:.60}")
    return name


def _default(hidden_size: int) -> Initialiser:
    """How all parameters start: uniform in ±1/sqrt(hidden_size)."""
    bound = float(hidden_size) ** -0.5
    return uniform(-bound, bound)


# --- cells ----------------------------------------------------------------------------------------------------


class _Cell(_Recurrent):
    """A recurrence as a module that does one step."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool, seed: Seed) -> None:
        self.input_size, self.hidden_size = size("input_size", input_size), size("hidden_size", hidden_size)
        self.bias = flag("bias", bias)
        generator, draw, rows = seeded(seed), _default(self.hidden_size), self._gates * self.hidden_size
        fans = self.input_size, self.hidden_size
        self.weight_ih: Matrix = drawn((rows, self.input_size), draw, generator, *fans)
        self.weight_hh: Matrix = drawn((rows, self.hidden_size), draw, generator, *fans)
        self.bias_ih: Vector | None = drawn((rows,), draw, generator, *fans) if bias else None
        self.bias_hh: Vector | None = drawn((rows,), draw, generator, *fans) if bias else None

    def forward(self, input: Any, hx: Any = None) -> Any:
        input, states = listed(self, input), self._state_parts(hx)
        batched = is_batch(input, 1)
        examples = [numbers(self, x, self.input_size) for x in (input if batched else [input])]
        if states is None:
            zeros = (Value(0.0),) * self.hidden_size
            before: list[State] = [(zeros,) * len(self._states)] * len(examples)
        else:
            shape = (len(examples), self.hidden_size) if batched else (self.hidden_size,)
            axes = "examples, units" if batched else "units"
            rows = [shaped(self, x, shape, name, axes) for name, x in zip(self._states, states)]
            before = list(zip(*rows)) if batched else [tuple(rows)]
        step = self._recurrence((self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh, None))
        made = [step(x, state) for x, state in zip(examples, before)]
        if not batched:
            return self._pack_state(made[0])
        kind = Batch if isinstance(input, Batch) else list
        return self._pack_state([kind(state[k] for state in made) for k in range(len(self._states))])

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}{'' if self.bias else ', bias=False'}"


class RNNCell(_Elman, _Cell):
    """One step of Elman's network (Elman 1990): h' = tanh(W_ih x + b_ih + W_hh h + b_hh).

    Parameters
    ----------
    input_size, hidden_size : int
        Numbers of inputs and of units.
    bias : bool
        If False there are no b_ih and b_hh.
    nonlinearity : {"tanh", "relu"}
    seed : int or random.Random, optional
        As for `Neuron`. All parameters start uniform in ±1/sqrt(hidden_size).

    Attributes
    ----------
    weight_ih : list of list of Value
        hidden_size x input_size.
    weight_hh : list of list of Value
        hidden_size x hidden_size.
    bias_ih, bias_hh : list of Value, or None

    Returns
    -------
    list of Value
        From a call ``cell(input, hx)`` the next state; hx is the state before, zeros if not given. Of a batch, and a
        batch of states, a list of them.

    Raises
    ------
    ValueError
        If a size is not a positive whole number, if the nonlinearity is not known, or, in a call, if the inputs or the
        state have another shape.
    TypeError
        As for `Neuron`.

    Examples
    --------
    >>> cell = RNNCell(2, 3, seed=0)
    >>> h = cell([1.0, -1.0])
    >>> h = cell([0.5, 2.0], h)
    >>> len(h)
    3
    >>> cell
    RNNCell(2, 3)  # 21 parameters
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        *,
        seed: Seed = None,
    ) -> None:
        self.nonlinearity = _nonlinearity(nonlinearity)
        super().__init__(input_size, hidden_size, bias, seed)

    def extra_repr(self) -> str:
        return super().extra_repr() + ("" if self.nonlinearity == "tanh" else f", nonlinearity={self.nonlinearity!r}")


class LSTMCell(_Lstm, _Cell):
    """One step of the long short-term memory (Hochreiter and Schmidhuber 1997; with forget gates, Gers et al. 2000).

    With sigma for the sigmoid and * for products number by number::

        i = sigma(W_ii x + b_ii + W_hi h + b_hi)    what is let in
        f = sigma(W_if x + b_if + W_hf h + b_hf)    what is kept
        g =  tanh(W_ig x + b_ig + W_hg h + b_hg)
        o = sigma(W_io x + b_io + W_ho h + b_ho)    what is shown
        c' = f * c + i * g
        h' = o * tanh(c')

    Parameters
    ----------
    input_size, hidden_size, bias, seed
        As for `RNNCell`.

    Attributes
    ----------
    weight_ih, weight_hh : list of list of Value
        Of 4 hidden_size rows: those of i, f, g and o, in this order.
    bias_ih, bias_hh : list of Value, or None

    Returns
    -------
    h, c : lists of Value
        From a call ``cell(input, (h, c))`` the next state, as a pair; (h, c) is the state before, zeros if not given.

    Raises
    ------
    ValueError, TypeError
        As for `RNNCell`, also if the state is not a pair.

    Examples
    --------
    >>> cell = LSTMCell(2, 3, seed=0)
    >>> state = cell([1.0, -1.0])
    >>> h, c = cell([0.5, 2.0], state)
    >>> len(h), len(c)
    (3, 3)
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, *, seed: Seed = None) -> None:
        super().__init__(input_size, hidden_size, bias, seed)


class GRUCell(_Gru, _Cell):
    """One step of the gated recurrent unit (Cho et al. 2014), with the reset gate outside the product with h.

    With sigma for the sigmoid and * for products number by number::

        r = sigma(W_ir x + b_ir + W_hr h + b_hr)
        z = sigma(W_iz x + b_iz + W_hz h + b_hz)
        n = tanh(W_in x + b_in + r * (W_hn h + b_hn))
        h' = (1 - z) * n + z * h

    In the paper n has W_hn (r * h) instead. This form, which is PyTorch's and cuDNN's, has all products with h at once.

    Parameters
    ----------
    input_size, hidden_size, bias, seed
        As for `RNNCell`.

    Attributes
    ----------
    weight_ih, weight_hh : list of list of Value
        Of 3 hidden_size rows: those of r, z and n, in this order.
    bias_ih, bias_hh : list of Value, or None

    Returns
    -------
    list of Value
        As for `RNNCell`.

    Raises
    ------
    ValueError, TypeError
        As for `RNNCell`.

    Examples
    --------
    >>> cell = GRUCell(2, 3, seed=0)
    >>> len(cell([0.5, 2.0], cell([1.0, -1.0])))
    3
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, *, seed: Seed = None) -> None:
        super().__init__(input_size, hidden_size, bias, seed)


# --- layers ---------------------------------------------------------------------------------------------------


_NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")


class _Layers(_Recurrent, DropsInside):
    """A recurrence over sequences, in one or more layers and in one or two directions."""

    proj_size: int = 0

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        bias: bool,
        batch_first: bool,
        dropout: float,
        bidirectional: bool,
        seed: Seed,
    ) -> None:
        self.input_size, self.hidden_size = size("input_size", input_size), size("hidden_size", hidden_size)
        self.num_layers, self.bias = size("num_layers", num_layers), flag("bias", bias)
        self.batch_first, self.bidirectional = flag("batch_first", batch_first), flag("bidirectional", bidirectional)
        generator = seeded(seed)
        self._dropout = Dropout(dropout, seed=None if seed is None else generator)
        if self.dropout and self.num_layers == 1:
            from warnings import warn

            warn(
                f"dropout={dropout!r} acts between layers, but this {type(self).__name__} has only one; give it "
                "num_layers=2, or put a Dropout after it",
                stacklevel=3,
            )
        draw, rows, out = _default(self.hidden_size), self._gates * self.hidden_size, self.proj_size or self.hidden_size
        for layer in range(self.num_layers):
            for suffix in self._suffixes(layer):
                nin = out * self._directions if layer else self.input_size
                biases = (rows,) if self.bias else None
                projection = (out, self.hidden_size) if self.proj_size else None
                for name, shape in zip(_NAMES, ((rows, nin), (rows, out), biases, biases, projection)):
                    weights = None if shape is None else drawn(shape, draw, generator, nin, rows)
                    setattr(self, name + suffix, weights)

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    def _suffixes(self, layer: int) -> list[str]:
        """The suffixes of the names of a layer's parameters, one for each direction."""
        return [f"_l{layer}", f"_l{layer}_reverse"][: self._directions]

    def forward(self, input: Any, hx: Any = None) -> Any:
        examples, batched = sequences(self, input, self.batch_first)
        xs: list[Any] = [steps(self, x, self.input_size) for x in examples]
        before, last = self._initial_states(hx, len(xs), batched), []
        for layer, suffixes in enumerate(map(self._suffixes, range(self.num_layers))):
            if layer and self.training:
                xs = self._dropout(xs)
            states = None if before is None else before[layer * self._directions :][: self._directions]
            xs, after = inside(f"layer{layer + 1}", self._layer, suffixes, xs, states)
            last += after
        parts = range(len(self._states))
        if batched:
            return Batch(xs), self._pack_state(
                [[Batch(state[k] for state in states) for states in last] for k in parts]
            )
        return xs[0], self._pack_state([[state[k] for (state,) in last] for k in parts])

    @property
    def _widths(self) -> list[int]:
        """The number of units in each part of a state."""
        return [self.proj_size or self.hidden_size, self.hidden_size][: len(self._states)]

    def _initial_states(self, hx: Any, examples: int, batched: bool) -> list[list[State]] | None:
        """The initial states that are given: for each layer and direction, for each example."""
        count, states = self.num_layers * self._directions, self._state_parts(hx)
        if states is None:
            return None
        parts = []
        for name, x, width in zip(self._states, states, self._widths):
            shape = (count, examples, width) if batched else (count, width)
            axes = f"layers and directions, {'examples, ' if batched else ''}units"
            rows = shaped(self, x, shape, name, axes)
            parts.append(rows if batched else [[row] for row in rows])
        return [list(zip(*rows)) for rows in zip(*parts)]

    def _layer(
        self, suffixes: list[str], examples: list[Any], before: list[list[State]] | None
    ) -> tuple[list[Any], list[list[State]]]:
        """The outputs of one layer for each sequence, and for each direction the states after the last step."""
        if before is None:
            zero = Value(0.0)
            zeros: State = tuple((zero,) * width for width in self._widths)
            before = [[zeros] * len(examples)] * self._directions
        if not self.bidirectional:
            outputs, last = self._direction(suffixes[0], examples, before[0], 1)
            return outputs, [last]
        ahead, after = inside("forward", self._direction, suffixes[0], examples, before[0], 1)
        back, first = inside("reverse", self._direction, suffixes[1], examples, before[1], -1)
        return [[[*a, *b] for a, b in zip(*both)] for both in zip(ahead, back)], [after, first]

    def _direction(
        self, suffix: str, examples: list[Any], before: list[State], way: int
    ) -> tuple[list[Any], list[State]]:
        """One layer in one direction: `way` is 1 from the first step to the last, and -1 from the last to the first."""
        weight_ih, weight_hh, bias_ih, bias_hh, weight_hr = (getattr(self, name + suffix) for name in _NAMES)
        step = self._recurrence((weight_ih, weight_hh, bias_ih, bias_hh, weight_hr))
        every, last = [], []
        for xs, state in zip(examples, before):
            outputs = []
            for t, x in list(enumerate(xs, 1))[::way]:
                state = inside(f"step{t}", step, x, state)
                outputs.append(list(state[0]))
            every.append(outputs[::way])
            last.append(state)
        return every, last

    def extra_repr(self) -> str:
        parts = [str(self.input_size), str(self.hidden_size)]
        defaults = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False}
        settings = {**defaults, "proj_size": 0}
        parts += [f"{name}={getattr(self, name)!r}" for name, x in settings.items() if getattr(self, name) != x]
        return ", ".join(parts)


class RNN(_Elman, _Layers):
    """Elman's network (Elman 1990) over a sequence: h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh).

    One example is a sequence: a list of steps, each a list of input_size numbers. A batch is a list of sequences, which
    may have different lengths; PyTorch's other form, a list of steps with all examples in each, is refused.

    Parameters
    ----------
    input_size, hidden_size : int
        Numbers of inputs and of units.
    num_layers : int
        Layers above the first one get the outputs of the one below.
    nonlinearity : {"tanh", "relu"}
    bias : bool
        If False there are no b_ih and b_hh.
    batch_first : bool
        Whether three levels of lists are a batch. If False, PyTorch's default, they are refused, because in PyTorch
        they would be time steps; one sequence, and an ``nn.Batch`` of them, are taken in any case.
    dropout : float
        Probability of `Dropout` between layers, in training.
    bidirectional : bool
        Whether each layer also goes through the sequence from its end, with parameters of its own; its outputs follow
        those of the forward direction.
    seed : int or random.Random, optional
        As for `Neuron`, also for dropout. All parameters start uniform in ±1/sqrt(hidden_size).

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0 : list of list of Value
        hidden_size x input_size and hidden_size x hidden_size. Those of the k-th layer end in ``_lk``, those of the
        backward direction in ``_lk_reverse``.
    bias_ih_l0, bias_hh_l0 : list of Value, or None

    Returns
    -------
    output : list of lists of Value
        From a call ``rnn(input, hx)`` the outputs of the last layer at each step; a `Batch` of them for a batch.
    h_n : list of lists of Value
        The states after the last step, for each layer, and within a layer for each direction; of a batch for each
        example in turn. The backward direction's last step is the first of the sequence. ``hx``, the initial states,
        has the same shape; zeros if not given.

    Raises
    ------
    ValueError
        If a size is not a positive whole number, if the nonlinearity is not known, or, in a call, if the steps or the
        states have another shape, or there is no step.
    TypeError
        As for `Neuron`.

    Warns
    -----
    UserWarning
        If there is dropout between layers, and only one layer.

    Examples
    --------
    >>> rnn = RNN(2, 3, seed=0)
    >>> output, h_n = rnn([[1.0, -1.0], [0.5, 2.0], [0.0, 1.0], [1.0, 1.0]])
    >>> len(output), len(output[0]), output[-1] == h_n[0]
    (4, 3, True)
    >>> output[2][0].scope
    'rnn.layer1.step3'
    >>> rnn
    RNN(2, 3)  # 21 parameters
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        seed: Seed = None,
    ) -> None:
        self.nonlinearity = _nonlinearity(nonlinearity)
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, seed)

    def extra_repr(self) -> str:
        return super().extra_repr() + ("" if self.nonlinearity == "tanh" else f", nonlinearity={self.nonlinearity!r}")


class LSTM(_Lstm, _Layers):
    """Long short-term memory over a sequence: at each step what `LSTMCell` does (Hochreiter and Schmidhuber 1997).

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, seed
        As for `RNN`.
    proj_size : int
        If not 0, h is multiplied by a matrix with proj_size rows before it is passed on (Sak et al. 2014).

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0 : list of list of Value
        Of 4 hidden_size rows: those of the gates i, f, g and o, in this order. Other layers and directions as for
        `RNN`.
    bias_ih_l0, bias_hh_l0 : list of Value, or None
    weight_hr_l0 : list of list of Value
        proj_size x hidden_size, if there is a projection.

    Returns
    -------
    output, (h_n, c_n)
        From a call ``lstm(input, (h_0, c_0))``: as for `RNN`; the state has two parts.

    Raises
    ------
    ValueError, TypeError
        As for `RNN`, also if proj_size is not less than hidden_size, or if the state is not a pair.

    Examples
    --------
    >>> lstm = LSTM(2, 3, num_layers=2, seed=0)
    >>> output, (h_n, c_n) = lstm([[1.0, -1.0], [0.5, 2.0]])
    >>> output[-1] == h_n[1], len(c_n)
    (True, 2)
    >>> lstm
    LSTM(2, 3, num_layers=2)  # 180 parameters
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        *,
        seed: Seed = None,
    ) -> None:
        hidden_size = size("hidden_size", hidden_size)
        if proj_size is False or proj_size != 0:
            self.proj_size = size("proj_size", proj_size)
        if self.proj_size >= hidden_size:
            raise ValueError(f"proj_size must be less than hidden_size, {hidden_size}, not {proj_size!r}")
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, seed)


class GRU(_Gru, _Layers):
    """Gated recurrent units over a sequence: at each step what `GRUCell` does (Cho et al. 2014).

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, seed
        As for `RNN`.

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0 : list of list of Value
        Of 3 hidden_size rows: those of the gates r and z, and of n, in this order. Other layers and directions as for
        `RNN`.
    bias_ih_l0, bias_hh_l0 : list of Value, or None

    Returns
    -------
    output, h_n
        As for `RNN`.

    Raises
    ------
    ValueError, TypeError
        As for `RNN`.

    Examples
    --------
    >>> gru = GRU(2, 3, bidirectional=True, seed=0)
    >>> output, h_n = gru([[1.0, -1.0], [0.5, 2.0]])
    >>> output[-1][:3] == h_n[0], output[0][3:] == h_n[1]
    (True, True)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        seed: Seed = None,
    ) -> None:
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, seed)
