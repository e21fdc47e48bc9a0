REG = {'base': 0}
