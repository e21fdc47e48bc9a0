def command(name):
    def mark(function):
        function.command = name
        return function

    return mark


class Bot:
    def __init__(self):
        self.commands = {}

    def add(self, cog):
        for name in dir(cog):
            method = getattr(cog, name)
            if hasattr(method, "command"):
                self.commands[method.command] = method


class Greeter:
    @command("hi")
    def hi(self):
        return "hi"


def main():
    bot = Bot()
    bot.add(Greeter())
    return bot
