"""The rivals, each in a module with a class `Library`; importing this package imports none of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rival:
    """A library that takes part, used in one particular way.

    Parameters
    ----------
    title : str
        The name in tables.
    module : str
        The module of this package that has its `Library`.
    distribution : str
        The distribution to install; empty for glassgrad and for what is written here.
    package : str
        The module that a user imports; empty for what is written here.
    engine : str
        For glassgrad, "interpreted" or "native". Compiled programs are the same with either; here the interpreted one
        records them.
    """

    title: str
    module: str
    distribution: str = ""
    package: str = ""
    engine: str = ""


def _glassgrad(engine: str, how: str, module: str, called: str = "") -> Rival:
    return Rival(f"glassgrad {called or engine}, {how}", module, "", "autograd", engine)


RIVALS = {
    "micrograd": Rival("micrograd", "micrograd", "micrograd", "micrograd.engine"),
    "microgpt": Rival("microgpt's design", "microgpt"),
    "torch-scalars": Rival("PyTorch, 0-d tensors", "torch_scalars", "torch", "torch"),
    "xad": Rival("XAD", "xad", "xad", "xad.adj_1st"),
    "interpreted": _glassgrad("interpreted", "own loops", "glassgrad"),
    "interpreted-nn": _glassgrad("interpreted", "nn.MLP, dot, sum", "glassgrad_nn"),
    "native": _glassgrad("native", "own loops", "glassgrad"),
    "native-nn": _glassgrad("native", "nn.MLP, dot, sum", "glassgrad_nn"),
    "compiled": _glassgrad("interpreted", "one example's loss", "glassgrad_compiled", "compiled"),
    "compiled-whole": _glassgrad("interpreted", "own loops, whole graph", "glassgrad_whole", "compiled"),
    "compiled-jax": _glassgrad("interpreted", "one example's loss, on JAX", "glassgrad_jax", "compiled"),
    "casadi": Rival("CasADi, SX function", "casadi", "casadi", "casadi"),
    "torch": Rival("PyTorch, tensors", "torch", "torch", "torch"),
    "jax": Rival("JAX, jit", "jax", "jax", "jax"),
    "numpy": Rival("NumPy, derived by hand", "by_hand", "numpy", "numpy"),
}
