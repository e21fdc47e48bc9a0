class F:
    def __set_name__(self, owner, name):
        raise ValueError('bad field ' + name)


class A:
    x = F()
    y = F()
