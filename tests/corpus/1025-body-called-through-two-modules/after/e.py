import c

OTHER = c.other()
