import functools


def tagged(tag):
    def decorate(function):
        @functools.wraps(function)
        def call(*args):
            return tag, function(*args)

        return call

    return decorate


@tagged("g")
def greet(name):
    return f"hello {name}"


@tagged("p")
@tagged("q")
def part(name, greeting="bye"):
    return f"{greeting} {name}"
