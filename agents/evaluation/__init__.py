"""What delivered reasons are worth, measured from their text, the customer's record and the catalog alone."""

from agents.evaluation.diversity import Diversity, diversity
from agents.evaluation.quality import Judge, Quality, mean_quality
from agents.evaluation.readability import readability

__all__ = ["Diversity", "Judge", "Quality", "diversity", "mean_quality", "readability"]
