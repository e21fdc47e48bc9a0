def f():
    return 2


if __name__ == "__main__":
    raise SystemExit(f() + 1)
