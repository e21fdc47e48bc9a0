import hotswap

users = hotswap.keep("users", dict)
LIMIT = 1
