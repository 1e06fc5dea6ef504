"""What a newcomer sees: a small upstream, and sample traffic through the proxy."""


async def run(*, app_url: str, proxy_url: str, seconds: float | None = None) -> None:
    raise NotImplementedError
