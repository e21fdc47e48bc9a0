import os
import sys

import pkg.mod

sys.path.append(os.path.join(os.path.dirname(__file__), 'pkg'))
import mod  # noqa: E402


def both():
    return pkg.mod.f(), mod.f(), pkg.mod is mod
