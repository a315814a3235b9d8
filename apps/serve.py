"""Serving the demo: bots opened, page built, and a policy that keeps the page from loading anything from elsewhere."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.app import build_app
from apps.look import THEME, head, stylesheet
from apps.shelf import Shelf
from chatbot.bots import BotSource
from chatbot.cli.output import say

POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:;"
    " style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; form-action 'self'"
)
"""Gradio's own page and the graph explorer are inline scripts; nothing may come from another host."""


class OwnHostOnly:
    """ASGI middleware that sends the content security policy with every response."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and add the headers to its answer."""

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [(b"content-security-policy", POLICY.encode()), (b"referrer-policy", b"no-referrer")]
                message["headers"] = [*message.get("headers", []), *extra]
            await send(message)

        await self.app(scope, receive, send_with_policy if scope["type"] == "http" else send)


def serve(
    sources: Sequence[BotSource], host: str, port: int, auth: tuple[str, str] | None = None, browser: bool = False
) -> None:
    """Serve bots until interrupted.

    Raises:
        GraftError: A bot cannot be built or opened.
    """
    app = build_app(Shelf.open(sources))
    app.queue(default_concurrency_limit=16, max_size=100)
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    options: dict[str, Any] = {
        "server_name": host,
        "server_port": port,
        "auth": auth,
        "inbrowser": browser,
        "theme": THEME,
        "css": stylesheet(),
        "head": head(),
        "app_kwargs": {"middleware": [Middleware(OwnHostOnly)]},
    }
    app.launch(
        share=False,
        quiet=True,
        footer_links=[],
        ssr_mode=False,
        prevent_thread_lock=True,
        enable_monitoring=False,
        max_file_size="1kb",
        **options,
    )
    say(f"Graft is at http://{shown}:{port}  (Ctrl+C stops it)")
    try:
        app.block_thread()
    finally:
        app.close(verbose=False)
