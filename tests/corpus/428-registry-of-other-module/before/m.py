import hub

hub.REG['a'] = 1
hub.REG['b'] = 2
