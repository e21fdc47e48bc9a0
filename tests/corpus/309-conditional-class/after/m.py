try:
    import nowhere_at_all
except ImportError:
    class Fallback:
        n = 2

        def f(self):
            return self.n * 10
