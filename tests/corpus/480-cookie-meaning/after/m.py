# -*- coding: latin-1 -*-
SIGN = "€"
