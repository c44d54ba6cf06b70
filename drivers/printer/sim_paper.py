"""The paper of a simulated printer: commands become readable lines, cuts end a slip."""

from __future__ import annotations

from drivers.printer.escpos_reader import Command

#: Code pages by their number in ESC t, as the usual makers number them.
_PAGES = {
    0: "cp437", 2: "cp850", 3: "cp860", 4: "cp863", 5: "cp865", 13: "cp857", 14: "cp737",
    15: "iso8859_7", 16: "cp1252", 17: "cp866", 18: "cp852", 19: "cp858", 33: "cp775", 34: "cp855",
    36: "cp862", 37: "cp864", 45: "cp1250", 46: "cp1251", 47: "cp1253", 48: "cp1254", 49: "cp1255",
    50: "cp1256", 51: "cp1257", 52: "cp1258",
}  # fmt: skip

DOTS_A_LINE = 24


class Paper:
    """What has come out since the last cut."""

    def __init__(self) -> None:
        self._encoding = _PAGES[0]
        self._page = _PAGES[0]
        self._start()

    def _start(self) -> None:
        self._raw = bytearray()
        self._lines: list[str] = []
        self._line = ""
        self._bytes = b""

    def draw(self, command: Command) -> int:
        """Put one command on the paper; the lines of paper that it took."""
        self._raw += command.raw
        if command.kind == "text":
            self._bytes += command.raw
        elif command.kind == "feed":
            self._end_line(command.number)
            return command.number
        elif command.kind == "picture":
            return self._note(f"[picture, {command.number} dots high]", command.number)
        elif command.kind == "code":
            return self._note(f"[code: {command.data.decode('utf-8', 'replace')}]", 4 * DOTS_A_LINE)
        elif command.kind in ("page", "kanji"):
            self._choose(command)
        elif command.raw == b"\x1b@":
            self._choose(Command("page", b""))
        return 0

    def cut(self, command: Command) -> tuple[bytes, str]:
        """End the slip: its bytes and its text."""
        self._raw += command.raw
        self._decode()
        if self._line:
            self._end_line(1)
        slip = bytes(self._raw), "\n".join(self._lines).rstrip("\n") + "\n"
        self._start()
        return slip

    def tear(self) -> None:
        """What came out without a cut is torn off and thrown away."""
        self._start()

    def _choose(self, command: Command) -> None:
        self._decode()
        if command.kind == "page":
            self._page = _PAGES.get(command.number, _PAGES[0])
        is_kanji = command.kind == "kanji" and command.number
        self._encoding = "gb18030" if is_kanji else self._page

    def _decode(self) -> None:
        self._line += self._bytes.decode(self._encoding, "replace")
        self._bytes = b""

    def _end_line(self, feeds: int) -> None:
        self._decode()
        if feeds:
            self._lines += [self._line] + [""] * (feeds - 1)
            self._line = ""

    def _note(self, text: str, dots: int) -> int:
        self._decode()
        if self._line:
            self._end_line(1)
        self._lines.append(text)
        return -(-dots // DOTS_A_LINE)
