# ruff: noqa: E501 -- a program of one case stands on one line
"""What users of reloading extensions rely on, after the behaviour that IPython documents for its ``%autoreload``.

``python -m tests.unit.notebook_cases hotswap`` (or ``2``, ``3``: autoreload's modes) scores one in a real shell.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Case:
    """One edit between two cells. ``MODULE`` is the module's name; texts by file where there are several."""

    name: str
    before: str | dict[str, str]
    cell: str
    after: str | dict[str, str]
    probe: str
    want: Any


CASES = [
    Case(
        "function held three ways",
        "def f(): return 1",
        "import MODULE; from MODULE import f; g=f",
        "def f(): return 22",
        "(MODULE.f(), f(), g())",
        (22, 22, 22),
    ),
    Case(
        "from import as",
        "def f(): return 1",
        "from MODULE import f as ff",
        "def f(): return 22",
        "ff()",
        22,
    ),
    Case(
        "method of instance",
        "class A:\n  def m(self): return 1",
        "from MODULE import A; a=A()",
        "class A:\n  def m(self): return 22",
        "(a.m(), isinstance(a,A), A().m())",
        (22, True, 22),
    ),
    Case(
        "bound method held",
        "class A:\n  def m(self): return 1",
        "from MODULE import A; a=A(); bm=a.m",
        "class A:\n  def m(self): return 22",
        "bm()",
        22,
    ),
    Case(
        "new method",
        "class A:\n  pass",
        "from MODULE import A; a=A()",
        "class A:\n  def m(self): return 22",
        "a.m()",
        22,
    ),
    Case(
        "removed method",
        "class A:\n  x=1\n  def m(self): return 22",
        "from MODULE import A; a=A()",
        "class A:\n  x=1",
        "hasattr(a,'m')",
        False,
    ),
    Case(
        "class attribute new and changed",
        "class A:\n  x=1",
        "from MODULE import A; a=A()",
        "class A:\n  x=2\n  y=3",
        "(a.x,a.y)",
        (2, 3),
    ),
    Case(
        "property",
        "class A:\n  @property\n  def p(self): return 1",
        "from MODULE import A; a=A()",
        "class A:\n  @property\n  def p(self): return 22",
        "a.p",
        22,
    ),
    Case(
        "property deleted setter",
        "class A:\n  @property\n  def p(self): return self._p\n  @p.setter\n  def p(self,v): self._p=v",
        "from MODULE import A; a=A(); a.p=1",
        "class A:\n  @property\n  def p(self): return self._p\n  @p.setter\n  def p(self,v): self._p=v*2",
        "setattr(a,'p',5) or a.p",
        10,
    ),
    Case(
        "enum",
        "from enum import Enum\nclass E(Enum):\n  A='A'",
        "from MODULE import E; a=E.A",
        "from enum import Enum\nclass E(Enum):\n  A='A'\n  B='B'",
        "(E.A is a, E.B.value, a==E.A, isinstance(a,E))",
        (True, "B", True, True),
    ),
    Case(
        "class attributes and constructor",
        "class C:\n  def __init__(self,a=10):\n    self.a=a\n    self.b=22\n  def sq(self): return self.a",
        "from MODULE import C; c=C(5)",
        "class C:\n  def __init__(self,a=10):\n    self.a=a\n    self.b=22\n    self.n='new'\n  def sq(self): return self.a*self.a\n  def toto(self): return 1",
        "(c.sq(), c.toto(), C().n, c.a)",
        (25, 1, "new", 5),
    ),
    Case(
        "star import gets new names",
        "X=1\ndef f(): return 1",
        "from MODULE import *",
        "X=1\ndef f(): return 1\ndef added(): return 5\nclass New: pass\nnumber=0",
        "(added(), New.__name__, number)",
        (5, "New", 0),
    ),
    Case(
        "import module gets new names",
        "X=1",
        "import MODULE",
        "X=2\ndef added(): return 5",
        "(MODULE.X, MODULE.added())",
        (2, 5),
    ),
    Case("constant by from", "X=1", "from MODULE import X", "X=2", "X", 2),
    Case("removed name", "X=1\nY=2", "import MODULE", "X=1", "hasattr(MODULE,'Y')", False),
    Case(
        "decorator",
        "def d(f):\n  def w(*a): return ('w',f(*a))\n  return w\n@d\ndef f(): return 1",
        "from MODULE import f",
        "def d(f):\n  def w(*a): return ('w2',f(*a))\n  return w\n@d\ndef f(): return 22",
        "f()",
        ("w2", 22),
    ),
    Case(
        "decorator added",
        "def d(f):\n  return lambda: ('d',f())\ndef f(): return 1",
        "from MODULE import f; g=f",
        "def d(f):\n  return lambda: ('d',f())\n@d\ndef f(): return 22",
        "(f(),g())",
        (("d", 22), ("d", 22)),
    ),
    Case(
        "defaults",
        "def f(a=1,*,b=2): return a,b",
        "from MODULE import f",
        "def f(a=3,*,b=4): return a,b",
        "f()",
        (3, 4),
    ),
    Case(
        "annotations",
        "def f(a:int): pass",
        "from MODULE import f",
        "def f(a:str)->int: pass",
        "f.__annotations__",
        {"a": str, "return": int},
    ),
    Case(
        "docstring", "def f(): 'old'", "from MODULE import f", "def f(): 'new'", "f.__doc__", "new"
    ),
    Case(
        "signature",
        "def f(a): return a",
        "from MODULE import f",
        "def f(a,b=2,*c,**k): return a,b",
        "f(1)",
        (1, 2),
    ),
    Case(
        "closure",
        "def mk():\n  n=1\n  def g(): return n\n  return g\ng=mk()",
        "from MODULE import g,mk",
        "def mk():\n  n=5\n  def g(): return n*2\n  return g\ng=mk()",
        "g()",
        10,
    ),
    Case(
        "closure freevars",
        "def mk():\n  n=1\n  k=2\n  def g(): return n\n  return g\ng=mk()",
        "from MODULE import g,mk",
        "def mk():\n  n=1\n  k=2\n  def g(): return n+k\n  return g\ng=mk()",
        "g()",
        3,
    ),
    Case(
        "super",
        "class B:\n  def m(self): return 'b'\nclass A(B):\n  def m(self): return super().m()",
        "from MODULE import A; a=A()",
        "class B:\n  def m(self): return 'b2'\nclass A(B):\n  def m(self): return 'a'+super().m()",
        "a.m()",
        "ab2",
    ),
    Case(
        "super new instance check",
        "class A:\n  def __init__(self): super(A,self).__init__()",
        "from MODULE import A; a=A()",
        "class A:\n  def __init__(self):\n    super(A,self).__init__()\n    self.z=1",
        "A().z",
        1,
    ),
    Case(
        "pickle",
        "class A:\n  def m(self): return 1",
        "import pickle; from MODULE import A; a=A()",
        "class A:\n  def m(self): return 2",
        "pickle.loads(pickle.dumps(a)).m()",
        2,
    ),
    Case(
        "static and class methods",
        "class A:\n  @staticmethod\n  def s(): return 1\n  @classmethod\n  def c(cls): return 1",
        "from MODULE import A; s=A.s; c=A.c",
        "class A:\n  @staticmethod\n  def s(): return 2\n  @classmethod\n  def c(cls): return 2,cls.__name__",
        "(s(),c())",
        (2, (2, "A")),
    ),
    Case(
        "method becomes static",
        "class A:\n  def s(self): return 1",
        "from MODULE import A; a=A()",
        "class A:\n  @staticmethod\n  def s(): return 2",
        "a.s()",
        2,
    ),
    Case(
        "nested class",
        "class A:\n  class B:\n    def m(self): return 1",
        "from MODULE import A; b=A.B()",
        "class A:\n  class B:\n    def m(self): return 2",
        "b.m()",
        2,
    ),
    Case(
        "base class changed",
        "class X:\n  def q(self): return 'x'\nclass A: pass",
        "from MODULE import A; a=A()",
        "class X:\n  def q(self): return 'x'\nclass A(X): pass",
        "a.q()",
        "x",
    ),
    Case(
        "dataclass",
        "from dataclasses import dataclass\n@dataclass\nclass P:\n  x:int=1",
        "from MODULE import P; p=P()",
        "from dataclasses import dataclass\n@dataclass\nclass P:\n  x:int=1\n  y:int=2",
        "(P(3,4).y, p.y, repr(p))",
        (4, 2, "P(x=1, y=2)"),
    ),
    Case(
        "lru_cache",
        "from functools import lru_cache\n@lru_cache\ndef f(x): return x",
        "from MODULE import f; f(1)",
        "from functools import lru_cache\n@lru_cache\ndef f(x): return x*2",
        "f(1)",
        2,
    ),
    Case(
        "async function",
        "async def f(): return 1",
        "import asyncio; from MODULE import f",
        "async def f(): return 2",
        "asyncio.new_event_loop().run_until_complete(f())",
        2,
    ),
    Case(
        "generator",
        "def f(): yield 1",
        "from MODULE import f",
        "def f(): yield 2",
        "list(f())",
        [2],
    ),
    Case("lambda", "f=lambda: 1", "from MODULE import f; g=f", "f=lambda: 2", "(f(),g())", (2, 2)),
    Case(
        "partial",
        "from functools import partial\ndef b(x,y): return x+y\nf=partial(b,1)",
        "from MODULE import f",
        "from functools import partial\ndef b(x,y): return x*10+y\nf=partial(b,1)",
        "f(2)",
        12,
    ),
    Case(
        "global state kept",
        "S=[]\ndef f(): S.append(1); return len(S)",
        "from MODULE import f; f()",
        "S=[]\ndef f(): S.append(1); return -len(S)",
        "f()",
        -2,
    ),
    Case(
        "two modules",
        {
            "MODULEa": "X=1\ndef f(): return X",
            "MODULEb": "from MODULEa import f,X\ndef g(): return f(),X",
        },
        "from MODULEb import g",
        {
            "MODULEa": "X=2\ndef f(): return X*10",
            "MODULEb": "from MODULEa import f,X\ndef g(): return f(),X",
        },
        "g()",
        (20, 2),
    ),
    Case(
        "two modules, one saved",
        {
            "MODULEa": "X=1\ndef f(): return X",
            "MODULEb": "from MODULEa import f,X\ndef g(): return f(),X",
        },
        "from MODULEb import g",
        {"MODULEa": "X=2\ndef f(): return X*10"},
        "g()",
        (20, 2),
    ),
    Case(
        "package relative",
        {
            "MODULE/__init__": "",
            "MODULE/a": "def f(): return 1",
            "MODULE/b": "from .a import f\ndef g(): return f()",
        },
        "from MODULE.b import g; from MODULE import a",
        {"MODULE/a": "def f(): return 2"},
        "(g(),a.f())",
        (2, 2),
    ),
    Case(
        "package init reexport",
        {"MODULE/__init__": "from .a import f", "MODULE/a": "def f(): return 1"},
        "from MODULE import f",
        {"MODULE/a": "def f(): return 2"},
        "f()",
        2,
    ),
    Case(
        "new file imported",
        {"MODULE": "def f(): return 1"},
        "from MODULE import f",
        {"MODULE": "from MODULEx import h\ndef f(): return h()", "MODULEx": "def h(): return 7"},
        "f()",
        7,
    ),
    Case(
        "slots",
        "class A:\n  __slots__=('x',)\n  def m(self): return 1",
        "from MODULE import A; a=A()",
        "class A:\n  __slots__=('x',)\n  def m(self): return 2",
        "a.m()",
        2,
    ),
    Case(
        "metaclass",
        "class M(type):\n  def q(cls): return 1\nclass A(metaclass=M): pass",
        "from MODULE import A",
        "class M(type):\n  def q(cls): return 2\nclass A(metaclass=M): pass",
        "A.q()",
        2,
    ),
    Case(
        "abstract",
        "import abc\nclass A(abc.ABC):\n  @abc.abstractmethod\n  def m(self): ...\nclass B(A):\n  def m(self): return 1",
        "from MODULE import B; b=B()",
        "import abc\nclass A(abc.ABC):\n  @abc.abstractmethod\n  def m(self): ...\nclass B(A):\n  def m(self): return 2",
        "b.m()",
        2,
    ),
    Case(
        "if main-guard",
        "import sys\nif sys.version: \n  def f(): return 1",
        "from MODULE import f",
        "import sys\nif sys.version: \n  def f(): return 2",
        "f()",
        2,
    ),
    Case(
        "namedtuple method",
        "from typing import NamedTuple\nclass P(NamedTuple):\n  x:int\n  def m(self): return 1",
        "from MODULE import P; p=P(1)",
        "from typing import NamedTuple\nclass P(NamedTuple):\n  x:int\n  def m(self): return 2",
        "p.m()",
        2,
    ),
    Case(
        "instance in a dict keyed",
        "class K:\n  def __init__(self,n): self.n=n\n  def __hash__(self): return hash(self.n)\n  def __eq__(self,o): return isinstance(o,K) and self.n==o.n",
        "from MODULE import K; dd={K(1):'x'}",
        "class K:\n  def __init__(self,n): self.n=n\n  def __hash__(self): return hash(self.n)+1\n  def __eq__(self,o): return isinstance(o,K) and self.n==o.n",
        "dd[K(1)]",
        "x",
    ),
    Case(
        "traceback lines",
        "def f():\n  return 1",
        "from MODULE import f",
        "# one\n# two\ndef f():\n  return 2",
        "f.__code__.co_firstlineno",
        3,
    ),
    Case(
        "getsource",
        "def f():\n  return 1",
        "import inspect; from MODULE import f",
        "\ndef f():\n  return 2\n",
        "inspect.getsource(f).strip()",
        "def f():\n  return 2",
    ),
    Case(
        "typing generic",
        "from typing import Generic,TypeVar\nT=TypeVar('T')\nclass A(Generic[T]):\n  def m(self): return 1",
        "from MODULE import A; a=A[int]()",
        "from typing import Generic,TypeVar\nT=TypeVar('T')\nclass A(Generic[T]):\n  def m(self): return 2",
        "a.m()",
        2,
    ),
    Case(
        "function becomes class",
        "def f(): return 1",
        "from MODULE import f",
        "class f:\n  x=2",
        "f().x",
        2,
    ),
    Case(
        "class becomes function",
        "class f:\n  x=2",
        "from MODULE import f",
        "def f(): return 3",
        "f()",
        3,
    ),
    Case(
        "comment only",
        "X=[]\ndef f(): return 1",
        "import MODULE; MODULE.X.append(1)",
        "# c\nX=[]\ndef f(): return 1",
        "MODULE.X",
        [1],
    ),
    Case(
        "star import constant overwritten by user",
        "Z=1",
        "from MODULE import *\nZ=5",
        "Z=2",
        "Z",
        5,
    ),
    Case(
        "alias import module",
        "def f(): return 1",
        "import MODULE as mm",
        "def f(): return 2",
        "mm.f()",
        2,
    ),
    Case(
        "multiple import in function",
        "def f(): return 1",
        "def user():\n  from MODULE import f\n  return f()\nuser()",
        "def f(): return 2",
        "user()",
        2,
    ),
    Case(
        "cached_property",
        "from functools import cached_property\nclass A:\n  @cached_property\n  def p(self): return 1",
        "from MODULE import A; a=A()",
        "from functools import cached_property\nclass A:\n  @cached_property\n  def p(self): return 2",
        "a.p",
        2,
    ),
    Case(
        "singledispatch",
        "from functools import singledispatch\n@singledispatch\ndef f(x): return 'o'\n@f.register\ndef _(x:int): return 'i'",
        "from MODULE import f",
        "from functools import singledispatch\n@singledispatch\ndef f(x): return 'o'\n@f.register\ndef _(x:int): return 'i2'",
        "(f(1),f('s'))",
        ("i2", "o"),
    ),
    Case(
        "subclass in the notebook",
        "class B:\n  def m(self): return 1",
        "from MODULE import B\nclass D(B): pass\ndd=D()",
        "class B:\n  def m(self): return 2\n  def n(self): return 3",
        "(dd.m(), dd.n())",
        (2, 3),
    ),
]

BEYOND = ("base class changed",)
"""CPython does not let a class that had no base take one (assigning to ``__bases__``): named, not swapped."""


def write(folder: Path, module: str, texts: str | dict[str, str]) -> list[Path]:
    """Write the files of one side of a case."""
    written = []
    for name, text in (texts if isinstance(texts, dict) else {"MODULE": texts}).items():
        path = folder / f"{name.replace('MODULE', module)}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.replace("MODULE", module))
        written.append(path)
    return written


def score(extension: str) -> None:
    """Print how many cases come out right under one extension, and which do not."""
    from IPython.core.interactiveshell import InteractiveShell

    folder = Path(tempfile.mkdtemp())
    os.chdir(folder)
    os.environ["IPYTHONDIR"] = str(folder / "ipython")
    sys.path.insert(0, str(folder))
    shell = InteractiveShell.instance()
    commands = ["%load_ext hotswap"]
    if extension != "hotswap":
        commands = ["%load_ext autoreload", f"%autoreload {extension}"]
    for command in commands:
        shell.run_cell(command)
    wrong = []
    for number, case in enumerate(CASES):
        module = f"case{number}"
        write(folder, module, case.before)
        shell.run_cell(case.cell.replace("MODULE", module))
        for path in write(folder, module, case.after):
            later = path.stat().st_mtime + 10
            os.utime(
                path, (later, later)
            )  # autoreload compares times, and bytecode files do in seconds
        shell.run_cell(f"got = {case.probe.replace('MODULE', module)}")
        if shell.user_ns.pop("got", None) != case.want:
            wrong.append(case.name)
    print(f"{extension}: {len(CASES) - len(wrong)} of {len(CASES)}; not: {', '.join(wrong)}")


if __name__ == "__main__":
    score(sys.argv[1])
