import pickle

from models import Page

Numbers = Page[int]


class Words(Page[str]):
    pass


def copied():
    return pickle.loads(pickle.dumps(Numbers(items=[1])))
