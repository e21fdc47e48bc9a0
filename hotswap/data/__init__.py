"""Files that are not code: .env, settings, schemas. Each module is of use on its own, and none imports another room."""
