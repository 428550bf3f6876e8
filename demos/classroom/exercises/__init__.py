"""The exercises of the lessons: a module for each lesson that has some. Whoever reads on reads the answers."""
