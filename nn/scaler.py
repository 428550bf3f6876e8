"""Gradients in float16: the loss is scaled so that small gradients are not lost, and steps with overflow are skipped.

`autograd.precision` computes in float16; optimisers move the parameters.
"""

from __future__ import annotations

import math

from autograd import Value

from .settings import flag, number, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .optim import Optimizer


class GradScaler:
    """Scales the loss, and with it all gradients, so that float16 can hold them; PyTorch's ``torch.amp.GradScaler``.

    float16 has no number between 0 and 6e-8, so that small gradients become 0. The loss is therefore multiplied by
    a large number, the scale, and the gradients are divided by it before the optimiser uses them (Micikevicius et al.
    2018, "Mixed precision training"). Which scale is right is found on the way: if a gradient is infinite or nan the
    step is left out, and the scale becomes smaller; after many steps without that it becomes larger.

    Parameters
    ----------
    init_scale : float
        The scale to begin with.
    growth_factor : float
        What it is multiplied by after `growth_interval` steps in a row that were not left out; above 1.
    backoff_factor : float
        What it is multiplied by after a step that was left out; between 0 and 1.
    growth_interval : int
    enabled : bool
        If False everything is done as without a scaler.

    Raises
    ------
    TypeError, ValueError
        If a setting is of another kind, or out of range.

    Notes
    -----
    Let the `precision` block end before `step`: parameters and gradients with all digits are what the optimiser needs.

    Examples
    --------
    >>> import nn
    >>> from autograd import precision
    >>> w = Value(1.0, "w")
    >>> optimizer, scaler = nn.SGD([w], lr=2.0**24), nn.GradScaler(init_scale=2.0**15)
    >>> for _ in range(2):
    ...     with precision("float16"):
    ...         loss = (w * 2.0**-14) * (w * 2.0**-14)  # of slope 2**-27, which float16 does not have
    ...         scaler.scale(loss).backward()
    ...     scaler.step(optimizer)
    ...     scaler.update()
    ...     optimizer.zero_grad()
    >>> w.data
    0.765625
    """

    def __init__(
        self,
        init_scale: float = 65536.0,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        self._enabled = flag("enabled", enabled)
        self._scale = _positive("init_scale", init_scale)
        self.set_growth_factor(growth_factor)
        self.set_backoff_factor(backoff_factor)
        self.set_growth_interval(growth_interval)
        self._growth_tracker = 0
        self._scaled = False
        self._seen: dict[int, _Seen] = {}

    def __repr__(self) -> str:
        return f"GradScaler(scale={self.get_scale()!r}{'' if self._enabled else ', enabled=False'})"

    # --- a step of training -----------------------------------------------------------------------------------

    def scale(self, outputs: Any) -> Any:
        """A Value times the scale, or each of several in lists and tuples.

        Raises
        ------
        TypeError
            If there is anything but Values.
        """
        if isinstance(outputs, Value):
            self._scaled = True
            return outputs * self._scale if self._enabled else outputs
        if isinstance(outputs, (list, tuple)):
            return type(outputs)([self.scale(x) for x in outputs])
        raise TypeError(f"scale takes a Value, or several in a list, not {type(outputs).__name__}: {outputs!r:.60}")

    def unscale_(self, optimizer: Optimizer) -> None:
        """Divide the gradients of an optimiser's parameters by the scale, now, so that they can be clipped.

        `step` does it otherwise.

        Raises
        ------
        RuntimeError
            If it was done since the last `update`, or if nothing was scaled yet.
        """
        if not self._enabled:
            return
        self._check_scaled("unscale_")
        seen = self._seen.get(id(optimizer))
        if seen is not None:
            raise RuntimeError(
                "unscale_() was called after step()"
                if seen.stepped
                else "unscale_() has already been called for this optimiser since the last update()"
            )
        factor, finite = 1.0 / self._scale, True
        gradients = []
        for p in optimizer.params:
            if isinstance(p, Value):
                finite = finite and math.isfinite(p.grad)
            else:
                finite = finite and math.isfinite(float(abs(p.grad).max()))
            gradients.append(p.grad * factor)
        for p, gradient in zip(optimizer.params, gradients):
            p.grad = gradient
        self._seen[id(optimizer)] = _Seen(optimizer, finite)

    def step(self, optimizer: Optimizer, *args: Any, **kwargs: Any) -> Any:
        """Let the optimiser make a step with the gradients divided by the scale, unless one is infinite or nan.

        Further arguments are those of the optimiser's ``step``. Returns what that returns; None if it is left out.

        Raises
        ------
        RuntimeError
            If it was called since the last `update`, or if nothing was scaled yet.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        self._check_scaled("step")
        if id(optimizer) not in self._seen:
            self.unscale_(optimizer)
        seen = self._seen[id(optimizer)]
        if seen.stepped:
            raise RuntimeError("step() has already been called for this optimiser since the last update()")
        step: Any = optimizer.step
        made = step(*args, **kwargs) if seen.finite else None
        seen.stepped = True
        return made

    def update(self, new_scale: float | None = None) -> None:
        """Go on to the next iteration: make the scale smaller or larger, if that is due, or set it.

        Raises
        ------
        RuntimeError
            If no gradients were looked at since the last time.
        TypeError, ValueError
            If `new_scale` is not a positive number.
        """
        if not self._enabled:
            return
        if new_scale is not None:
            self._scale = _positive("new_scale", new_scale)
        elif not self._seen:
            raise RuntimeError("update() was called without a step() or unscale_() since the last one")
        elif not all(seen.finite for seen in self._seen.values()):
            self._scale *= self._backoff_factor
            self._growth_tracker = 0
        else:
            self._growth_tracker += 1
            if self._growth_tracker == self._growth_interval:
                self._growth_tracker = 0
                if math.isfinite(self._scale * self._growth_factor):
                    self._scale *= self._growth_factor
        self._seen = {}

    def _check_scaled(self, name: str) -> None:
        if not self._scaled:
            raise RuntimeError(f"{name}() was called before scale(): call scaler.scale(loss).backward() first")

    # --- settings ---------------------------------------------------------------------------------------------

    def is_enabled(self) -> bool:
        """Whether anything is scaled."""
        return self._enabled

    def get_scale(self) -> float:
        """The scale; 1.0 if the scaler is not enabled."""
        return self._scale if self._enabled else 1.0

    def get_growth_factor(self) -> float:
        """What the scale is multiplied by when it becomes larger."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Set what the scale is multiplied by when it becomes larger."""
        factor = number("growth_factor", new_factor)
        if factor <= 1.0:
            raise ValueError(f"growth_factor must be above 1, not {new_factor!r}")
        self._growth_factor = factor

    def get_backoff_factor(self) -> float:
        """What the scale is multiplied by when it becomes smaller."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Set what the scale is multiplied by when it becomes smaller."""
        factor = number("backoff_factor", new_factor)
        if not 0.0 < factor < 1.0:
            raise ValueError(f"backoff_factor must be between 0 and 1, not {new_factor!r}")
        self._backoff_factor = factor

    def get_growth_interval(self) -> int:
        """After how many steps in a row the scale becomes larger."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Set after how many steps in a row the scale becomes larger."""
        self._growth_interval = size("growth_interval", new_interval)

    # --- saving -----------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The scale, the settings, and the steps since the scale was changed, under PyTorch's names; empty if disabled.

        Call it after `update`, between two iterations.
        """
        if not self._enabled:
            return {}
        return {
            "scale": self._scale,
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._growth_tracker,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue where another scaler was at its `state_dict`; a scaler that is not enabled ignores it.

        Raises
        ------
        ValueError
            If it is something else. Nothing has been changed then.
        """
        if not self._enabled:
            return
        try:
            settings = [state_dict[key] for key in ("scale", "growth_factor", "backoff_factor", "growth_interval")]
            tracker = state_dict["_growth_tracker"]
            made = GradScaler(*settings)
            if type(tracker) is not int or tracker < 0:
                raise ValueError(f"{tracker!r:.60} is not a number of steps")
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            text = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise ValueError(f"this state does not fit GradScaler: {text}") from None
        vars(self).update(vars(made), _growth_tracker=tracker, _scaled=self._scaled)


class _Seen:
    """What happened to an optimiser since the last update: whether its gradients were finite, whether it stepped."""

    def __init__(self, optimizer: Optimizer, finite: bool) -> None:
        self.optimizer = optimizer  # kept alive, so that no other optimiser can get its id
        self.finite, self.stepped = finite, False


def _positive(name: str, x: object) -> float:
    scale = number(name, x, positive=True)
    if scale == 0.0:
        raise ValueError(f"{name} must be above 0, not {x!r}")
    return scale
