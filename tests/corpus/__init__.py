"""The behaviour corpus: each folder is one edit and what it must do to a live program. See README.md."""
