from m import P
