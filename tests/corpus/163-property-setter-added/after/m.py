class A:
    _n = 1

    @property
    def x(self):
        return self._n

    @x.setter
    def x(self, value):
        self._n = value * 2
