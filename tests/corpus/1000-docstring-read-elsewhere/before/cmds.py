def roll():
    "Roll a die."
    return 4


class Bot:
    "A bot."

    def greet(self):
        "Say hello."
        return "hello"


HANDLERS = [roll]
