"""How the lessons are shown, run and checked. Lessons themselves import what they call from `demos`."""
