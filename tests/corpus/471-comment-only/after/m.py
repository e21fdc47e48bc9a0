# new
# and more
def f():
    # inside
    return 1
