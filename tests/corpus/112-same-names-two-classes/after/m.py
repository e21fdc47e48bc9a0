class A:
    def run(self):
        return "run"


class B:
    def run(self):
        return "RUN"
