"""The exercises of the lessons, and their answers: a module for each lesson that has exercises."""
