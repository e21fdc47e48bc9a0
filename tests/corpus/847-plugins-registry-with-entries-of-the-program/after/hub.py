class Hub:
    def __init__(self):
        self.commands = {}
        self.calls = 0

    def command(self, name):
        def keep(function):
            self.commands[name] = function
            return function

        return keep


hub = Hub()
