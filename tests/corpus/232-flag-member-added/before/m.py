from enum import Flag, auto


class Perm(Flag):
    R = auto()
    W = auto()


DEFAULT = Perm.R | Perm.W
