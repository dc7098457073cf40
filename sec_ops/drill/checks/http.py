"""`http`: a page that a restored web server or application gives: its status, a text that must stand in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from sec_ops.drill.check import Check, Checked, CheckPlace, cut, failed, passed
from sec_ops.drill.sandbox.speaking import Answer
from sec_ops.drill.service import Lacking
from sec_ops.drill.settings import SpokenName
from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty, Value

__all__ = ["CHECK", "page_judged"]


class Settings(Value):
    """A page by its path (and query), and the name it is asked by; what must and must not stand in it."""

    path: str = Field(default="/", pattern=r"^/[!-~]*$")
    host: SpokenName = Field(default="localhost", min_length=1)
    headers: dict[NonEmpty, str] = Field(default_factory=dict)
    status: int = Field(default=200, ge=100, le=599)
    text: str = Field(default="", description="stands in the page, as it is spelled there")
    absent: str = Field(default="", description="must not stand in it, such as the words of an error page")

    @property
    def expected(self) -> str:
        """Return what is expected, as it is shown."""
        texts = (f"“{self.text}”" if self.text else "", f"∌ “{self.absent}”" if self.absent else "")
        return ", ".join((f"HTTP {self.status}", *filter(None, texts)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Http:
    """A question to a web server."""

    settings: type[Settings] = Settings
    asks: Sequence[str] = ("nginx", "program")

    def lacking(self) -> Sequence[Lacking]:
        """Nothing: what asks is our own."""
        return ()

    def run(self, place: CheckPlace) -> Checked:
        """Ask once; a redirect is an answer like others."""
        settings = Settings.model_validate(place.settings)
        page = place.sandbox.ask_web(
            place.asked().port, settings.path, host=settings.host, headers=settings.headers, seconds=place.seconds
        )
        return page_judged(page, settings.expected, settings.status, settings.text, settings.absent)


def page_judged(page: Answer, expected: str, status: int, text: str, absent: str) -> Checked:
    """Return whether a page has its status, has the text and lacks the absent one; empty ones are not looked for."""
    if page.status == 0:
        late = message("the web server gave no answer in time")
        return failed(expected, "", late if page.late else message("the web server gave no answer"), why=page.error)
    shown = f"HTTP {page.status}, “{page.body}”" if page.body else f"HTTP {page.status}"
    if page.status != status:
        leads = next((value for name, value in page.headers if name.lower() == "location"), "")
        what = message("the page answers with status {found}", found=page.status)
        return failed(expected, shown, what, why=f"Location: {leads}" if leads else "")
    if text and text not in page.body:
        what = message("the page does not hold the text {text}", text=cut(text))
        part = message(
            "the first 1 MiB of the page, which alone was read, does not hold the text {text}", text=cut(text)
        )
        return failed(expected, shown, what if page.whole else part)
    if absent and (absent in page.body or not page.whole):
        what = message("the page holds the text {text}, or is too large to tell", text=cut(absent))
        return failed(expected, shown, what)
    return passed(expected, f"HTTP {page.status}, “{text}”" if text else f"HTTP {page.status}")


CHECK: Check = Http()
