"""The prompt of ``micrograd-dl step``: how it reads commands, what it says, and how that fits a terminal."""
