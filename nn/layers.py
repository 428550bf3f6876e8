"""The layers: micrograd's Neuron, Layer and MLP, and PyTorch's Linear, Sequential, activations and Dropout.

They turn Values into Values. Numbers among the inputs become Values once, at the layer that is called first.
What modules have in common is in `module`; how weights start is in `init`.
"""

from __future__ import annotations

import autograd
from autograd import Cell, Op, Value, dot, neurons, values

from .functional import each, is_list, log_softmax, softmax
from .init import find, kaiming_uniform, zeros
from .module import Module
from .settings import flag, is_bool, meant, number, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TypeAlias

    from .init import Init, Initialiser

    Activation: TypeAlias = str | Callable[[Any], Any]
    Seed: TypeAlias = int | random.Random | None


# --- activations ----------------------------------------------------------------------------------------------


class Elementwise(Module):
    """A function of one number as a module: it is applied to a Value, or to each in a (nested) list.

    Subclasses set ``function``, or define ``each`` if the function has parameters.
    """

    function: Any = autograd.positive

    def each(self, x: Any) -> Any:
        """The function of one Value or number."""
        return self.function(x)

    def forward(self, x: Any) -> Any:
        return each(self.each, x)


class Identity(Elementwise):
    """x itself.

    >>> Identity()([1.0, 2.0])
    [1.0, 2.0]
    """

    def each(self, x: Any) -> Any:
        return x


class ReLU(Elementwise):
    """max(x, 0).

    >>> ReLU()([-1.0, 2.0])
    [0.0, 2.0]
    """

    function = autograd.relu


class LeakyReLU(Elementwise):
    """x above 0, else negative_slope * x. The slope may be a Value: then it is learnt, as in PyTorch's PReLU.

    >>> LeakyReLU(0.5)([-1.0, 2.0])
    [-0.5, 2.0]
    """

    function = autograd.leaky_relu

    def __init__(self, negative_slope: Any = 0.01) -> None:
        self.negative_slope = _coefficient("negative_slope", negative_slope)

    def each(self, x: Any) -> Any:
        return self.function(x, self.negative_slope)

    def extra_repr(self) -> str:
        return f"{self.negative_slope}"


class ELU(Elementwise):
    """x above 0, else alpha * (e**x - 1) (Clevert et al. 2015).

    >>> ELU()([0.0, 2.0])
    [0.0, 2.0]
    """

    function = autograd.elu

    def __init__(self, alpha: Any = 1.0) -> None:
        self.alpha = _coefficient("alpha", alpha)

    def each(self, x: Any) -> Any:
        return self.function(x, self.alpha)

    def extra_repr(self) -> str:
        return f"{self.alpha}"


class SELU(Elementwise):
    """Scaled ELU (Klambauer et al. 2017).

    >>> SELU()(0.0)
    0.0
    """

    function = autograd.selu


class Sigmoid(Elementwise):
    """1 / (1 + e**-x).

    >>> Sigmoid()(0.0)
    0.5
    """

    function = autograd.sigmoid


class Tanh(Elementwise):
    """Hyperbolic tangent.

    >>> Tanh()(0.0)
    0.0
    """

    function = autograd.tanh


class Softplus(Elementwise):
    """log(1 + e**x).

    >>> Softplus()(1000.0)
    1000.0
    """

    function = autograd.softplus


class SiLU(Elementwise):
    """x * sigmoid(x), also called swish (Elfwing et al. 2017).

    >>> SiLU()(0.0)
    0.0
    """

    function = autograd.silu


class GELU(Elementwise):
    """x * ndtr(x), the exact form (Hendrycks and Gimpel 2016).

    >>> GELU()(0.0)
    0.0
    """

    function = autograd.gelu


ACTIVATIONS: dict[str, type[Elementwise]] = {
    kind.function.name: kind for kind in (ReLU, LeakyReLU, ELU, SELU, Sigmoid, Tanh, Softplus, SiLU, GELU)
}
"""The activations that layers know by name: every operation that says it is one."""

for _op in vars(autograd).values():
    if isinstance(_op, Op) and _op.activation and _op.name not in ACTIVATIONS:
        ACTIVATIONS[_op.name] = type(
            _op.activation, (Elementwise,), {"function": _op, "__doc__": _op.__doc__, "__module__": "nn"}
        )


class Softmax(Module):
    """`functional.softmax` of a list, or of the innermost lists in it.

    >>> Softmax()([[0.0, 0.0], [1.0, 1.0]])
    [[0.5, 0.5], [0.5, 0.5]]
    """

    def forward(self, x: Any) -> Any:
        return _rows("Softmax", softmax, x)


class LogSoftmax(Module):
    """`functional.log_softmax` of a list, or of the innermost lists in it.

    >>> LogSoftmax()([40.0, 0.0])
    [-4.248354255291589e-18, -40.0]
    """

    def forward(self, x: Any) -> Any:
        return _rows("LogSoftmax", log_softmax, x)


def _coefficient(name: str, x: Any) -> Any:
    return x if isinstance(x, Value) else number(name, x)


def _rows(name: str, function: Callable[[Any], Any], x: Any) -> Any:
    if not is_list(x):
        raise TypeError(f"{name} takes a list of numbers, or nested lists, not {type(x).__name__}: {x!r:.60}")
    return [_rows(name, function, row) for row in x] if len(x) > 0 and is_list(x[0]) else function(x)


class Dropout(Module):
    """In training each number is set to 0 with probability p, and the others are divided by 1 - p.

    So the mean stays as it is. After ``eval()`` nothing is changed (Srivastava et al. 2014).

    Parameters
    ----------
    p : float
        Probability, from 0 to 1.
    seed : int or random.Random, optional
        Where the random numbers come from; if not given, from Python's ``random`` module.

    Raises
    ------
    ValueError
        If p is no probability, also when it is set later.
    TypeError
        If p, or what is given in a call, is no number, or the seed no seed.

    Examples
    --------
    >>> sorted(set(Dropout(0.5, seed=0)([1.0] * 100)))
    [0.0, 2.0]
    >>> Dropout(0.5).eval()([1.0, 2.0])
    [1.0, 2.0]
    """

    def __init__(self, p: float = 0.5, seed: Seed = None) -> None:
        self.p = p
        # Not looked up before it is used: a copy of the module must not hold a copy of the global generator.
        self._random = None if seed is None else _generator(seed)

    def __setattr__(self, name: str, value: object) -> None:
        if name == "p":
            value = _probability(value)
        super().__setattr__(name, value)

    def forward(self, x: Any) -> Any:
        if not self.training or self.p == 0.0:
            return x
        generator = _generator(self._random)

        def dropped(item: Any) -> Any:
            factor = 0.0 if generator.random() < self.p else 1.0 / (1.0 - self.p)
            try:
                return item * factor
            except TypeError:
                raise TypeError(f"Dropout takes numbers, not {type(item).__name__}: {item!r:.60}") from None

        return each(dropped, x)

    def extra_repr(self) -> str:
        return f"{self.p}"


def _probability(x: object) -> float:
    wanted = f"Dropout takes a probability between 0 and 1, not {x!r:.60}"
    try:
        p = number("p", x)
    except (TypeError, ValueError) as error:
        raise type(error)(wanted) from None
    if not 0.0 <= p <= 1.0:
        raise ValueError(wanted)
    return p


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
        _activation(activation)  # raises, if it does, before random numbers are drawn
        self.w = _weights(nin, find(init), _generator(seed), nin, nout)
        self.b = Value(0.0) if bias else None
        self.activation = activation
        self.nonlin = nonlin and activation is not None

    def __setattr__(self, name: str, value: object) -> None:
        if name == "activation":
            kind, function = _activation(value)  # type: ignore[arg-type]
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

    def forward(self, x: Any) -> Value:
        if x.__class__ is not list and x.__class__ is not tuple:
            x = _inputs(self, x)
        try:
            z = dot(self.w, x, self.b)
        except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
            raise _refusal(self, x, len(self.w)) or error from None
        if is_list(z):  # there were as many arrays as there are weights
            raise _refusal(self, x)  # type: ignore[misc]
        return self._function(z) if self.nonlin else z  # type: ignore[no-any-return]

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
        generator, nout = _generator(seed), size("nout", nout)
        self.neurons = [Neuron(nin, seed=generator, nout=nout, **options) for _ in range(nout)]

    def forward(self, x: Any) -> Any:
        if x.__class__ is not list and x.__class__ is not tuple:
            x = _inputs(self, x)
        if Neuron.forward is _FORWARD:
            try:
                outputs = neurons(self.neurons, x)
            except TypeError as error:
                raise _refusal(self, x) or error from None
        else:  # somebody has given the class another one
            inputs = _inputs(self, x)
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
        if not hasattr(nouts, "__iter__") or getattr(nouts, "ndim", 1) != 1 or isinstance(nouts, _NO_LISTS):
            raise TypeError(
                f"nouts must be a list with the number of neurons of each layer, such as [16, 1], not {nouts!r:.60}"
            )
        sizes = [size("nin", nin), *[size("nout", nout) for nout in nouts]]
        for function in (
            activation,
            output_activation,
        ):  # also if there is no hidden layer, and before anything is drawn
            _activation(function)
        if len(sizes) == 1:
            raise ValueError("nouts must have a number of neurons for at least one layer, and it is empty")
        generator = _generator(seed)
        activations = [activation] * (len(sizes) - 2) + [output_activation]
        self.layers = [
            Layer(nin, nout, seed=generator, activation=function, **options)
            for nin, nout, function in zip(sizes, sizes[1:], activations)
        ]

    def forward(self, x: Any) -> Any:
        x = _inputs(self, x)
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
        generator = _generator(seed)
        # The bound of this gain is sqrt(2 / (1 + 5)) * sqrt(3 / nin) = 1 / sqrt(nin).
        default = kaiming_uniform("leaky_relu", param=5.0**0.5)
        nin, nout, bias = size("nin", nin), size("nout", nout), flag("bias", bias)
        draw = find(default if init is None else init)
        self.weight = [_weights(nin, draw, generator, nin, nout) for _ in range(nout)]
        self.bias = None
        if bias:
            self.bias = _weights(nout, draw if init is None else zeros(), generator, nin, nout)

    def forward(self, x: Any) -> list[Value]:
        inputs, nin = _inputs(self, x), len(self.weight[0])
        if len(inputs) != nin:
            raise _refusal(self, inputs, nin)  # type: ignore[misc]
        if self.bias is None:
            return [dot(row, inputs) for row in self.weight]
        return [dot(row, inputs, b) for row, b in zip(self.weight, self.bias)]

    def extra_repr(self) -> str:
        return f"{len(self.weight[0])}, {len(self.weight)}{'' if self.bias else ', bias=False'}"


class Sequential(Module):
    """Modules, or other functions, each called on what the one before returned.

    Raises
    ------
    TypeError
        If one of them cannot be called, or is a class of modules instead of a module.

    Examples
    --------
    >>> model = Sequential(Linear(2, 3), Tanh(), Linear(3, 1))
    >>> len(model([1.0, 2.0]))
    1
    >>> model
    Sequential(
      (layer1): Linear(2, 3)  # 9 parameters
      (layer2): Tanh()
      (layer3): Linear(3, 1)  # 4 parameters
    )  # 13 parameters
    """

    def __init__(self, *layers: Callable[[Any], Any]) -> None:
        for layer in layers:
            if _is_class(layer):
                raise TypeError(
                    f"Sequential takes modules, and {layer.__name__} is a class; write {layer.__name__}(...)"
                )
            if not callable(layer):
                raise TypeError(f"Sequential takes modules or functions, one by one, not {type(layer).__name__}")
        self.layers = list(layers)

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x


# --- what the layers share ------------------------------------------------------------------------------------


def _called(module: Module) -> str:
    """How messages call a module that has been called."""
    return f"{type(module).__name__}{'' if module._place is None else f' {module._place.scope!r}'}"


_NO_LISTS = (dict, set, frozenset, str, bytes)  # what can be gone through, but is no list of numbers


def _inputs(module: Module, x: Any) -> tuple[Value, ...]:
    """What a module is called with, as Values; a number by itself is one input."""
    if x.__class__ is not list and x.__class__ is not tuple:
        if isinstance(x, _NO_LISTS):
            raise TypeError(f"{_called(module)} takes a list of numbers, not {type(x).__name__}: {x!r:.60}")
        if getattr(x, "ndim", 1) > 0 and hasattr(x, "__iter__"):  # an array of NumPy's, a generator, ...
            x = list(x)
        elif not isinstance(x, Value):
            x = [x]
    try:
        return values(x)
    except (TypeError, OverflowError) as error:
        raise _refusal(module, x) or error from None


def _refusal(module: Module, x: Sequence[Any], nin: int | None = None) -> Exception | None:
    """What is wrong with the inputs of a module, if `nin` is the number that it takes; None if nothing is."""
    rows = [i for i, item in enumerate(x) if is_list(item)]
    if rows and len(rows) == len(x):
        return TypeError(
            f"{_called(module)} takes the numbers of one example, and got a batch of {len(x)} rows; "
            "call it for each: [model(x) for x in X]"
        )
    for i, item in enumerate(x):
        try:
            values([item] if i not in rows else [None])
        except TypeError:
            where = f"input {i + 1} is" if len(x) > 1 else "got"
            return TypeError(f"{_called(module)} takes numbers, and {where} {type(item).__name__}: {item!r:.60}")
        except OverflowError as error:
            return error
    if nin is not None and len(x) != nin:
        return ValueError(f"{_called(module)} takes {nin} inputs, got {len(x)}")
    return None


def _weights(count: int, draw: Initialiser, generator: random.Random, nin: int, nout: int) -> list[Value]:
    """Parameters that begin as an initialiser says."""
    made = []
    for _ in range(count):
        try:
            drawn = draw(generator, nin, nout)
        except TypeError as error:
            raise _unlike(draw) or error from None
        try:
            made.append(Value(drawn))
        except (TypeError, OverflowError):
            raise TypeError(f"init must give a number for each weight, and it gave {drawn!r:.60}") from None
    return made


def _unlike(draw: Callable[..., Any]) -> TypeError | None:
    """An error that says so if something cannot be called as initialisers are."""
    from inspect import signature

    try:
        signature(draw).bind(None, 1, 1)
    except TypeError:
        name = getattr(draw, "__name__", type(draw).__name__)
        return TypeError(f"init must be a function (random, nin, nout) -> float, and {name} takes other arguments")
    except ValueError:  # a function of C that does not tell
        pass
    return None


def _generator(seed: Any) -> random.Random:
    import random

    if seed is None:
        return random  # type: ignore[return-value]
    if isinstance(seed, random.Random) or seed is random:
        return seed  # type: ignore[return-value]
    if is_bool(seed) or not hasattr(seed, "__index__"):
        raise TypeError(f"seed must be a whole number or a random.Random, not {seed!r:.60}")
    return random.Random(seed.__index__())


def _is_class(x: object) -> bool:
    return isinstance(x, type) and issubclass(x, Module)


def _activation(activation: Activation | None) -> tuple[str, Callable[[Any], Any]]:
    """What a neuron's repr calls it, and what computes it: a Value's own method, where there is one, is faster."""
    if activation is None:
        return "Linear", Value.__pos__
    name = activation.name if isinstance(activation, Op) else activation
    if isinstance(name, str) and name in ACTIVATIONS:
        return ACTIVATIONS[name].__name__, getattr(Value, name)
    if isinstance(activation, str):
        raise ValueError(
            f"there is no activation {activation!r}{meant(activation, ACTIVATIONS)}; choose one of "
            f"{', '.join(ACTIVATIONS)}, or give a function"
        )
    if _is_class(activation):
        kind = activation.__name__
        raise TypeError(f"activation must be a name or a function of a Value, and {kind} is a class; write {kind}()")
    if not callable(activation):
        raise TypeError(f"activation must be a name or a function of a Value, not {activation!r:.60}")
    return getattr(activation, "__name__", type(activation).__name__), activation
