"""The pure core: bytes in, plan out. No I/O, no clock, no objects of the running app."""
