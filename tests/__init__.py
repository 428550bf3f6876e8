"""The evidence: glassgrad held to hand-derived formulas, to mpmath and to PyTorch."""
