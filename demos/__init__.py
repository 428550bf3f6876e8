"""Lessons that run: each module is one, and every number that it prints comes out of the engine.

``python -m demos`` lists them, ``python -m demos NAME`` runs one. A lesson has a first line that says what it
teaches and a ``main(arguments)``; ``lesson`` has what they share in telling, ``networks`` the small networks that
the lessons and the tests both take apart.
"""
