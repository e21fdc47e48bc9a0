import math


def down(number):
    return math.ceil(number)


def floors(numbers):
    return [down(n) for n in numbers]
