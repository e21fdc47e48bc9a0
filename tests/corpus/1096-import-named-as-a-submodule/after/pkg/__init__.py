import html

from html import escape


def shown():
    return escape('>')
