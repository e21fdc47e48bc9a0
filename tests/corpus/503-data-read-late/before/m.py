from pathlib import Path


def words():
    return (Path(__file__).parent / 'w.txt').read_text().split()
