def roll():
    "Roll two dice."
    return 4


class Bot:
    "A friendly bot."

    def greet(self):
        "Say hello loudly."
        return "hello"


HANDLERS = [roll]
