DEBUG = True
if DEBUG:
    LEVEL = 10
    EXTRA = 1
else:
    LEVEL = 30
