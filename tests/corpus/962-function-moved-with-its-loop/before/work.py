WHERE = "at work"
