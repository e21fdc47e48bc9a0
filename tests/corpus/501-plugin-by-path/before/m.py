import importlib.util
import sys
from pathlib import Path


def load(path):
    spec = importlib.util.spec_from_file_location('plugin_' + path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


PLUGINS = [load(p) for p in sorted((Path(__file__).parent / 'plugins').glob('*.py'))]


def run():
    return [p.run() for p in PLUGINS]
