"""Real code, edited as its authors edited it, swapped in and compared with a fresh import.

``releases`` downloads successive releases of pure-Python packages; ``program`` is the child process that swaps one
onto the other; ``inventory`` describes what lives; ``verdict`` compares. ``examples`` does the same with FastAPI's
documented apps, ``mutations`` with small edits made to real modules. ``python -m tests.history`` prints the table of
docs/explanation/correctness.md.
"""
