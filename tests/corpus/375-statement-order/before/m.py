order = []
order.append("a")
order.append("b")
