"""glassgrad beside its peers, measured in one run: ``python -m benchmarks --help``.

Absolute times drift from one hour to the next; ratios taken in one run hold. So every rival has a process of its own,
in each round all are asked for one sample in turn, and the report gives medians over the rounds and their ratios.
Before anything is timed, each rival's loss and gradients are compared with those of a backward pass derived by hand.

``tasks`` says what is measured, ``problems`` holds the numbers that all rivals are given, and ``rivals`` the rivals:
the programs that every library of scalars runs are in ``scalars``, those for libraries of arrays in ``tensors``.
``runner`` starts the processes, in which ``worker`` answers and ``measure`` takes the samples; ``engines`` finds or
builds the native engine; ``targets`` has the bounds that our results must keep; ``report`` writes tables, JSON and the
page in docs.
"""
