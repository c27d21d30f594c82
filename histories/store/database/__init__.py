"""The database itself: its tables and migrations, connections that hold no secrets, and the quickest ways in and out."""
