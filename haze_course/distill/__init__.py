"""What a student may learn from a teacher beyond the target picture."""

from haze_course.distill.affinity import affinity, feature_affinity_loss
from haze_course.distill.hints import LinearHint, TeacherDistance
from haze_course.distill.terms import (
    FeatureAffinity,
    Term,
    another_image,
    features_of,
    freeze,
    tapped,
)

__all__ = [
    "FeatureAffinity",
    "LinearHint",
    "TeacherDistance",
    "Term",
    "affinity",
    "another_image",
    "feature_affinity_loss",
    "features_of",
    "freeze",
    "tapped",
]
