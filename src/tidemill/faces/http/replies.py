"""The one answer of an exchange: how far it is, and who had the last word."""

from tidemill.faces.http.asgi import Message, Send
from tidemill.faces.http.problems import Problem

__all__ = ["Reply"]


class Reply:
    """Passes on what an application sends, until somebody else has answered for it.

    Args:
        send: Where the answer goes.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._muted = False
        self.started: bool = False
        self.finished: bool = False

    async def __call__(self, message: Message) -> None:
        """Send one part of the answer, as ASGI's ``send``; nothing after a refusal."""
        if not self._muted:
            await self._pass_on(message)

    async def refuse(self, problem: Problem) -> bool:
        """Answer with a problem; whatever the application sends from now on is dropped.

        Returns:
            Whether the problem was sent: an answer that has begun cannot be taken back, and
            after the last word there is no other.
        """
        has_word = not self.started and not self._muted
        self._muted = True
        if not has_word:
            return False
        for message in problem.messages():
            await self._pass_on(message)
        return True

    def mute(self) -> None:
        """Drop whatever is sent from now on."""
        self._muted = True

    async def _pass_on(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
        elif message["type"] == "http.response.body":
            self.finished = not message.get("more_body", False)
        await self._send(message)
