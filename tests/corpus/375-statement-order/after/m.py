order = []
order.append("b")
order.append("a")
