"""Exercises and quizzes of each notebook: what is asked, how it is judged, what goes wrong."""
