"""What came of checking an answer to an exercise."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """One property of an answer: what it says, and a counterexample where it does not hold."""

    name: str
    says: str
    counterexample: str = ""


@dataclass(frozen=True)
class Verdict:
    """What came of checking an answer; no results for a stub."""

    results: tuple[Result, ...]

    @property
    def attempted(self) -> bool:
        """The answer is more than the stub."""
        return bool(self.results)

    @property
    def held(self) -> int:
        """Properties that hold."""
        return sum(not result.counterexample for result in self.results)

    @property
    def done(self) -> bool:
        """Every property holds."""
        return self.attempted and self.held == len(self.results)

    @property
    def broken(self) -> Result:
        """The first property that does not hold."""
        return next(result for result in self.results if result.counterexample)
