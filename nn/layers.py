"""Fully connected layers: micrograd's Neuron, Layer and MLP, and PyTorch's Linear and Bilinear.

Their outputs are Values. Numbers among the inputs become Values once, in the layer that is called first. What modules
have in common is in `module`, batches are in `batches`, initial weights in `init`.
"""

from __future__ import annotations

from autograd import Cell, Value, dot, neurons

from .activations import activation_function
from .batches import NO_LISTS, Batch, called, is_batch, is_list, listed, numbers_of, over, refusal
from .init import drawn, find, kaiming_uniform, zeros
from .module import Module
from .settings import flag, seeded, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable
    from typing import Any, TypeAlias

    from .activations import Activation
    from .init import Init

    Seed: TypeAlias = int | random.Random | None

# --- micrograd's layers ---------------------------------------------------------------------------------------


class Neuron(Module):
    """activation(b + w_1 x_1 + ... + w_nin x_nin).

    Parameters
    ----------
    nin : int
        Number of inputs.
    nonlin : bool
        If False the neuron is linear: there is no activation.
    activation : str or callable, optional
        A name in `ACTIVATIONS`, or a function of a Value; it may be a Module with parameters. None is linear, too.
    init : str or callable
        How the weights start; see `nn.init`. The default is micrograd's: uniform in [-1, 1]. The bias starts at 0.
    bias : bool
        If False there is no bias.
    seed : int or random.Random, optional
        Where the random numbers come from; if not given, from Python's ``random`` module, in micrograd's order.
    nout : int
        Number of neurons in the layer, for initialisers that look at it.

    Attributes
    ----------
    w : list of Value
    b : Value or None
    nonlin : bool
        Whether the activation is applied. It is, once an activation is assigned.

    Returns
    -------
    Value
        From a call with nin numbers.

    Raises
    ------
    ValueError
        If nin is not a positive whole number, if a name is not known, or, in a call, if the number of inputs is not
        nin.
    TypeError
        If another argument is not of its kind, if ``init`` returns no number, or, in a call, if an input is not a
        number.

    Examples
    --------
    >>> neuron = Neuron(2, activation="tanh", init="zeros")
    >>> neuron
    TanhNeuron(2)
    >>> neuron([1.0, 2.0]).data
    0.0
    """

    _kind: str
    _function: Callable[[Any], Any]

    def __init__(
        self,
        nin: int,
        nonlin: bool = True,
        *,
        activation: Activation | None = "relu",
        init: Init = "uniform",
        bias: bool = True,
        seed: Seed = None,
        nout: int = 1,
    ) -> None:
        nin, nout, bias, nonlin = size("nin", nin), size("nout", nout), flag("bias", bias), flag("nonlin", nonlin)
        activation_function(activation)  # an unknown activation must raise before random numbers are drawn
        self.w = drawn((nin,), find(init), seeded(seed), nin, nout)
        self.b = Value(0.0) if bias else None
        self.activation = activation
        self.nonlin = nonlin and activation is not None

    def __setattr__(self, name: str, value: object) -> None:
        if name == "activation":
            kind, function = activation_function(value)  # type: ignore[arg-type]
            super().__setattr__(name, value)
            vars(self).update(_kind=kind, _function=function, nonlin=value is not None)
        else:
            super().__setattr__(name, value)
        vars(self)["_cell"] = None  # the cell was made of the old attributes

    def _new_cell(self) -> Cell | None:
        if type(self).forward is not _FORWARD or "forward" in vars(self) or self._hooks_of_calls:
            return None
        function = self._function if self.nonlin else None
        cell: Cell = Cell(self.w, self.b, function, self._place or self._settle())
        vars(self)["_cell"] = cell
        return cell

    def forward(self, x: Any) -> Any:
        if x.__class__ is not list and x.__class__ is not tuple:
            x = listed(self, x)
            if is_batch(x, 1):
                return over(self.forward, x, 1)
        try:
            z = dot(self.w, x, self.b)
        except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
            if is_batch(x, 1):
                return over(self.forward, x, 1)
            raise refusal(self, x, len(self.w)) or error from None
        if is_list(z):  # x is a batch after all: a list of as many arrays as there are weights
            return over(self.forward, x, 1)
        return self._function(z) if self.nonlin else z

    def __repr__(self) -> str:
        return f"{self._kind if self.nonlin else 'Linear'}Neuron({len(self.w)})"


_FORWARD = Neuron.forward  # `neurons` computes what this does; a neuron with another forward() has to be called


class Layer(Module):
    """Neurons that share their inputs.

    Parameters
    ----------
    nin, nout : int
        Numbers of inputs and of neurons.
    seed : int or random.Random, optional
        As for `Neuron`.
    **options
        `Neuron`'s other parameters.

    Returns
    -------
    list of Value
        From a call: a Value for each neuron. A layer of one neuron returns that Value itself, as in micrograd.

    Raises
    ------
    ValueError, TypeError
        As for `Neuron`, also if nout is not a positive whole number.

    Examples
    --------
    >>> layer = Layer(2, 3, seed=0)
    >>> len(layer([1.0, 2.0])), len(layer.parameters())
    (3, 9)
    """

    def __init__(self, nin: int, nout: int, *, seed: Seed = None, **options: Any) -> None:
        generator, nout = seeded(seed), size("nout", nout)
        self.neurons = [Neuron(nin, seed=generator, nout=nout, **options) for _ in range(nout)]

    def forward(self, x: Any) -> Any:
        x = listed(self, x)
        if is_batch(x, 1):
            return over(self.forward, x, 1)
        if Neuron.forward is _FORWARD:
            try:
                outputs = neurons(self.neurons, x)
            except TypeError as error:
                raise refusal(self, x) or error from None
        else:  # Neuron.forward has been replaced from outside
            inputs = numbers_of(self, x)
            outputs = [neuron(inputs) for neuron in self.neurons]
        return outputs[0] if len(outputs) == 1 else outputs

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(repr, self.neurons))}]"


class MLP(Module):
    """Multi-layer perceptron: layers of neurons, each layer on the outputs of the one before.

    Parameters
    ----------
    nin : int
        Number of inputs.
    nouts : list of int
        Number of neurons in each layer.
    activation : str or callable, optional
        Of all layers but the last; see `Neuron`.
    output_activation : str or callable, optional
        Of the last layer; linear if not given.
    seed : int or random.Random, optional
        As for `Neuron`.
    **options
        `Neuron`'s ``init`` and ``bias``.

    Returns
    -------
    list of Value, or Value
        From a call with nin numbers: what the last `Layer` returns.

    Raises
    ------
    ValueError, TypeError
        As for `Neuron`, also if there is no layer, or if nouts is not a list.

    Examples
    --------
    >>> model = MLP(2, [16, 16, 1], activation="tanh", seed=0)
    >>> len(model.parameters())
    337
    >>> isinstance(model([0.5, -1.0]), Value)
    True
    """

    def __init__(
        self,
        nin: int,
        nouts: Iterable[int],
        *,
        activation: Activation | None = "relu",
        output_activation: Activation | None = None,
        seed: Seed = None,
        **options: Any,
    ) -> None:
        if not hasattr(nouts, "__iter__") or getattr(nouts, "ndim", 1) != 1 or isinstance(nouts, NO_LISTS):
            raise TypeError(
                f"nouts must be a list with the number of neurons of each layer, such as [16, 1], not {nouts!r:.60}"
            )
        sizes = [size("nin", nin), *[size("nout", nout) for nout in nouts]]
        for function in (
            activation,
            output_activation,
        ):  # check both even if there is no hidden layer, and before random numbers are drawn
            activation_function(function)
        if len(sizes) == 1:
            raise ValueError("nouts must have a number of neurons for at least one layer, but it is empty")
        generator = seeded(seed)
        activations = [activation] * (len(sizes) - 2) + [output_activation]
        self.layers = [
            Layer(nin, nout, seed=generator, activation=function, **options)
            for nin, nout, function in zip(sizes, sizes[1:], activations)
        ]

    def forward(self, x: Any) -> Any:
        x = listed(self, x)
        if is_batch(x, 1):
            return over(self.forward, x, 1)
        x = numbers_of(self, x)
        for layer in self.layers:
            x = layer(x)
        return x

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(repr, self.layers))}]"


# --- PyTorch's ------------------------------------------------------------------------------------------------


class Bilinear(Module):
    """y_k = x1^T A_k x2 + b_k: every product of a number of one input with one of the other has a weight.

    Parameters
    ----------
    in1_features, in2_features, out_features : int
        Numbers of inputs of the two kinds, and of outputs.
    bias : bool
        If False there is no b.
    seed : int or random.Random, optional
        As for `Neuron`. Weights and biases start as in PyTorch: uniform in ±1/sqrt(in1_features).

    Attributes
    ----------
    weight : list of list of list of Value
        ``weight[k][i][j]`` belongs to the product of ``x1[i]`` and ``x2[j]`` in y_k.
    bias : list of Value, or None

    Returns
    -------
    list of Value
        From a call with in1_features and in2_features numbers, in two lists: out_features results. Of two batches a
        list of such lists.

    Raises
    ------
    ValueError
        If a size is not a positive whole number, or, in a call, if the numbers of inputs are others, or if the two
        inputs are batches of different lengths.
    TypeError
        As for `Neuron`; in a call, if one input is a batch and the other is not.

    Examples
    --------
    >>> layer = Bilinear(2, 2, 1, seed=0)
    >>> layer.load_state_dict({"weight": [[[1.0, 2.0], [3.0, 4.0]]], "bias": [0.5]})
    ([], [])
    >>> layer([1.0, 10.0], [1.0, 100.0])[0].data  # 1*1 + 2*100 + 3*10 + 4*1000 + 0.5
    4231.5
    """

    def __init__(
        self, in1_features: int, in2_features: int, out_features: int, bias: bool = True, *, seed: Seed = None
    ) -> None:
        generator, bias = seeded(seed), flag("bias", bias)
        self.in1_features, self.in2_features = size("in1_features", in1_features), size("in2_features", in2_features)
        self.out_features = size("out_features", out_features)
        sizes = (self.out_features, self.in1_features, self.in2_features)
        self.weight = drawn(sizes, _AS_IN_PYTORCH, generator, self.in1_features, self.out_features)
        self.bias = None
        if bias:
            self.bias = drawn(sizes[:1], _AS_IN_PYTORCH, generator, self.in1_features, self.out_features)

    def forward(self, x1: Any, x2: Any) -> Any:
        x1, x2 = listed(self, x1), listed(self, x2)
        if is_batch(x1, 1) or is_batch(x2, 1):
            return self._of_batches(x1, x2)
        inputs = [numbers_of(self, x1), numbers_of(self, x2)]
        for xs, count in zip(inputs, (self.in1_features, self.in2_features)):
            if len(xs) != count:
                raise refusal(self, xs, count)  # type: ignore[misc]
        products = [a * b for a in inputs[0] for b in inputs[1]]
        rows = [[w for row in matrix for w in row] for matrix in self.weight]
        return [dot(row, products, b) for row, b in zip(rows, self.bias or [None] * len(rows))]

    def _of_batches(self, x1: Any, x2: Any) -> Any:
        if not (is_batch(x1, 1) and is_batch(x2, 1)):
            raise TypeError(f"{called(self)} takes two examples or two batches, but one of its inputs is not a batch")
        if len(x1) != len(x2):
            raise ValueError(f"{called(self)} takes batches of one length, not of {len(x1)} and {len(x2)}")
        made = [self.forward(a, b) for a, b in zip(x1, x2)]
        return Batch(made) if isinstance(x1, Batch) else made

    def extra_repr(self) -> str:
        sizes = f"{self.in1_features}, {self.in2_features}, {self.out_features}"
        return sizes + ("" if self.bias else ", bias=False")


class Linear(Module):
    """y = W x + b, with the weights W in a matrix of shape out_features x in_features.

    Parameters
    ----------
    in_features, out_features : int
        Numbers of inputs and outputs. As keywords they may be called nin and nout as well.
    bias : bool
        If False there is no b.
    init : str or callable, optional
        How W starts, see `nn.init`; b starts at 0 then. If not given, both start as in PyTorch: uniform in
        ±1/sqrt(in_features).
    nin, nout : int, optional
        Other names of in_features and out_features, those of `Neuron`.
    seed : int or random.Random, optional
        As for `Neuron`.

    Attributes
    ----------
    weight : list of list of Value
    bias : list of Value, or None

    Returns
    -------
    list of Value
        From a call with in_features numbers, the out_features results. Of lists of such lists, each of the innermost
        ones is a row of its own.

    Raises
    ------
    ValueError
        If in_features or out_features is not a positive whole number, or, in a call, if the number of inputs is not
        in_features.
    TypeError
        As for `Neuron`; if a size is missing, or given under both of its names.

    Examples
    --------
    >>> layer = Linear(2, 3, init="zeros")
    >>> [y.data for y in layer([1.0, 2.0])]
    [0.0, 0.0, 0.0]
    >>> layer
    Linear(2, 3)  # 9 parameters
    """

    def __init__(
        self,
        in_features: int | None = None,
        out_features: int | None = None,
        bias: bool = True,
        *,
        init: Init | None = None,
        nin: int | None = None,
        nout: int | None = None,
        seed: Seed = None,
    ) -> None:
        generator = seeded(seed)
        self.in_features = nin = size("in_features", _either("in_features", in_features, "nin", nin))
        self.out_features = nout = size("out_features", _either("out_features", out_features, "nout", nout))
        bias = flag("bias", bias)
        draw = find(_AS_IN_PYTORCH if init is None else init)
        self.weight = drawn((nout, nin), draw, generator, nin, nout)
        self.bias = None
        if bias:
            self.bias = drawn((nout,), draw if init is None else zeros(), generator, nin, nout)

    def forward(self, x: Any) -> Any:
        x = listed(self, x)
        if is_batch(x, 1):
            return over(self.forward, x, 1)
        inputs, nin = numbers_of(self, x), len(self.weight[0])
        if len(inputs) != nin:
            raise refusal(self, inputs, nin)  # type: ignore[misc]
        if self.bias is None:
            return [dot(row, inputs) for row in self.weight]
        return [dot(row, inputs, b) for row, b in zip(self.weight, self.bias)]

    def extra_repr(self) -> str:
        return f"{len(self.weight[0])}, {len(self.weight)}{'' if self.bias else ', bias=False'}"


# With this gain the bound of the uniform distribution is sqrt(2 / (1 + 5)) * sqrt(3 / nin) = 1 / sqrt(nin).
_AS_IN_PYTORCH = kaiming_uniform("leaky_relu", param=5.0**0.5)


def _either(name: str, x: object, other: str, y: object) -> object:
    """What was given under one of two names."""
    if x is not None and y is not None:
        raise TypeError(f"{name} and {other} are two names for one number; give only one of them")
    if x is None and y is None:
        raise TypeError(f"Linear takes the numbers of its inputs and outputs, but {name} is missing")
    return y if x is None else x
