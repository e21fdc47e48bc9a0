class A:
    """Old."""

    def f(self):
        """Old f."""
