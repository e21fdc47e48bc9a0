import hub

hub.REG['a'] = 10
hub.REG['c'] = 3
