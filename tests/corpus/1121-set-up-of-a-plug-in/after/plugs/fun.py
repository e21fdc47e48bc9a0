class Joke:
    name = "joke"

    def answer(self):
        return "knock"


class Riddle:
    name = "riddle"

    def answer(self):
        return "which?"


def setup(bot):
    bot.add_plug(Joke())
    bot.add_plug(Riddle())
