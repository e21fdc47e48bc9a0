"""JavaScript without a bundler: the changed function is replaced inside the live module.

``tree`` reads nodes, ``syntax`` finds a module's units, ``rewrite`` serves them so that each function can be replaced,
``patch`` turns two versions into code to evaluate inside the module, ``serving`` knows which version which page runs.
All but ``serving`` are PURE. They need the extra ``js`` (tree-sitter); without it a changed script reloads the page.
"""
