import os

released = True
version = "1.0"
if not released:
    version = version + ".dev"
    where = os.sep
