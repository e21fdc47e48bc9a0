def counter():
    count = 0

    def tick(number):
        nonlocal count
        count += number
        return count

    return tick


tick = counter()
