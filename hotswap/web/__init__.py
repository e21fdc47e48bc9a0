"""The browser: pages follow every save, with their state kept. Pure ASGI on this side, plain modules on theirs.

``browser.Browser`` is what the session holds; docs/explanation/browser.md tells how the parts work together.
"""
