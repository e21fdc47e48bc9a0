class Scheduler:
    """Jobs wait until it starts, and are moved then, as APScheduler does it."""

    def __init__(self):
        self.pending = []
        self.jobs = {}

    def every(self, seconds):
        def decorate(function):
            self.pending.append((function.__name__, seconds, function))
            return function

        return decorate

    def start(self):
        for name, seconds, function in self.pending:
            self.jobs[name] = (seconds, function)
        self.pending.clear()

    def plan(self):
        return {name: seconds for name, (seconds, _) in self.jobs.items()}
