"""What a student may learn from a teacher beyond the target picture."""

from haze_course.distill.affinity import affinity, feature_affinity_loss

__all__ = ["affinity", "feature_affinity_loss"]
