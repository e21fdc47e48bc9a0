from html import escape


def shown():
    return escape('<')
