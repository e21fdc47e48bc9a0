"""Every function of a large real file edited in one save: nothing that lives runs old code afterwards."""

from __future__ import annotations

import ast
import gc
import importlib
import importlib.util
import sys
from types import CodeType, FunctionType
from typing import TYPE_CHECKING

import pytest

from hotswap import Swapper
from hotswap.source import codes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODELS = """
from sqlalchemy import ForeignKey
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, validates


class Base(DeclarativeBase):
    def as_dict(self):
        return {c.name: getattr(self, c.name) for c in self.__table__.columns}


class User(Base):
    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    posts: Mapped[list["Post"]] = relationship(back_populates="author")

    @validates("name")
    def check(self, key, value):
        return value.strip()

    @hybrid_property
    def initial(self):
        return self.name[:1]

    @property
    def greeting(self):
        return f"hello {self.name}"

    @classmethod
    def named(cls, name):
        return cls(name=name)

    @staticmethod
    def slug(text):
        return text.lower()


class Post(Base):
    __tablename__ = "post"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    author: Mapped[User] = relationship(back_populates="posts")
    title: Mapped[str]

    def headline(self):
        return self.title.title()
"""


def edited(text: str) -> str:
    """Give the text with one more statement in each function that spans lines of its own."""
    lines = text.splitlines(keepends=True)
    places: list[tuple[int, int]] = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        first = node.body[0]
        doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        if first.lineno == node.lineno or (node.end_lineno or 0) == node.lineno:
            continue
        if doc:
            places.append((first.end_lineno or first.lineno, first.col_offset))
        else:
            decorators = getattr(first, "decorator_list", [])
            start = min([first.lineno, *(d.lineno for d in decorators)])
            places.append((start - 1, first.col_offset))
    for at, indent in sorted(places, reverse=True):
        lines.insert(at, f"{' ' * indent}_edited = 1\n")
    return "".join(lines)


def source(name: str) -> str:
    """Give the text of an installed module, of a model file for `models`."""
    if name == "models":
        return MODELS
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    with open(spec.origin, encoding="utf-8") as file:
        return file.read()


def running(filename: str) -> Iterator[CodeType]:
    """Give the code objects of a file that live functions run."""
    for obj in gc.get_objects():
        if type(obj) is FunctionType and obj.__code__.co_filename == filename:
            yield obj.__code__


def told(code: CodeType) -> tuple[str, int, bool]:
    """Say which function of the text a code object is of, and whether it has the edit."""
    return code.co_qualname, code.co_firstlineno, "_edited" in code.co_varnames


@pytest.mark.parametrize(
    "name", ["fastapi.routing", "starlette.routing", "models", "argparse", "statistics"]
)
def test_nothing_is_stale_after_every_function_was_edited(name: str, tmp_path: Path) -> None:
    module = f"every_{name.replace('.', '_')}"
    path = tmp_path / f"{module}.py"
    before = source(name)
    path.write_text(before, "utf-8")
    after = edited(before)
    sys.path.insert(0, str(tmp_path))
    swapper = Swapper([tmp_path])
    try:
        importlib.import_module(module)
        count = len(list(running(str(path))))
        assert count > 4

        for text, mark in ((after, True), (before, False)):
            path.write_text(text, "utf-8")
            outcome = swapper.apply([path])

            assert outcome.ok, outcome
            assert outcome.rung in ("patch", "reexec"), outcome.reason
            assert outcome.stale == ()
            whole = compile(text, str(path), "exec", dont_inherit=True)
            written = {told(code) for code in codes.walk(whole)}
            lives = {told(code) for code in running(str(path))}
            assert lives <= written
            assert any(is_edited for _, _, is_edited in lives) is mark
            assert len(list(running(str(path)))) >= count
    finally:
        swapper.close()
        sys.path.remove(str(tmp_path))
        sys.modules.pop(module, None)
