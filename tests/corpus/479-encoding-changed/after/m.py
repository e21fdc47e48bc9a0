# -*- coding: utf-8 -*-
X = ["€"]


def f():
    return "käse"
