from contextvars import ContextVar

user = ContextVar("user", default="none")
LIMIT = 2


def who():
    return user.get()
