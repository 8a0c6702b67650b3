"""Between people or programs and tasks."""
