class A:
    @staticmethod
    def f():
        return "static f"

    def g(self):
        return "plain " + type(self).__name__
