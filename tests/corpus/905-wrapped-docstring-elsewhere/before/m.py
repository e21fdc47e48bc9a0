import functools

from base import fetch


@functools.wraps(fetch)
def load():
    return [fetch()]


class Store:
    @functools.wraps(fetch)
    def fetch(self):
        return fetch()
