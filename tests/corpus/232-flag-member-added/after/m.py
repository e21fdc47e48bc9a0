from enum import Flag, auto


class Perm(Flag):
    R = auto()
    W = auto()
    X = auto()


DEFAULT = Perm.R | Perm.W
