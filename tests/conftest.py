"""How the properties are tried out, on every machine alike."""

from hypothesis import HealthCheck, settings

# No test depends on how fast a machine is. Where the environment says CI, Hypothesis would by itself try the same
# examples every time, and find nothing any more.
settings.register_profile(
    "any machine", deadline=None, derandomize=False, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")
