"""Fully connected layers: micrograd's Neuron, Layer and MLP, and PyTorch's Linear.

They turn Values into Values. Numbers among the inputs become Values once, at the layer that is called first.
What modules have in common is in `module`, what they are called with in `batches`; how weights start is in `init`.
"""

from __future__ import annotations

from autograd import Cell, Value, dot, neurons

from .activations import activation_function
from .batches import NO_LISTS, is_batch, is_list, listed, numbers_of, over, refusal
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

    Raises
    ------
    ValueError
        If nin is no positive whole number, if a name is not known, or, in a call, if the number of inputs is not nin.
    TypeError
        If another argument is not of its kind, if ``init`` returns no number, or, in a call, if an input is none.

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
        activation_function(activation)  # raises, if it does, before random numbers are drawn
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
        vars(self)["_cell"] = None  # it was made of the old attributes

    def _new_cell(self) -> Cell | None:
        if type(self).forward is not _FORWARD or "forward" in vars(self):
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
        if is_list(z):  # there were as many arrays as there are weights
            return over(self.forward, x, 1)
        return self._function(z) if self.nonlin else z

    def __repr__(self) -> str:
        return f"{self._kind if self.nonlin else 'Linear'}Neuron({len(self.w)})"


_FORWARD = Neuron.forward  # what `neurons` does; neurons with another one are called


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
        As for `Neuron`, also if nout is no positive whole number.

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
        else:  # somebody has given the class another one
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

    Raises
    ------
    ValueError, TypeError
        As for `Neuron`, also if there is no layer, or if nouts is no list.

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
        ):  # also if there is no hidden layer, and before anything is drawn
            activation_function(function)
        if len(sizes) == 1:
            raise ValueError("nouts must have a number of neurons for at least one layer, and it is empty")
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


class Linear(Module):
    """y = W x + b, with the weights W in a matrix of shape nout x nin.

    Parameters
    ----------
    nin, nout : int
        Numbers of inputs and outputs.
    bias : bool
        If False there is no b.
    init : str or callable, optional
        How W starts, see `nn.init`; b starts at 0 then. If not given, both start as in PyTorch: uniform in
        ±1/sqrt(nin).
    seed : int or random.Random, optional
        As for `Neuron`.

    Attributes
    ----------
    weight : list of list of Value
    bias : list of Value, or None

    Raises
    ------
    ValueError
        If nin or nout is no positive whole number, or, in a call, if the number of inputs is not nin.
    TypeError
        As for `Neuron`.

    Examples
    --------
    >>> layer = Linear(2, 3, init="zeros")
    >>> [y.data for y in layer([1.0, 2.0])]
    [0.0, 0.0, 0.0]
    >>> layer
    Linear(2, 3)  # 9 parameters
    """

    def __init__(self, nin: int, nout: int, bias: bool = True, *, init: Init | None = None, seed: Seed = None) -> None:
        generator = seeded(seed)
        # The bound of this gain is sqrt(2 / (1 + 5)) * sqrt(3 / nin) = 1 / sqrt(nin).
        default = kaiming_uniform("leaky_relu", param=5.0**0.5)
        nin, nout, bias = size("nin", nin), size("nout", nout), flag("bias", bias)
        draw = find(default if init is None else init)
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
