"""Successive releases of real packages, swapped one onto the other and compared with a fresh import."""
