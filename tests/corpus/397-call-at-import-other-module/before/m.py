from lib import rate
import lib

R = rate()
Q = [lib.rate() for _ in range(2)]
