import hotswap

users = hotswap.keep("users", lambda: {"new": 1})
LIMIT = 2
