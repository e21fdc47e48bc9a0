def counter():
    count = 0
    unit = "times"

    def tick(number):
        nonlocal count
        count += number
        return count, unit

    return tick


tick = counter()
