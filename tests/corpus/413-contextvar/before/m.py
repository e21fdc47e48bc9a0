from contextvars import ContextVar

user = ContextVar("user", default="none")
LIMIT = 1
