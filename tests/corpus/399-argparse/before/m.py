import argparse

VERSION = "1"
parser = argparse.ArgumentParser(prog="x")
parser.add_argument("--name", default="a")
parser.add_argument("--version", action="version", version=VERSION)


def parse(*a):
    return vars(parser.parse_args(a))
