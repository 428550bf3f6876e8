# What Cython is told about cells.py beyond its annotations: which fields and variables are C's.
cimport cython
from cpython.list cimport PyList_GET_ITEM
from cpython.tuple cimport PyTuple_GET_ITEM

from .origins cimport Place, Seat, arrive, sit
from .value cimport Value, _apply_blocks, _dot, _relu

cdef list blocks
cdef object _RELU

@cython.final
cdef class Cell:
    cdef list w
    cdef tuple[Value, ...] ws
    cdef Value b
    cdef object function
    cdef Place place

cdef inline bint same(list w, tuple ws) except -1:
    cdef Py_ssize_t i
    if len(w) != len(ws):
        return False
    for i in range(len(ws)):
        if PyList_GET_ITEM(w, i) != PyTuple_GET_ITEM(ws, i):
            return False
    return True

@cython.locals(seat=Seat, before=Place, inputs=tuple[Value, ...], cell=Cell, ws=tuple[Value, ...])
cpdef list neurons(list layer, object x)
cpdef tuple[Value, ...] values(object x)
cdef tuple[Value, ...] _shared(Cell cell)
