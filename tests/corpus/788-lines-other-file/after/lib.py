# a
# b
# c
def div(a, b):
    return a / b
