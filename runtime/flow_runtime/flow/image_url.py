"""Images by URL: what flows see of them."""


class ImageFetcher:
    """Fetches images from public addresses only; `allow_private` lets it go anywhere."""

    def __init__(self, allow_private: bool = False) -> None:
        self._allow_private = allow_private

    async def fetch(self, url: str, deadline: float) -> bytes:
        """Give the content of a URL; the deadline is in the running loop's time. Raises InvalidImageInput."""
        # Here, because aiohttp takes a quarter of the time of a server's start, and few flows have images.
        from flow_runtime.flow.image_http import HTTPImages

        return await HTTPImages(self._allow_private).fetch(url, deadline)
