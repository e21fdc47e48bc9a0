double = lambda x: x * 3
