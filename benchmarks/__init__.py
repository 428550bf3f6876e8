"""glassgrad beside its peers, measured in one run: ``python -m benchmarks --help``.

Absolute times drift from one hour to the next; ratios taken in one run hold. So every rival sits in a process of its
own, all are asked for one sample per round, in turn, and what is reported is medians over the rounds and their ratios.
Before anything is timed, each rival's loss and gradients are compared with those of a backward pass derived by hand.

``tasks`` says what is measured, ``problems`` holds the numbers that all rivals are given, and ``rivals`` the rivals:
the programs that every library of scalars runs are in ``scalars``, those for libraries of arrays in ``tensors``.
``runner`` talks to the processes, in which ``worker`` and ``measure`` are at work; ``engines`` finds or builds the
native engine; ``targets`` says what we hold ourselves to; ``report`` writes tables, JSON and the page in docs.
"""
