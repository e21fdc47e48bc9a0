class A:
    def run(self):
        return 1

    go = run
