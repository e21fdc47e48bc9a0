LOG = []
try:
    LOG.append("TRY")
    VALUE = int("x")
except ValueError:
    VALUE = 20
else:
    LOG.append("else")
finally:
    LOG.append("finally")
