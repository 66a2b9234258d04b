"""The engine: Value, the table of operations, topological order, backward, derivatives of any order."""
