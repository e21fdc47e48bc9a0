from space.mod import f
