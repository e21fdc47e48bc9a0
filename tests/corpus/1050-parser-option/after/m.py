import argparse

parser = argparse.ArgumentParser(prog="tool", description="A tool.")
parser.add_argument("--depth", type=int, default=2, help="how far")
group = parser.add_argument_group("output")
group.add_argument("--quiet", action="store_true")


def parse(line):
    return vars(parser.parse_args(line.split()))
