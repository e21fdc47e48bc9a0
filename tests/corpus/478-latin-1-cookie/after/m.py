# -*- coding: latin-1 -*-
X = []


def f():
    return "grün"
