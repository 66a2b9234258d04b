"""Speed, side by side with other libraries in one run: ``python -m benchmarks``.

Every other library is optional; one that is not installed is named and left out.
"""
