"""Small extensions of Sphinx, each for one job."""
