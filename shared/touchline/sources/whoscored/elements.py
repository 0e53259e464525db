"""The links and lists of a page, which lead to other pages."""

from html.parser import HTMLParser

from touchline.sources.whoscored.cells import text


class Elements(HTMLParser):
    """The links of a page and the options of its lists, with their texts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[tuple[str, str]] = []
        self._options: list[tuple[str, str, str]] = []
        self._select, self._open, self._target, self._said = "", "", "", ""

    @classmethod
    def of(cls, page: str) -> "Elements":
        """The elements of a page."""
        made = cls()
        made.feed(page)
        made.close()
        made._end()
        return made

    def options(self, part: str) -> list[tuple[str, str]]:
        """Values and texts of the options of every list whose id contains a part."""
        return [(value, said) for select, value, said in self._options if part in select.lower()]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where a list, an option or a link begins."""
        said = dict(attrs)
        if tag in ("a", "option", "select"):
            self._end()
        if tag == "select":
            self._select = said.get("id") or ""
        elif tag in ("a", "option"):
            self._open, self._target = tag, said.get("href" if tag == "a" else "value") or ""

    def handle_endtag(self, tag: str) -> None:
        """Note where it ends."""
        if tag == self._open or tag == "select":
            self._end()
        if tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        """Take the text of what is open."""
        if self._open:
            self._said += data

    def _end(self) -> None:
        said = text(self._said)
        if self._open == "a":
            self.links.append((self._target, said))
        elif self._open == "option":
            self._options.append((self._select, self._target, said))
        self._open, self._target, self._said = "", "", ""
