"""Shows, runs and checks the lessons. Lessons themselves import the functions that they call from `demos`."""
