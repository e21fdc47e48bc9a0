from b import B

bs = [B()]
