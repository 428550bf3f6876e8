# What Cython is told about value.py beyond its annotations: which fields and functions are C's, and the types of their
# variables. Python never reads this file.
#
# A node has 96 bytes: Python's header of 16, nine fields, and the list of its weak references. The classes have no C
# methods, since the pointer to the table of these would be one more field. Leaves and results of one or two operands
# share one class, since a freelist serves only the class that declares it; Wide and Dot add their tuples.
cimport cython
from cpython.long cimport PyLong_AsLongLongAndOverflow
from cpython.object cimport PyObject_GenericSetAttr
from cpython.pythread cimport PyThread_get_thread_ident
from cpython.tuple cimport PyTuple_GET_ITEM

from .origins cimport (
    Epoch, Origin, Place, Seat, current_origin, current_place, keep_overwritten, origin_of, overwritten_since, state,
    with_texts,
)

cdef object _ADD, _SUB, _MUL, _DIV, _NEG, _POW, _SQUARED, _RELU, _DOT
cdef long long _UNVISITED
cdef list blocks, runs
cdef set joints

cdef inline unsigned long get_ident():
    return PyThread_get_thread_ident()

cdef inline bint small(object x) except -1:  # whether an int is small enough to be exact as a float
    cdef int beyond = 0
    cdef long long number = PyLong_AsLongLongAndOverflow(x, &beyond)
    return beyond == 0 and -(1LL << 53) < number < (1LL << 53)

cdef inline int set_attribute(object node, object name, object value) except -1:
    return PyObject_GenericSetAttr(node, name, value)

# --- how graphs are freed
#
# When Python frees an object it frees what the object refers to, and so on: a recursion as deep as the graph. Python
# limits the depth for classes that the garbage collector tracks. Nodes other than joints and parts are not tracked, to
# save the collector from going through millions of objects that cannot form a cycle, so nodes limit the depth
# themselves: 40 levels down, operands go on the list `_pending`, and the node that was freed first releases them one
# by one.

cdef int _depth
cdef list _pending

cdef inline bint go_down():
    global _depth
    if _depth >= 40:
        return False
    _depth += 1
    return True

cdef inline void come_up():
    global _depth
    if _depth == 1:
        while len(_pending) > 64:  # the rest are fillers: a list that gets much shorter gives its memory back
            _pending.pop()
    _depth -= 1

cdef inline int put_off(object operands) except -1:
    if operands is not None:
        _pending.append(operands)
    return 0

# --- nodes

cdef class Value:
    cdef public double _data
    cdef public double _grad
    cdef long long _stamp
    cdef readonly Place _place
    cdef readonly object _rule
    cdef Value _a, _b
    cdef double _da, _db
    cdef object __weakref__

@cython.final
cdef class Constant(Value):
    pass

@cython.final
cdef class Wide(Value):
    cdef tuple[Value, ...] _operands
    cdef tuple _partials

@cython.final
cdef class Dot(Value):
    cdef tuple[Value, ...] _ws, _xs
    cdef Value _bias

@cython.final
cdef class Joint(Value):
    cdef tuple[Value, ...] _operands
    cdef object _record

@cython.final
cdef class Part(Value):
    cdef Joint _joint
    cdef Py_ssize_t _number

# Fields of the Values in a tuple of operands, without counting references, since the tuple holds one to each: in the
# loops over weights and inputs the counting took half of the time. The casts are not checked; `check` and `rebuild`
# make sure that the tuples hold nothing but Values.

cdef inline double data_at(tuple operands, Py_ssize_t i) noexcept:
    return (<Value><void*>PyTuple_GET_ITEM(operands, i))._data

cdef inline long long stamp_at(tuple operands, Py_ssize_t i) noexcept:
    return (<Value><void*>PyTuple_GET_ITEM(operands, i))._stamp

cdef inline void add_grad(tuple operands, Py_ssize_t i, double grad) noexcept:
    (<Value><void*>PyTuple_GET_ITEM(operands, i))._grad = (<Value><void*>PyTuple_GET_ITEM(operands, i))._grad + grad

cdef inline int check(tuple ws, tuple xs) except -1:
    cdef Py_ssize_t i
    if len(ws) != len(xs):
        raise ValueError(f"a dot product of {len(ws)} and {len(xs)} operands")
    for i in range(len(ws)):
        if not isinstance(<object>PyTuple_GET_ITEM(ws, i), Value):
            raise TypeError(f"an operand must be a Value, not {type(ws[i]).__name__}")
        if not isinstance(<object>PyTuple_GET_ITEM(xs, i), Value):
            raise TypeError(f"an operand must be a Value, not {type(xs[i]).__name__}")
    return 0

cpdef list data_then(Value node, tuple[Value, ...] operands)

cdef bint _has_own_operators(object x) except -1
cdef Value _operand(object x)
cdef Value _value(object x)
cdef double _number(object x) except? -1.5
cdef bint _converts_exactly(object x) except -1
cpdef dict attributes(Value node)

@cython.locals(node=Value, origin=Origin)
cdef Value _result(double data, object rule, Value a, double da, Value b, double db)
cdef Value _relu(Value a)
@cython.locals(origin=Origin)
cdef Origin _origin()
@cython.locals(seat=Seat)
cdef bint _is_at_home(Origin origin) except -1
cdef _init_result(Value node, double data, object rule, Origin origin)
cdef Constant _constant(object number)
cdef Value _apply_blocks(Value node)
cdef double _in_format(double x) except? -1.5
@cython.locals(dot_node=Dot, wide=Wide, bias=Value, w=Value, x=Value, data=double)
cdef _round(Value node, object form)
@cython.locals(writes=cython.longlong, total=double, node=Dot)
cdef Dot _dot(tuple[Value, ...] ws, tuple[Value, ...] xs, Value bias, Origin origin)
@cython.locals(n=Py_ssize_t, i=Py_ssize_t, first=Py_ssize_t, total=double)
cdef double _weighted_sum(tuple[Value, ...] ws, tuple[Value, ...] xs, Value bias) except? -1.5
cdef _before_write(list leaves)
cpdef Value leaf_of(object kind, double data)
@cython.locals(n=Py_ssize_t, half=Py_ssize_t)
cpdef Value rebuild(object op, double data, tuple operands, tuple partials, Origin origin=*)
cpdef Value record(object op, list[Value] operands)
cpdef list[Value] walk(Value root)
cdef list[Value] _walk_with_joints(Value root, bint reset)
cdef _refuse_a_walk_within_a_walk()
@cython.locals(closed=cython.longlong, opened=cython.longlong, node=Value, a=Value, b=Value)
cdef list[Value] _walk(Value root, bint reset)
cdef _sweep_leaf(Value leaf, double seed)
@cython.locals(mark=cython.longlong, node=Value, leaf=Value, before=double)
cdef _sweep(Value root, list[Value] order, double seed, bint reset)
@cython.locals(node=Value, a=Value, b=Value, grad_out=double)
cpdef flow_back(list[Value] order, long long mark, list leaves)
@cython.locals(node=Value, x=Value, grad=double, slope=double)
cdef _flow_back_rounded(list[Value] order, long long mark, list leaves, object form)
cdef _begin_leaf(Value leaf, long long mark, list leaves)
@cython.locals(node=Value, x=Value, before=double)
cdef _restore_gradients(list[Value] order, long long mark, list old_gradients)
@cython.locals(part=Part, joint=Joint)
cdef _push(Value node, list[Value] stack, long long opened)
@cython.locals(x=Value, i=Py_ssize_t)
cdef _push_all(tuple[Value, ...] operands, list[Value] stack, long long opened)
@cython.locals(
    i=Py_ssize_t, ws=tuple[Value, ...], xs=tuple[Value, ...], bias=Value, origin=Origin, part=Part, joint=Joint
)
cdef _spread(Value node, double grad, long long mark, list leaves)
@cython.locals(x=Value, slope=double)
cdef _spread_slopes(tuple operands, object slopes, double grad, long long mark, list leaves)
@cython.locals(joint=Joint, part=Part, out=Value, number=Py_ssize_t)
cpdef list make_parts(list[Value] outs, tuple operands, object record)
@cython.locals(leaf=Value)
cpdef tuple interior(list[Value] roots, long long since)
@cython.locals(
    seen=cython.longlong, closed=cython.longlong, opened=cython.longlong, node=Value, a=Value, origin=Origin,
    dot_node=Dot, part=Part, joint=Joint
)
cdef _walk_interior(
    list[Value] roots, long long since, list[Value] made, list[Value] outer_results, list[Value] singles, dict rows,
    list stamps
)
@cython.locals(n=Py_ssize_t, i=Py_ssize_t, known=tuple)
cdef bint _is_row(tuple operands, dict rows, long long since, long long seen) except -1
@cython.locals(i=Py_ssize_t, x=Value)
cdef _push_new(tuple operands, list[Value] stack, long long opened, long long seen)
