try:
    import nowhere_at_all
except ImportError:
    class Fallback:
        n = 1

        def f(self):
            return self.n
