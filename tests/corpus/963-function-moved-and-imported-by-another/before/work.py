WHERE = "work"
