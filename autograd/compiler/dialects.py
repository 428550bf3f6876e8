"""What differs between the libraries that a program's text is written for; `text` and `assemble` ask here.

NumPy's text is the plain one. JAX's arrays are immutable: a line that would write into an array makes a new one. A loop
in JAX is a function of the step and of the arrays that a step hands to the next, so that XLA compiles the body once
instead of every step. Operators, methods, indices and the names of functions are the same in both.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Target:
    """Entries of an array that a line writes to.

    Attributes
    ----------
    name : str
        The array's.
    index : sequence of str
        The items between the brackets, axis by axis.
    reshaped : str
        The extents to which the array is reshaped before it is indexed; empty if it is not.
    """

    def __init__(self, name: str, index: Sequence[str], reshaped: str = "") -> None:
        self.name, self.index, self.reshaped = name, index, reshaped

    @property
    def array(self) -> str:
        """The text of the array that the index is applied to."""
        return f"{self.name}.reshape({self.reshaped})" if self.reshaped else self.name

    @property
    def indexed(self) -> str:
        """The text that reads the entries."""
        return f"{self.array}[{', '.join(self.index)}]"


class Dialect:
    """The text for NumPy; for other libraries, subclasses change what differs.

    Attributes
    ----------
    library : str
        The module that has the functions.
    elsewhere : dict
        For each function that another module has, that module.
    helpers : str
        Our own module, for functions that are in neither.
    """

    library = "numpy"
    elsewhere: dict[str, str] = {}
    helpers = "autograd.arrays"
    whole_starts = False
    """Whether the initial values of a loop must have their full shape already."""

    def imports(self, names: set[str], lacking: set[str]) -> list[tuple[str, list[str], str]]:
        """Modules, what is imported from each, and a comment.

        Examples
        --------
        >>> JAX().imports({"tanh", "fori_loop"}, {"erf"})[1:]
        [('jax.numpy', ['tanh'], ''), ('autograd.arrays_jax', ['erf'], 'jax.numpy has none')]
        """
        found: dict[str, list[str]] = {}
        for name in sorted(names):
            found.setdefault(self.elsewhere.get(name, self.library), []).append(name)
        rows = [(module, found[module], "") for module in sorted(found)]
        if lacking:
            called = "NumPy" if self.library == "numpy" else self.library
            rows.append((self.helpers, sorted(lacking), f"{called} has none"))
        return rows

    def assigned(self, target: Target, value: str) -> str:
        """The line after which entries have this value."""
        return f"{target.indexed} = {value}"

    def added(self, target: Target, value: str) -> str:
        """The line that adds a value to entries, none of which occurs twice."""
        return f"{target.indexed} += {value}"

    def added_repeatedly(self, target: Target, value: str, use: Callable[[str], str]) -> str:
        """The line that adds a value to entries, some of which occur several times and are added to each time."""
        index = ["slice(None)" if item == ":" else item for item in target.index]
        place = f"({', '.join(index)})" if len(index) > 1 else index[0]
        return f"{use('add')}.at({target.array}, {place}, {value})"

    def loop(
        self, step: str, count: int, carried: Sequence[str], use: Callable[[str], str]
    ) -> tuple[list[str], list[str]]:
        """The lines before and after those of a loop's body, which are indented.

        Parameters
        ----------
        step : str
            What the number of the step is called.
        count : int
            The number of steps.
        carried : sequence of str
            The arrays that the body changes, for the next step and for what comes after the loop.
        use : function
            Notes that a function of the library is needed, and returns its name.
        """
        return [f"for {step} in range({count}):"], []


class JAX(Dialect):
    """The text for ``jax.numpy``.

    Examples
    --------
    >>> part = Target("dW", [":", "0"], "3, 4")
    >>> Dialect().added(part, "dA")
    'dW.reshape(3, 4)[:, 0] += dA'
    >>> JAX().added(part, "dA")
    'dW = dW.reshape(3, 4).at[:, 0].add(dA).reshape(dW.shape)'
    """

    library = "jax.numpy"
    elsewhere = {"fori_loop": "jax.lax"}
    helpers = "autograd.arrays_jax"
    whole_starts = True

    def assigned(self, target: Target, value: str) -> str:
        return self._updated(target, "set", value)

    def added(self, target: Target, value: str) -> str:
        return self._updated(target, "add", value)

    def added_repeatedly(self, target: Target, value: str, use: Callable[[str], str]) -> str:
        return self.added(target, value)

    def _updated(self, target: Target, how: str, value: str) -> str:
        back = f".reshape({target.name}.shape)" if target.reshaped else ""
        return f"{target.name} = {target.array}.at[{', '.join(target.index)}].{how}({value}){back}"

    def loop(
        self, step: str, count: int, carried: Sequence[str], use: Callable[[str], str]
    ) -> tuple[list[str], list[str]]:
        """The body as a function of the step and of the carried arrays, in a tuple if there are several."""
        names = ", ".join(carried)
        if len(carried) == 1:
            head = [f"def body({step}, {names}):"]
            start = names
        else:
            head = [f"def body({step}, carry):", f"    {names} = carry"]
            start = f"({names})"
        return head, [f"    return {names}", f"{names} = {use('fori_loop')}(0, {count}, body, {start})"]
