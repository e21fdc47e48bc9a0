from store import asked, told

WHERE = "jobs"
