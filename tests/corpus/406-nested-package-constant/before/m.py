import pkg

TOP = pkg.DEEP + pkg.sub.leaf.DEEP
