"""The lessons: each runs, says what is true, asks questions, and gives hints for wrong answers.

`test_every` holds for all of them. For the lesson ``NN_name.py`` there is ``test_name.py``: it compares the lesson's
numbers with formulas derived by hand, and its ``WRONG`` has wrong answers to the exercises that many give.
"""
