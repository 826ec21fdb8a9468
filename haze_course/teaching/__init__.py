"""What the notebooks call that is about teaching, not about haze."""

from haze_course.teaching.exercises import exercise, reveal
from haze_course.teaching.notebook import start
from haze_course.teaching.quiz import quiz
from haze_course.teaching.upload import your_photo
from haze_course.teaching.widgets import explore, swipe

__all__ = ["exercise", "explore", "quiz", "reveal", "start", "swipe", "your_photo"]
