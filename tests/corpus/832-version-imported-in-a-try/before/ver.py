version = "1.3"
