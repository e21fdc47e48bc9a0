# -*- coding: cp1252 -*-
X = ["€"]


def f():
    return "käse"
