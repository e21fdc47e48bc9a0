def f():
    return 2


if __name__ == "__main__":
    print("never", f())
    raise SystemExit(1)
SEEN = True
