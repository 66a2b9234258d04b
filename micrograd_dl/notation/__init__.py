"""How a graph is written: names, formulas, LaTeX, source, the expression language, the steps of backprop."""
