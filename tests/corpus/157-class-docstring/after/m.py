class A:
    """New."""

    def f(self):
        """New f."""
