# What Cython is told about origins.py beyond its annotations: which fields are C's. Python never reads this file.
# The place of a native node also keeps the attributes that users gave to the node, in `extras`.
cimport cython
from cpython.pythread cimport PyThread_get_thread_ident

cdef class Origin

cdef class Place:
    cdef public str scope, label, site
    cdef public dict extras
    cdef public Origin _now

cdef class Seat

cdef class Epoch:
    cdef object __weakref__

cdef class Origin(Place):
    cdef public Epoch epoch
    cdef public long long section
    cdef public Seat seat
    cdef public Place home

@cython.final
cdef class Seat:
    cdef public unsigned long thread
    cdef public Place place

@cython.final
cdef class State:
    cdef public Origin origin, origin_outside_modules
    cdef public Epoch epoch, cached_epoch
    cdef public dict seats, latest, cached_overwritten
    cdef public list places_with_origin, past
    cdef public long long writes, cached_writes, clock, section, grads_set, sweeps, grads_set_at_sweep
    cdef public bint epoch_has_origins, writing, walking, rerunning, zeroed

cdef State state

cdef inline unsigned long get_ident():
    return PyThread_get_thread_ident()

@cython.locals(seat=Seat, origin=Origin)
cpdef Origin current_origin()
@cython.locals(thread=cython.ulong, seat=Seat)
cpdef Seat sit()
@cython.locals(origin=Origin)
cpdef Origin arrive(Seat seat, Place place)
@cython.locals(seat=Seat, before=Place)
cpdef Place enter(Place place)
@cython.locals(seat=Seat)
cpdef Place current_place()
@cython.locals(new=Place, origin=Origin, again=Origin)
cpdef Place with_texts(Place old, str scope, str label, str site)
cpdef Origin origin_of(Place place)
@cython.locals(place=Place)
cpdef long long begin_section() except -1
cpdef keep_overwritten(object leaf, double data)
cpdef dict overwritten_since(Epoch epoch)
