from m import area
