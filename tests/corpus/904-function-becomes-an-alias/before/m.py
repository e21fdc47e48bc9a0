def total(numbers):
    found = 0
    for number in numbers:
        found += number
    return found


def add_up(numbers):
    return float(sum(numbers))


def report(numbers):
    return f"{total(numbers)}"
