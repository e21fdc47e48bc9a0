LOG = []
try:
    LOG.append("try")
    VALUE = 1
except ValueError:
    VALUE = 2
else:
    LOG.append("else")
finally:
    LOG.append("finally")
