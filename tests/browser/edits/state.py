"""Edits of variables and constants, and of what a script binds at all."""

from __future__ import annotations

from tests.browser.edits.case import Case

CASES = [
    Case(
        "module variables are kept",
        "let n = 0;\nexport function inc() { n += 1; return n }\nglobalThis.inc = inc;",
        "let n = 0;\nexport function inc() { n += 10; return n }\nglobalThis.inc = inc;",
        "inc()",
        12,
        hold="inc() + inc()",
    ),
    Case(
        "a changed initialiser of a variable is state",
        "let n = 5;\nfunction get() { return n }\nglobalThis.get = get;",
        "let n = 7;\nfunction get() { return n }\nglobalThis.get = get;",
        "get()",
        5,
    ),
    Case(
        "a literal constant follows",
        "const RATE = 2;\nfunction f(x) { return x * RATE }\nglobalThis.f = f;",
        "const RATE = 3;\nfunction f(x) { return x * RATE }\nglobalThis.f = f;",
        "f(10)",
        30,
    ),
    Case(
        "an exported literal is a live binding",
        "export const RATE = 2;\nglobalThis.SELF = import.meta.url;",
        "export const RATE = 3;\nglobalThis.SELF = import.meta.url;",
        "held.RATE",
        3,
        hold="(async () => { globalThis.held = await import(SELF) })()",
    ),
    Case(
        "a constant made of a changed literal runs again",
        "const A = 2;\nconst B = A * 10;\nglobalThis.b = () => B;",
        "const A = 3;\nconst B = A * 10;\nglobalThis.b = () => B;",
        "b()",
        30,
        hot=False,
    ),
    Case(
        "a statement that ran with a changed literal runs again",
        "const ID = 'one';\ndocument.body.dataset.id = ID;",
        "const ID = 'two';\ndocument.body.dataset.id = ID;",
        "document.body.dataset.id",
        "two",
        hot=False,
    ),
    Case(
        "a constant that is worked out runs again",
        "const started = String(1);\nglobalThis.started = started;",
        "const started = String(2);\nglobalThis.started = started;",
        "started",
        "2",
        hot=False,
    ),
    Case(
        "two constants in one declaration",
        "const A = 1, f = () => A;\nglobalThis.f = f;",
        "const A = 4, f = () => A + 1;\nglobalThis.f = f;",
        "f()",
        5,
    ),
    # Added, removed
    Case(
        "a new function is called by a changed one",
        "function f() { return 1 }\nglobalThis.f = f;",
        "function help() { return 5 }\nfunction f() { return help() }\nglobalThis.f = f;",
        "f()",
        5,
    ),
    Case(
        "a new function mends one that missed it",
        "function f() { return missing() }\nglobalThis.f = f;",
        "function f() { return missing() }\nfunction missing() { return 9 }\nglobalThis.f = f;",
        "f()",
        9,
    ),
    Case(
        "a new variable holds state",
        "function f() { return 0 }\nglobalThis.f = f;",
        "let count = 0;\nfunction f() { return ++count }\nglobalThis.f = f;",
        "[f(), f()]",
        [1, 2],
    ),
    Case(
        "a new class is used by a changed function",
        "function f() { return 0 }\nglobalThis.f = f;",
        "class Box { #v = 3; get v() { return this.#v } }\nfunction f() { return new Box().v }\nglobalThis.f = f;",
        "f()",
        3,
    ),
    Case(
        "what was removed but is used runs again",
        "function g() { return 1 }\nfunction f() { return typeof g }\nglobalThis.f = f;",
        "function f() { return typeof g }\nglobalThis.f = f;",
        "f()",
        "undefined",
        hot=False,
    ),
    Case(
        "a removed function that nobody uses",
        "function g() { return 1 }\nfunction f() { return g() }\nglobalThis.f = f;",
        "function f() { return 2 }\nglobalThis.f = f;",
        "f()",
        2,
    ),
    Case(
        "functions in another order",
        "function a() { return 1 }\nfunction b() { return 2 }\nglobalThis.t = { a, b };",
        "function b() { return 22 }\nfunction a() { return 11 }\nglobalThis.t = { a, b };",
        "[t.a(), t.b()]",
        [11, 22],
    ),
    Case(
        "comments and spaces only",
        "globalThis.x = [1,2];\nfunction f() { return 1 }\nglobalThis.f = f;",
        "// new\nglobalThis.x = [1, 2]; // two\nfunction f() { return 1 }\nglobalThis.f = f;",
        "f()",
        1,
    ),
]
