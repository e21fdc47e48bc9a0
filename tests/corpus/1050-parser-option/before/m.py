import argparse

parser = argparse.ArgumentParser(prog="tool", description="A tool.")
parser.add_argument("--level", type=int, default=1, help="how deep")
group = parser.add_argument_group("output")
group.add_argument("--quiet", action="store_true")


def parse(line):
    return vars(parser.parse_args(line.split()))
