"""What the notebooks call that is about teaching, not about haze."""

from haze_course.teaching.notebook import start

__all__ = ["start"]
