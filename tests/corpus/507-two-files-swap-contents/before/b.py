NAME = 'b'


class C:
    n = 1
