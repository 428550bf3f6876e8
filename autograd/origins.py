"""Where and when nodes are made: the module at work, and the epoch, the time between two rounds of writes to leaves.

Where: a `Place` has a node's label and the path of its module, and each thread has a current place of its own. When: a
leaf can be set, and a graph that was computed before still belongs to the old point. So the first write after nodes
were made begins a new `Epoch`, and the data that the leaves had in the old epoch are kept as long as a node of that
epoch lives; `overwritten_since` returns them. Place and epoch together are an `Origin`, which all nodes that a module
makes in one epoch share: a node stores its place and its time as a single reference.

What a node is, and how graphs are walked, is in `value`. Where the engine is built natively this module is compiled
with it; ``origins.pxd`` has the types.
"""

from __future__ import annotations

import os
import threading
from weakref import ref

from ._cython import cython

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, TypeAlias

    import cython  # type: ignore[no-redef]  # for Cython; at run time it is the one imported above

    Identity: TypeAlias = int  # an object's id
    Thread: TypeAlias = int  # its identifier

if not cython.compiled:
    from _thread import get_ident


# --- where --------------------------------------------------------------------------------------------------------


@cython.no_gc
@cython.cclass
class Place:
    """Where a Value belongs: its label, the module that made it, and the source line if that was asked for.

    Parameters
    ----------
    scope : str
        Dotted path of the module at work, such as ``"mlp.layer1.neuron3"``; empty outside modules.
    label : str
        The Value's own name.
    site : str
        ``"file.py:12"``, recorded inside `detect_anomaly`.

    Examples
    --------
    >>> Place("mlp.layer1", "w").scope
    'mlp.layer1'
    """

    __slots__ = ("scope", "label", "site", "_now", "extras")

    if TYPE_CHECKING:
        extras: dict[str, Any] | None  # natively, the attributes that users gave to the node

    def __init__(self, scope: str = "", label: str = "", site: str = "") -> None:
        self.scope: str = scope
        self.label: str = label
        self.site: str = site
        self._now: Origin | None = None  # the origin of nodes made here in the present epoch

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Place):
            return NotImplemented
        place: Place = other
        return self.scope == place.scope and self.label == place.label and self.site == place.site

    def __hash__(self) -> int:
        return hash((self.scope, self.label, self.site))

    def __reduce__(self) -> tuple[Any, ...]:
        return Place, (self.scope, self.label, self.site)


@cython.no_gc
@cython.cclass
class Epoch:
    """A time in which no leaf is written. It has no data: a weak reference tells whether a node of that time lives."""

    __slots__ = ("__weakref__",)


@cython.no_gc
@cython.cclass
class Origin(Place):
    """A place in an epoch, shared by all results that are made there and then."""

    __slots__ = ("epoch", "section", "seat", "home")

    def __init__(self, scope: str, label: str, site: str, epoch: Epoch) -> None:
        self.scope, self.label, self.site = scope, label, site
        self._now = None
        self.epoch: Epoch = epoch
        self.section: int = state.section
        # Which thread may use this origin straight from `State.origin`: only the seat's thread, and only while the seat
        # is at `home`; with no seat, any thread.
        self.seat: Seat | None = None
        self.home: Place | None = None


@cython.final
@cython.no_gc
@cython.cclass
class Seat:
    """The current place of a thread that is inside a module; assigning to `place` moves the thread."""

    __slots__ = ("thread", "place")

    def __init__(self, thread: Thread) -> None:
        self.thread: Thread = thread
        self.place: Place | None = None


@cython.final
@cython.cclass
class State:
    """The engine's data besides the graphs themselves; there is one instance, `state`."""

    __slots__ = (
        "origin", "origin_outside_modules", "epoch_has_origins", "epoch", "seats", "places_with_origin", "past",
        "latest", "cached_epoch", "cached_overwritten", "cached_writes", "writes", "writing", "clock", "walking",
        "section", "rerunning", "grads_set", "sweeps", "grads_set_at_sweep", "zeroed",
    )  # fmt: skip

    def __init__(self) -> None:
        self.origin: Origin | None = None  # of new nodes, in the thread that may use it; if None, ask `current_origin`
        self.origin_outside_modules: Origin | None = None  # of the nodes made outside modules in this epoch
        self.epoch: Epoch = Epoch()
        self.epoch_has_origins: bool = False  # whether an origin of this epoch was given out
        self.seats: dict[int, Seat] = {}  # of the threads that are inside modules now
        self.places_with_origin: list[Place] = []  # the places whose `_now` is an origin of this epoch
        self.past: list[tuple[Any, dict[int, float]]] = []  # former epochs, weakly, and what was overwritten after each
        self.latest: dict[int, float] = {}  # the same dict as in the last entry of `past`
        # The epoch of the latest call of `overwritten_since`, its answer, and `writes` then.
        self.cached_epoch: Epoch | None = None
        self.cached_overwritten: dict[int, float] = {}
        self.cached_writes: int = 0
        self.writes: int = 0
        self.writing: bool = False
        self.clock: int = 0  # goes up by 2 with each walk over a graph and each sweep
        self.walking: bool = False
        self.section: int = 0  # counts the sections of time that `begin_section` began
        self.rerunning: bool = False  # whether backward() is running a checkpointed function again
        self.grads_set: int = 0  # counts assignments to `grad` and calls of `zero_grads`
        self.sweeps: int = 0  # counts the completed calls of backward()
        self.grads_set_at_sweep: int = 0  # `grads_set` at the end of the last such call
        self.zeroed: bool = False  # whether `zero_grads` was called since that call


_MAX_PLACES: Final = 10_000  # the most places that may have an origin in one epoch

state: Final = State()
lock: Final = threading.RLock()  # held by walks, sweeps and writes, because threads may share leaves


def current_origin() -> Origin:
    """The origin of a node that this thread makes now."""
    seat = state.seats.get(get_ident()) if state.seats else None
    if seat is not None:
        if seat.place is not None:
            return arrive(seat, seat.place)
        state.seats.pop(seat.thread, None)
    with lock:  # so that no epoch ends meanwhile
        origin = state.origin_outside_modules
        if origin is None:
            origin = state.origin_outside_modules = Origin("", "", "", state.epoch)
        state.epoch_has_origins = True
        if not state.seats:
            state.origin = origin
    return origin


def arrive(seat: Seat, place: Place) -> Origin:
    """Move this thread's seat to a place, and return the origin of the nodes that are made there now."""
    seat.place = place
    while True:
        origin = place._now
        if origin is None:
            if len(state.places_with_origin) >= _MAX_PLACES:
                with lock:
                    _begin_epoch()  # or `places_with_origin` would keep all these places until the next write
            origin = place._now = Origin(place.scope, place.label, place.site, state.epoch)
            state.places_with_origin.append(place)
        state.epoch_has_origins = True
        if len(state.seats) == 1:  # its thread finds the origin in `state` from now on; others call `current_origin`
            origin.seat, origin.home = seat, place
            state.origin = origin
        if origin.epoch is state.epoch and origin.section == state.section:
            return origin
        state.origin = place._now = None  # another thread began an epoch, or a section, meanwhile


def sit() -> Seat:
    """This thread's seat. Assign its `place` to move, and the old one when done: no interrupt can prevent that.

    Examples
    --------
    >>> from autograd import Value
    >>> seat = sit()
    >>> before = seat.place
    >>> try:
    ...     seat.place = Place("encoder")
    ...     print((Value(1.0) + 1).scope)
    ... finally:
    ...     seat.place = before
    encoder
    """
    thread = get_ident()
    seat = state.seats.get(thread)
    if seat is None:
        if state.seats:
            _clear_seats()
        seat = state.seats[thread] = Seat(thread)
        state.origin = None
    return seat


def _clear_seats() -> None:
    """Remove the seats of threads that have ended, unless they are still at a place."""
    alive = {thread.ident for thread in threading.enumerate()}
    for seat in list(state.seats.values()):
        if seat.place is None and seat.thread not in alive:
            state.seats.pop(seat.thread, None)


def enter(place: Place | None) -> Place | None:
    """Make `place` the one where this thread's new nodes belong; returns the one before.

    Parameters
    ----------
    place : Place, or None

    Examples
    --------
    >>> from autograd import Value
    >>> before = enter(Place("encoder"))
    >>> (Value(1.0) + 1).place.scope
    'encoder'
    >>> _ = enter(before)
    """
    seat = sit()
    before = seat.place
    seat.place = place
    return before


def current_place() -> Place | None:
    """The place where this thread's new nodes belong; None outside modules.

    Examples
    --------
    >>> before = enter(Place("encoder"))
    >>> current_place().scope
    'encoder'
    >>> _ = enter(before)
    """
    seat = state.seats.get(get_ident()) if state.seats else None
    return None if seat is None else seat.place


def origin_of(place: Place | None) -> Origin:
    """The origin of a result, to be given to another one, without the attributes that users gave to the first."""
    assert isinstance(place, Origin)
    origin: Origin = place
    if cython.compiled and origin.extras is not None:
        return Origin(origin.scope, origin.label, origin.site, origin.epoch)
    return origin


def with_texts(old: Place | None, scope: str, label: str, site: str) -> Place:
    """A node's place or origin with other texts; an origin keeps its epoch."""
    if isinstance(old, Origin):
        origin: Origin = old
        again: Origin = Origin(scope, label, site, origin.epoch)
        again.section = origin.section
        new: Place = again
    else:
        new = Place(scope, label, site)
    if cython.compiled and old is not None:
        new.extras = old.extras
    return new


# --- when ---------------------------------------------------------------------------------------------------------


def keep_overwritten(leaf: Identity, data: float) -> None:
    """Keep `data`, the number of a leaf that is about to be written, for the nodes that were computed from it."""
    if state.epoch_has_origins:
        _begin_epoch()
    if state.past and leaf not in state.latest:
        state.latest[leaf] = data


def _begin_epoch() -> None:
    """Begin another epoch, and forget the data of former epochs of which no node lives."""
    kept: list[tuple[Any, dict[int, float]]] = []
    for epoch, overwritten in state.past:
        if epoch() is not None:
            kept.append((epoch, overwritten))
        elif kept:  # the next older epoch needs these data, unless it has older ones of the same leaf
            for leaf, data in overwritten.items():
                kept[-1][1].setdefault(leaf, data)
    kept.append((ref(state.epoch), {}))
    places_with_origin, fresh, latest = state.places_with_origin, Epoch(), kept[-1][1]
    place: Place
    for place in places_with_origin:
        place._now = None
    # From here on nothing is called, so that no interrupt can come in between.
    state.past, state.latest, state.places_with_origin = kept, latest, []
    state.epoch, state.epoch_has_origins = fresh, False
    state.origin = state.origin_outside_modules = state.cached_epoch = None


def begin_section() -> int:
    """Begin a section of time: its number distinguishes the results made from now on from all older ones.

    Origins already in use are not used again; those of later results have the number returned, or a higher one.

    Examples
    --------
    >>> from autograd import Value
    >>> x = Value(2.0)
    >>> before, section, after = x * x, begin_section(), x * x
    >>> [y._place.section >= section for y in (before, after)]
    [False, True]
    """
    with lock:
        places_with_origin: list[Place] = state.places_with_origin
        place: Place
        state.section += 1
        for place in places_with_origin:
            place._now = None
        state.places_with_origin = []
        state.origin = state.origin_outside_modules = None
        return state.section


def overwritten_since(epoch: Epoch) -> dict[int, float]:
    """The data that leaves, by id, had in an epoch, for those written since; empty for the present epoch."""
    if epoch is state.epoch:
        return {}
    if state.cached_epoch is not epoch or state.cached_writes != state.writes:
        data: dict[int, float] = {}
        for former, overwritten in reversed(state.past):
            data.update(overwritten)
            if former() is epoch:
                break
        state.cached_epoch, state.cached_overwritten, state.cached_writes = epoch, data, state.writes
    return state.cached_overwritten


def writes() -> int:
    """How often leaves have been set: while the number stays the same, none was."""
    return state.writes


def gradient_events() -> tuple[int, int, int]:
    """Three counts: gradients set so far, calls of ``backward()`` so far, gradients set when the last of these ended.

    Code that remembers the first two can tell later whether `backward` has added to gradients that were not set to 0.

    Examples
    --------
    >>> from autograd import Value
    >>> w, (settings, sweeps, _) = Value(2.0), gradient_events()
    >>> (w * w).backward()
    >>> w.grad = 0.0
    >>> gradient_events() == (settings + 1, sweeps + 1, settings)
    True
    """
    return state.grads_set, state.sweeps, state.grads_set_at_sweep


def zeroed() -> bool:
    """Whether `zero_grads` was called since ``backward()`` ran last; what scales or clips gradients does not count.

    Examples
    --------
    >>> from autograd import Value, zero_grads
    >>> w = Value(2.0)
    >>> (w * w).backward()
    >>> before = zeroed()
    >>> zero_grads([w])
    >>> before, zeroed()
    (False, True)
    """
    return state.zeroed


def epochs_remembered() -> int:
    """Of how many former epochs data are kept, because nodes of them live, or did when the present epoch began."""
    return len(state.past)


def places_remembered() -> int:
    """How many places have an origin of this epoch."""
    return len(state.places_with_origin)


def make_former_epoch(overwritten: dict[int, float]) -> Epoch:
    """Make a former epoch, in which leaves, by id, had the data `overwritten`, before they got their present data."""
    epoch = Epoch()
    with lock:
        state.past = [*state.past, (ref(epoch), overwritten)]
        state.latest, state.cached_epoch = overwritten, None
    return epoch


# --- forks --------------------------------------------------------------------------------------------------------


def _forked() -> None:
    """In the child of a fork there is one thread left, which holds the lock."""
    thread = get_ident()
    state.seats = {key: seat for key, seat in state.seats.items() if key == thread}
    state.origin = None
    lock.release()


if hasattr(os, "register_at_fork"):  # no fork during a walk, sweep or write; the child holds no lock
    os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=_forked)
