"""Pages in headless Chromium that follow saves."""
