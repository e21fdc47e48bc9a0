# -*- coding: cp1252 -*-
SIGN = "€"
