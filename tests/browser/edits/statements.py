# ruff: noqa: E501 -- a program of one case stands on one line
"""Edits of functions that a top-level statement keeps: listeners, timers, members of objects."""

from __future__ import annotations

from tests.browser.edits.case import Case

CASES = [
    Case(
        "an event listener",
        "globalThis.seen = [];\ndocument.addEventListener('ping', () => { seen.push('old') });",
        "globalThis.seen = [];\ndocument.addEventListener('ping', () => { seen.push('new') });",
        "(document.dispatchEvent(new Event('ping')), seen)",
        ["old", "new"],
        hold="document.dispatchEvent(new Event('ping'))",
    ),
    Case(
        "an on-property",
        "document.body.onclick = function () { globalThis.seen = 1 };",
        "document.body.onclick = function () { globalThis.seen = 2 };",
        "(document.body.click(), seen)",
        2,
        hold="document.body.click()",
    ),
    Case(
        "an interval",
        "globalThis.ticks = 0;\nsetInterval(() => { globalThis.ticks = 'old' }, 5);",
        "globalThis.ticks = 0;\nsetInterval(() => { globalThis.ticks = 'new' }, 5);",
        "new Promise((done) => { const at = () => ticks === 'new' ? done(ticks) : setTimeout(at, 1); at() })",
        "new",
    ),
    Case(
        "members of an object literal",
        "const handlers = { click() { return 1 }, over: () => 1, get n() { return 1 } };\nglobalThis.handlers = handlers;",
        "const handlers = { click() { return 2 }, over: () => 3, get n() { return 4 } };\nglobalThis.handlers = handlers;",
        "[held.click(), held.over(), held.n]",
        [2, 3, 4],
        hold="globalThis.held = handlers; null",
    ),
    Case(
        "options of a call",
        "const app = Object.freeze({ methods: { go() { return 1 } } });\nglobalThis.app = app;",
        "const app = Object.freeze({ methods: { go() { return 2 } } });\nglobalThis.app = app;",
        "app.methods.go()",
        2,
    ),
    Case(
        "a function on a prototype",
        "function P() {}\nP.prototype.f = function () { return 1 };\nglobalThis.P = P;",
        "function P() {}\nP.prototype.f = function () { return 2 };\nglobalThis.P = P;",
        "p.f()",
        2,
        hold="globalThis.p = new P(); null",
    ),
    Case(
        "a changed event name runs again",
        "globalThis.seen = [];\ndocument.addEventListener('ping', () => seen.push(1));",
        "globalThis.seen = [];\ndocument.addEventListener('pong', () => seen.push(2));",
        "(document.dispatchEvent(new Event('pong')), seen)",
        [2],
        hot=False,
    ),
    Case(
        "a function that is called at once runs again",
        "(() => { globalThis.x = 1 })();",
        "(() => { globalThis.x = 2 })();",
        "x",
        2,
        hot=False,
    ),
    Case(
        "a DOMContentLoaded listener runs again",
        "globalThis.x = 0;\nglobalThis.go = 0;\nwindow.addEventListener('load', () => { globalThis.x = 1 });",
        "globalThis.x = 0;\nglobalThis.go = 0;\nwindow.addEventListener('load', () => { globalThis.x = 2 });",
        "x",
        2,
        hot=False,
    ),
]
