"""How a graph is written (names, formulas, source, expressions), computed again, and walked step by step."""
