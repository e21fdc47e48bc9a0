class A:
    @property
    def x(self):
        """Old."""
        return 1
