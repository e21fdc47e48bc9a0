class A:
    @property
    def x(self):
        """New."""
        return 1
