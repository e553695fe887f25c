"""The settings of a server that a test starts: limits that no test meets, and the simulator as its provider."""

LIMITS = {
    "MILLRACE_LIMITS__TURNS_PER_MINUTE": "100000",
    "MILLRACE_LIMITS__STREAMS_PER_MINUTE": "100000",
    "MILLRACE_LIMITS__TICKETS_PER_MINUTE": "100000",
    "MILLRACE_LIMITS__GUESTS_PER_MINUTE": "100000",
    "MILLRACE_LIMITS__CONNECTIONS_PER_USER": "1000",
    "MILLRACE_LIMITS__FRAMES_PER_SECOND": "10000",
}


def provider(name: str, base_url: str, *, prefill: bool) -> dict[str, str]:
    """The simulator at `base_url` as a provider of that name, which can continue a text or cannot."""
    values = {"KIND": "openai", "BASE_URL": base_url, "API_KEY": "sk-test", "PREFILL": str(prefill).lower()}
    return {f"MILLRACE_PROVIDERS__{name.upper()}__{field}": value for field, value in values.items()}
