def add_up(numbers):
    return float(sum(numbers))


total = add_up


def report(numbers):
    return f"{total(numbers)}"
