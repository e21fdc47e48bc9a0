def f():
    return 1


f.label = "uno"
f.short = "u"
