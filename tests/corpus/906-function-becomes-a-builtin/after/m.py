import math

down = math.floor


def floors(numbers):
    return [down(n) for n in numbers]
