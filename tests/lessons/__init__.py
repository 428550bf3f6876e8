"""The lessons: each runs, says what is true, asks, and helps who answers wrongly.

`test_every` holds for all of them. For the lesson ``NN_name.py`` there is ``test_name.py``: its figures against
formulas derived by hand, and ``WRONG``, answers to its exercises that many give.
"""
