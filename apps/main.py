"""The console entry point: Graft's command line with the bundled bots and the `demo` command."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import sys
from typing import Annotated

import typer

from apps import BUNDLED
from chatbot import bots
from chatbot.cli.main import app
from chatbot.cli.main import main as run_command_line
from chatbot.cli.output import readable_errors, say
from retrieval.errors import GraftError


class LaunchError(GraftError):
    """The demo cannot be served as asked."""


@app.command()
def demo(
    bot: Annotated[
        list[str] | None, typer.Argument(metavar="[BOT]...", help="Bots to show; without any, all bundled ones.")
    ] = None,
    host: Annotated[
        str, typer.Option(envvar="GRADIO_SERVER_NAME", help="Address to listen on; 0.0.0.0 for all.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="GRADIO_SERVER_PORT", min=1, max=65535, help="Port to listen on.")] = 7860,
    auth: Annotated[str | None, typer.Option(metavar="USER:PASSWORD", help="Ask visitors to sign in.")] = None,
    browser: Annotated[
        bool | None, typer.Option("--browser/--no-browser", help="Open a browser; by default on a desktop only.")
    ] = None,
) -> None:
    """Open the demo in a browser: chat with bots, see their sources, explore their graphs."""
    with readable_errors():
        credentials = parse_auth(auth)
        check_port(host, port)
        if not credentials and not is_loopback(host):
            say(f"warning: anybody who can reach {host}:{port} can use this demo; add --auth USER:PASSWORD")
        from apps.serve import serve

        sources = [bots.find(name) for name in bot or bots.bundled()]
        serve(sources, host, port, credentials, has_desktop() if browser is None else browser)


def parse_auth(value: str | None) -> tuple[str, str] | None:
    """User and password of a `USER:PASSWORD` option.

    Raises:
        LaunchError: The colon, the user or the password is missing.
    """
    if value is None:
        return None
    user, colon, password = value.partition(":")
    if not (user and colon and password):
        raise LaunchError("--auth must be USER:PASSWORD, for example --auth team:secret")
    return user, password


def check_port(host: str, port: int) -> None:
    """Find out early whether the port can be listened on.

    Raises:
        LaunchError: It is taken, needs privileges, or the host is not an address of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            if os.name == "posix":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise LaunchError(f"port {port} is in use; choose another with --port") from None
        if error.errno == errno.EACCES:
            raise LaunchError(f"port {port} needs privileges; choose one above 1023 with --port") from None
        raise LaunchError(f"cannot listen on --host {host}: {error.strerror or error}") from None


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def has_desktop() -> bool:
    """Whether a browser would have a screen to open on."""
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return sys.stdout.isatty() and (sys.platform in ("win32", "darwin") or bool(screen))


def main() -> None:
    """Run the command line."""
    if BUNDLED not in bots.SHELVES:
        bots.SHELVES.append(BUNDLED)
    run_command_line()


if __name__ == "__main__":
    main()
