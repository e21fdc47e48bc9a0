from b import B

bs = [B()]
bs.append(B())
