from a import C, make
