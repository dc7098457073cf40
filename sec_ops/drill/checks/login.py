"""`login`: a person signs in by the form of a restored application, and then sees what nobody else may see.

The page behind the form is asked for first without signing in: where it opens as well, signing in proves nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit

from pydantic import Field

from sec_ops.drill.check import Check, Checked, CheckPlace, SandboxSecret, failed, late
from sec_ops.drill.checks.http import page_judged
from sec_ops.drill.sandbox.speaking import Answer
from sec_ops.drill.service import Lacking
from sec_ops.drill.settings import SpokenName
from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty, Value

__all__ = ["CHECK"]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HOPS = 5
_FORM = "application/x-www-form-urlencoded"
_PATH = r"^/[!-~]*$"


class Settings(Value):
    """The form, who signs in, and the page that then opens. The account is one for drills, with few rights."""

    host: SpokenName = Field(default="localhost", min_length=1)
    form: str = Field(default="/login", pattern=_PATH, description="path of the page with the form")
    submit: str = Field(default="", pattern=r"^(/[!-~]*)?$", description="path it is sent to; none: the form's own")
    user_field: NonEmpty = "username"
    user: NonEmpty
    password_field: NonEmpty = "password"  # noqa: S105 - the name of a field
    secret: SandboxSecret = Field(description="reference to the password")
    fields: dict[NonEmpty, str] = Field(default_factory=dict, description="what else the form sends")
    headers: dict[NonEmpty, str] = Field(default_factory=dict)
    page: str = Field(pattern=_PATH, description="path of a page that only who signed in may see")
    text: NonEmpty = Field(description="stands in that page, for who signed in only")

    @property
    def expected(self) -> str:
        """Return what is expected, as it is shown."""
        return f"{self.user}: HTTP 200, “{self.text}”"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A person who signs in."""

    settings: type[Settings] = Settings
    asks: Sequence[str] = ("nginx", "program")

    def lacking(self) -> Sequence[Lacking]:
        """Nothing: what asks is our own."""
        return ()

    def run(self, place: CheckPlace) -> Checked:
        """Ask for the page, sign in, ask again."""
        settings = Settings.model_validate(place.settings)
        visit = _Visit(place=place, settings=settings, end_ms=place.clock.monotonic_ms() + round(place.seconds * 1000))
        before = visit.get(settings.page)
        if before.status == 200 and settings.text in before.body:
            what = message("the page opens without signing in, so signing in proves nothing")
            return failed(settings.expected, f"HTTP {before.status}", what)
        form = visit.get(settings.form)
        visit.submit(form, place.secret(settings.secret))
        page = visit.get(settings.page)
        if visit.left_seconds == 0:
            return late(settings.expected, place.seconds)
        return page_judged(page, settings.expected, 200, settings.text, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visit:
    """A browser's few deeds: it keeps cookies and follows redirects within the server."""

    place: CheckPlace
    settings: Settings
    end_ms: int
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def left_seconds(self) -> float:
        """Return what is left of the check's time."""
        return max(0, self.end_ms - self.place.clock.monotonic_ms()) / 1000

    def get(self, path: str) -> Answer:
        """Return a page, redirects followed."""
        answer = self._ask(path)
        for _hop in range(_HOPS):
            if answer.status not in _REDIRECTS:
                break
            path = _within(path, _header(answer, "location"))
            answer = self._ask(path)
        return answer

    def submit(self, form: Answer, password: str) -> None:
        """Send the form with what it holds hidden, such as its token."""
        found = _form_of(form.body, self.settings.password_field)
        fields = {**found.hidden, **self.settings.fields, self.settings.user_field: self.settings.user}
        fields[self.settings.password_field] = password
        path = self.settings.submit or _within(self.settings.form, found.action)
        answer = self._ask(path, urlencode(fields))
        if answer.status in _REDIRECTS:
            self.get(_within(path, _header(answer, "location")))

    def _ask(self, path: str, body: str | None = None) -> Answer:
        headers = dict(self.settings.headers)
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            headers["Content-Type"] = _FORM
        answer = self.place.sandbox.ask_web(
            self.place.asked().port,
            path,
            host=self.settings.host,
            method="GET" if body is None else "POST",
            body=body,
            headers=headers,
            seconds=self.left_seconds,
        )
        self._keep(answer)
        return answer

    def _keep(self, answer: Answer) -> None:
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                self.cookies.update(_cookies(value))


def _cookies(header: str) -> Mapping[str, str]:
    try:
        jar = SimpleCookie(header)
    except CookieError:
        return {}
    return {name: morsel.coded_value for name, morsel in jar.items()}


def _header(answer: Answer, wanted: str) -> str:
    return next((value for name, value in answer.headers if name.lower() == wanted), "")


def _within(path: str, leads: str) -> str:
    """Return the path a link leads to; whatever server it names, there is but this one."""
    parts = urlsplit(urljoin(f"http://localhost{path}", leads))
    spelled = "".join(each for each in parts.path or "/" if "!" <= each <= "~")
    query = "".join(each for each in parts.query if "!" <= each <= "~")
    return f"{spelled}?{query}" if query else spelled


class _Forms(HTMLParser):
    """Gathers a page's forms: where each goes, what it holds hidden, the names of its fields."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[_Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form or a field of the one that is open."""
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(_Form(action=told.get("action", "")))
        elif tag == "input" and self.forms and told.get("name"):
            self.forms[-1].names.add(told["name"])
            if told.get("type", "").lower() == "hidden":
                self.forms[-1].hidden[told["name"]] = told.get("value", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    action: str = ""
    hidden: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


def _form_of(page: str, password_field: str) -> _Form:
    """Return the form that asks for the password, an empty one where none does."""
    gathered = _Forms()
    gathered.feed(page)
    return next((each for each in gathered.forms if password_field in each.names), _Form())


CHECK: Check = Login()
