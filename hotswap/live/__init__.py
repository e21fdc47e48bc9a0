"""The interpreter: puts new code into live objects. No files, no sockets, no printing."""
