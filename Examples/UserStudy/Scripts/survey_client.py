"""What the scripts beside this one share: an HTTP client, a respondent, the server's process, and a look at its database.

    Connection   one kept-alive HTTP/1.1 connection, by asyncio
    Page         a page and what is in it: its form, its videos, its link back
    Respondent   a scripted person, who remembers exactly what was sent and acknowledged
    Server       `whyfake-survey serve` as a process; always stopped
    verify       compares the database with what respondents remember

Python's standard library only. Everything speaks of the contract in Documentation/UserStudy.md, nothing of the server's
code.
"""
import argparse, asyncio, atexit, contextlib, dataclasses, hashlib, html.parser, itertools, json, pathlib, random, re, shutil
import signal, sqlite3, subprocess, sys, tempfile, time, urllib.parse


# MARK: HTTP

class Lost(Exception):
    """The connection ended, or nothing came in time: nobody knows whether the request was carried out."""


class Unexpected(Exception):
    """The server answered something that the contract does not allow."""


@dataclasses.dataclass
class Response:
    """An answer to a request."""
    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""

    def header(self, name):
        """The value of a header, several joined by commas; None where there is none."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    @property
    def closes(self):
        """Whether the connection ends after this response."""
        return "close" in (self.header("Connection") or "").lower()


async def read_response(reader, method="GET", limit=1 << 30):
    """The next final response on a connection. `Lost` where it ends within one, `Unexpected` where it is not HTTP/1.x."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            parts = head[0].split(" ", 2)
            if not parts[0].startswith("HTTP/") or len(parts) < 2 or not parts[1].isdecimal():
                raise Unexpected(f"no HTTP response: {head[0][:100]!r}")
            headers = [tuple(part.strip() for part in line.split(":", 1)) for line in head[1:] if ":" in line]
            response = Response(int(parts[1]), headers)
            if response.status >= 200:
                break
        if method == "HEAD" or response.status in (204, 304):
            return response
        if "chunked" in (response.header("Transfer-Encoding") or "").lower():
            chunks = []
            while length := int((await reader.readline()).split(b";")[0], 16):
                chunks.append(await reader.readexactly(length))
                await reader.readline()
            while (await reader.readline()).strip():
                pass
            response.body = b"".join(chunks)
        elif (length := response.header("Content-Length")) is not None:
            response.body = await reader.readexactly(min(int(length), limit))
        else:
            response.body = await reader.read(limit)
        return response
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, OSError, ValueError) as error:
        raise Lost(f"{type(error).__name__}: {error}") from None


class Connection:
    """A kept-alive connection, opened when it is needed; one request at a time."""

    def __init__(self, host, port, timeout=60):
        self.host, self.port, self.timeout = host, port, timeout
        self.reader = self.writer = None

    async def request(self, method, path, body=None, headers=()):
        """Sends a request and returns the response. A connection that the server had closed meanwhile is opened again, once."""
        data = body if isinstance(body, (bytes, type(None))) else urllib.parse.urlencode(body).encode()
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}:{self.port}"]
        if data is not None:
            lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(data)}"]
        lines += [f"{name}: {value}" for name, value in headers]
        message = "\r\n".join(lines + ["", ""]).encode() + (data or b"")
        while True:
            reused = self.writer is not None
            try:
                async with asyncio.timeout(self.timeout):
                    if not reused:
                        self.reader, self.writer = await asyncio.open_connection(self.host, self.port, limit=1 << 20)
                    self.writer.write(message)
                    await self.writer.drain()
                    response = await read_response(self.reader, method)
                if response.closes:
                    self.close()
                return response
            except (Lost, ConnectionError, OSError, TimeoutError) as error:
                # Nothing came back on a connection that had been idle: the server had most likely closed it before.
                idle = reused and isinstance(error, (Lost, ConnectionError)) and self.reader.at_eof()
                self.close()
                if not idle or path == "/start":
                    raise Lost(str(error) or type(error).__name__) from None
            except BaseException:
                self.close()
                raise

    def close(self):
        """Closes the connection; the next request opens another."""
        if self.writer is not None:
            with contextlib.suppress(Exception):
                self.writer.transport.abort()
        self.reader = self.writer = None


# MARK: Pages

@dataclasses.dataclass
class Input:
    """A field of a form: `kind` is hidden, radio, checkbox, …, or select for an option."""
    kind: str
    name: str
    value: str
    disabled: bool = False


@dataclasses.dataclass
class Form:
    """A form: where it goes, how, and its fields."""
    action: str
    method: str
    inputs: list[Input]

    def hidden(self):
        """Names and values of the hidden fields."""
        return [(field.name, field.value) for field in self.inputs if field.kind == "hidden"]

    @property
    def token(self):
        """The value of the hidden field `form`; None where there is none."""
        return dict(self.hidden()).get("form")

    @property
    def fields(self):
        """What a person can fill in."""
        others = ("hidden", "submit", "button")
        return [field for field in self.inputs if field.name and not field.disabled and field.kind not in others]

    def values(self, name):
        """The values that a person can choose for a field."""
        return [field.value for field in self.fields if field.name == name]


class Page(html.parser.HTMLParser):
    """What is in a page; `path` is where it is."""

    def __init__(self, path, status, text):
        super().__init__(convert_charrefs=True)
        self.path, self.status, self.source = path, status, text
        self.language = self.title = self.back = self.progress = None
        self.forms, self.videos = [], []
        self._inside, self._select, self._disabled = [], None, []
        self.feed(text)
        self.close()

    @property
    def form(self):
        """The question's form: it has a token and something to fill in; None on a page that asks nothing, or no more."""
        return next((form for form in self.forms if form.token is not None and form.fields), None)

    @property
    def step(self):
        """The step's number, of a page at /r/<link>/<step>; else None."""
        match = re.fullmatch(r"/r/[^/]+/([0-9]+)", self.path)
        return int(match[1]) if match else None

    def handle_starttag(self, tag, attributes):
        a = {name: value or "" for name, value in attributes}
        if tag == "html":
            self.language = a.get("lang")
        elif tag == "form":
            self.forms.append(Form(a.get("action") or self.path, a.get("method", "get").lower(), []))
        elif tag == "select":
            self._select = a.get("name", "")
        elif tag in ("input", "option", "textarea") and self.forms:
            kind = {"input": a.get("type", "text").lower(), "option": "select"}.get(tag, tag)
            name = self._select or "" if tag == "option" else a.get("name", "")
            value = a.get("value", "on" if kind == "checkbox" else "")
            self.forms[-1].inputs.append(Input(kind, name, value, "disabled" in a or any(self._disabled)))
        elif tag == "fieldset":
            self._disabled.append("disabled" in a)
        elif tag in ("video", "source") and a.get("src"):
            self.videos.append(urllib.parse.urljoin(self.path, a["src"]))
        elif tag in ("a", "link") and "prev" in a.get("rel", "").split():
            self.back = urllib.parse.urljoin(self.path, a.get("href", ""))
        elif tag == "progress":
            self.progress = (a.get("value"), a.get("max"))
        if tag == "title":
            self._inside.append(tag)

    def handle_endtag(self, tag):
        if tag == "select":
            self._select = None
        elif tag == "fieldset" and self._disabled:
            self._disabled.pop()
        if tag in self._inside:
            self._inside.remove(tag)

    def handle_data(self, data):
        if self._inside:
            self.title = (self.title or "") + data


# MARK: Respondents

def value_text(step, fields):
    """An answer as the database is to hold it."""
    if step == 0:
        value = {name: dict(fields)[name] for name in ("familiarity", "screen")}
    elif step % 2:
        value = {"choice": dict(fields)["choice"]}
    else:
        value = {"best": sorted((value for name, value in fields if name == "best"), key=int)}
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


@dataclasses.dataclass
class Memory:
    """What a respondent knows of what was sent and shown."""
    name: str
    link: str = None
    language: str = None
    answers: dict[int, list[str]] = dataclasses.field(default_factory=dict)  # what was acknowledged, by step, in order
    shown: dict[int, list[str]] = dataclasses.field(default_factory=dict)  # the names of the videos, by step
    finished: bool = False

    def remember(self, step, value):
        """An acknowledged answer. The same answer once more changes nothing, so nothing new is to be stored."""
        values = self.answers.setdefault(step, [])
        if not values or values[-1] != value:
            values.append(value)


class Meter:
    """Counts requests and keeps how long they took, by kind."""

    def __init__(self):
        self.seconds, self.lost, self.waited, self.errors = {}, 0, 0, []

    def add(self, kind, seconds):
        self.seconds.setdefault(kind, []).append(seconds)


@dataclasses.dataclass
class Habits:
    """How often, by page, a respondent does what respondents do."""
    twice: float = 0  # sends the form twice at the same time
    back: float = 0  # goes back, or thinks again, and changes an answer
    leave: float = 0  # closes everything and comes back by link


class Respondent:
    """A scripted person.

    `choose(page, random)` gives the fields of an answer. `patience` is for how many seconds a request that was lost is
    sent again, the very same, until it is acknowledged; 0 makes a lost request an error.
    """

    def __init__(self, name, host, port, choose, seed=0, habits=Habits(), meter=None, patience=0.0, timeout=60):
        self.memory, self.choose, self.habits, self.patience = Memory(name), choose, habits, patience
        self.start_fields = None  # what began it
        self.random, self.meter = random.Random(f"{seed}/{name}"), meter or Meter()
        self.connections = [Connection(host, port, timeout) for _ in range(2)]

    def __str__(self):
        return f"respondent {self.memory.name}"

    async def ask(self, kind, method, path, body=None, headers=(), expected=(200,), second=False):
        """A request, sent until it is answered; `Unexpected` where the status is none of those expected."""
        end = time.monotonic() + self.patience
        while True:
            start = time.perf_counter()
            try:
                response = await self.connections[second].request(method, path, body, headers)
            except Lost as error:
                self.meter.lost += 1
                if time.monotonic() >= end:
                    raise Lost(f"{self}: {method} {kind}: {error}") from None
                await asyncio.sleep(0.05 + 0.1 * self.random.random())
                continue
            self.meter.add(kind, time.perf_counter() - start)
            if response.status == 429 and self.meter.waited < 10_000:
                self.meter.waited += 1
                await asyncio.sleep(min(60.0, float(response.header("Retry-After") or 1)))
                end = time.monotonic() + self.patience
                continue
            if response.status not in expected:
                raise Unexpected(f"{self}: {method} {re.sub('/r/[^/]+', '/r/…', path)}: status {response.status}, not "
                                 + " or ".join(map(str, expected)))
            return response

    async def get(self, path):
        """A page, after redirections within the questionnaire."""
        for _ in range(4):
            response = await self.ask("page", "GET", path, expected=(200, 303))
            if response.status == 200:
                page = Page(path, 200, response.body.decode())
                if page.step is not None:
                    self.memory.shown[page.step] = [video.rsplit("/", 1)[-1] for video in page.videos]
                return page
            path = self.location(response)
        raise Unexpected(f"{self}: more than three redirections")

    def location(self, response):
        """Where a redirection leads, which has to be on the server."""
        location = response.header("Location") or ""
        if not location.startswith("/") or location.startswith("//"):
            raise Unexpected(f"{self}: a redirection to {location!r}")
        return location

    async def begin(self, language=None):
        """Consents, and returns the page of step 0. The same form sent again begins nothing new."""
        page = await self.get("/" + (f"?language={language}" if language else ""))
        form = page.form
        if form is None or form.values("consent") != ["yes"]:
            raise Unexpected(f"{self}: the introduction has no form with a token and consent")
        self.memory.language = page.language
        fields = dict(form.hidden()) | {"consent": "yes", "language": page.language}
        self.start_fields = list(fields.items())
        response = await self.ask("start", "POST", form.action, self.start_fields, expected=(303,))
        path = self.location(response)
        match = re.fullmatch(r"/r/([A-Za-z0-9_-]{22,})/0", path)
        if not match:
            raise Unexpected(f"{self}: /start leads to {path!r}")
        self.memory.link = match[1]
        return await self.get(path)

    async def open(self, step=None):
        """The page of a step, or by link the first without an answer."""
        return await self.get(f"/r/{self.memory.link}" + ("" if step is None else f"/{step}"))

    def fields(self, page):
        """Hidden fields and what the respondent chooses."""
        return page.form.hidden() + self.choose(page, self.random)

    async def send(self, page, fields, second=False):
        """Sends a page's form and remembers what was acknowledged; where it leads."""
        response = await self.ask("answer", "POST", page.form.action, fields, expected=(303,), second=second)
        self.memory.remember(page.step, value_text(page.step, fields))
        return self.location(response)

    async def answer(self, page, twice=False):
        """Answers a page, if asked to with two equal requests at once; where that leads."""
        fields = self.fields(page)
        if not twice:
            return await self.send(page, fields)
        places = await asyncio.gather(self.send(page, fields), self.send(page, fields, second=True))
        if places[0] != places[1]:
            raise Unexpected(f"{self}: the same form led to two pages")
        return places[0]

    def leave(self):
        """Closes all connections."""
        for connection in self.connections:
            connection.close()

    async def walk(self, on_page=None, steps=None):
        """From the introduction to the thanks, or through so many steps; returns the last page. `on_page(self, page)` is
        awaited for each page."""
        page = await self.begin()
        return await self.go_on(page, on_page, steps)

    async def go_on(self, page, on_page=None, steps=None):
        """From a page to the thanks, or through so many steps."""
        chance = lambda p: p > 0 and self.random.random() < p
        for count in itertools.count():
            if count > 1000:
                raise Unexpected(f"{self}: a questionnaire without an end")
            if on_page:
                await on_page(self, page)
            if page.form is None:
                # The thanks, or a page that asks nothing any more: the link knows.
                there = await self.open()
                if there.path == page.path:
                    self.memory.finished = True
                    self.memory.shown.pop(page.step, None)  # thanks are no step
                    return page
                page = there
                continue
            if steps is not None and len(self.memory.answers) >= steps:
                return page
            place = await self.answer(page, twice=chance(self.habits.twice))
            if page.step % 2 and chance(self.habits.back):
                # Q1, before its Q2 was shown: may still be changed.
                again = await self.open(page.step)
                if again.form is None:
                    raise Unexpected(f"{self}: Q1 is closed although its Q2 was not shown")
                place = await self.answer(again)
            if chance(self.habits.leave):
                self.leave()
                page = await self.open()
            else:
                page = await self.get(place)
            if page.back and page.form and chance(self.habits.back):
                earlier = await self.get(page.back)
                if earlier.form is None:
                    if earlier.step % 2 == 0:
                        raise Unexpected(f"{self}: step {earlier.step} is closed before the end")
                    page = await self.open()
                else:
                    if earlier.step % 2 and page.step == earlier.step + 1:
                        raise Unexpected(f"{self}: Q1 is open although its Q2 was shown")
                    page = await self.get(await self.answer(earlier))


def choose_at_random(page, rng):
    """Any answer that a page allows."""
    form, fields = page.form, []
    for name in dict.fromkeys(field.name for field in form.fields if field.kind in ("radio", "select")):
        fields.append((name, rng.choice(form.values(name))))
    for name in dict.fromkeys(field.name for field in form.fields if field.kind == "checkbox"):
        values = form.values(name)
        fields += [(name, value) for value in sorted(rng.sample(values, rng.randint(1, len(values))))]
    return fields


# MARK: A study

class Study:
    """`study.json` in a study's folder: what only the researcher may know."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        try:
            self.key = json.loads((self.folder / "study.json").read_text())
        except (OSError, ValueError) as error:
            sys.exit(f"{folder} is not a study's folder: {error}")
        self.explainers = self.key["explainers"]
        self.videos = {video["name"]: video for video in self.key["videos"]}
        self.sections = {section["number"]: section for section in self.key["sections"]}
        self.labels = {video["media"]: video["label"] for video in self.key["videos"]}
        self.explainer_of = {name: explainer for section in self.sections.values()
                             for explainer, name in section["animations"].items()}

    @property
    def token(self):
        """The administrator's."""
        return (self.folder / "admin-token").read_text().strip()

    @property
    def database(self):
        return self.folder / "answers.sqlite"

    def pair(self, section):
        """The media files of a section's two videos, by label."""
        section = self.sections[section]
        return {label: self.videos[section[label]]["media"] for label in ("real", "fake")}


@contextlib.contextmanager
def copied(folder):
    """A copy of a study's folder in a new temporary one, without answers."""
    Study(folder)
    with tempfile.TemporaryDirectory(prefix="survey-") as place:
        study = pathlib.Path(place) / "study"
        shutil.copytree(folder, study, ignore=shutil.ignore_patterns("answers.sqlite*"))
        yield study


# MARK: The server

class Server:
    """`BINARY serve STUDY`, as a process of its own. A context manager: it is stopped whatever happens."""

    def __init__(self, binary, study, requests_per_second=0):
        self.binary, self.study, self.rate = binary, pathlib.Path(study), requests_per_second
        self.host, self.port, self.process = "127.0.0.1", 0, None
        self.log = self.study.parent / "server.log"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self, timeout=30):
        """Starts it, on the same port as before, and waits until it listens."""
        offset = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as log:
            try:
                self.process = subprocess.Popen(
                    [self.binary, "serve", str(self.study), "--port", str(self.port), "--requests-per-second", str(self.rate)],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
            except OSError as error:
                sys.exit(f"the server cannot be started: {error}")
        atexit.register(self.kill)
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            text = self.log.read_bytes()[offset:].decode(errors="replace")
            if match := re.search(r"listening on http://127\.0\.0\.1:([0-9]+)\s", text):
                self.port = int(match[1])
                return
            if self.process.poll() is not None:
                sys.exit(f"the server ended with status {self.process.returncode}; it said:\n{text[-2000:]}")
            time.sleep(0.02)
        self.kill()
        sys.exit(f"the server did not say within {timeout} s that it listens; it said:\n{text[-2000:]}")

    @property
    def origin(self):
        return f"http://{self.host}:{self.port}"

    @property
    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """Kills it at once, as a power cut would."""
        if self.alive:
            self.process.kill()
            self.process.wait()

    def stop(self, timeout=15):
        """Asks it to end; what was wrong with that, if anything."""
        if not self.alive:
            return [f"the server had ended by itself, status {self.process.returncode}; see its log:\n{self.tail()}"]
        self.process.terminate()
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            return [f"the server did not end within {timeout} s after SIGTERM"]
        return [] if status == 0 else [f"the server ended with status {status} after SIGTERM; its log:\n{self.tail()}"]

    def memory(self):
        """Resident memory in MiB; None where nobody says."""
        try:
            status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
            return int(re.search(r"VmRSS:\s+([0-9]+) kB", status)[1]) / 1024
        except (OSError, TypeError):
            return None

    def tail(self, lines=15):
        """The log's last lines."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


# MARK: The database

def rows(database, query, *parameters):
    """Rows of a database that is opened for reading only."""
    place = f"file:{urllib.parse.quote(str(database))}?mode=ro"
    with contextlib.closing(sqlite3.connect(place, uri=True, timeout=30)) as connection:
        return connection.execute(query, parameters).fetchall()


def snapshot(database):
    """All rows of all three tables, as they are now."""
    return {table: rows(database, f"SELECT * FROM {table} ORDER BY 1, 2") for table in ("respondent", "visit", "answer")}


def verify(database, memories, study=None, strays=0):
    """What is wrong in a database, given all who answered; an empty list where nothing is.

    `strays`: how many respondents may be there whose link nobody knows. With a study, also what was shown is compared
    with what the database says was to be shown.
    """
    wrong = [f"integrity_check: {text}" for text, in rows(database, "PRAGMA integrity_check") if text != "ok"]
    people = {bytes(link): row for link, *row in rows(
        database, "SELECT link, id, form, language, schedule, started, finished FROM respondent")}
    answers, visits = {}, {}
    for respondent, step, value, at in rows(database, "SELECT respondent, step, value, at FROM answer ORDER BY id"):
        answers.setdefault(respondent, {}).setdefault(step, []).append((value, at))
    for respondent, step, at in rows(database, "SELECT respondent, step, at FROM visit"):
        visits.setdefault(respondent, {})[step] = at
    known = set()
    for memory in memories:
        if memory.link is None:
            continue
        who, row = f"respondent {memory.name}", people.get(hashlib.sha256(memory.link.encode()).digest())
        if row is None:
            wrong.append(f"{who} began and is not in the database")
            continue
        number, form, language, schedule, started, finished = row
        known.add(number)
        stored = answers.get(number, {})
        for step in sorted(stored.keys() | memory.answers.keys()):
            there, sent = [value for value, _ in stored.get(step, [])], memory.answers.get(step, [])
            if there != sent:
                wrong.append(f"{who}, step {step}: sent {sent}, stored {there}")
            if any(a == b for a, b in itertools.pairwise(there)):
                wrong.append(f"{who}, step {step}: stored twice: {there}")
        if (finished is not None) != memory.finished:
            wrong.append(f"{who}: {'finished' if memory.finished else 'not finished'}, the database has finished = {finished}")
        if memory.language and language != memory.language:
            wrong.append(f"{who}: was shown {memory.language}, the database has {language}")
        for step in memory.shown:
            if step not in visits.get(number, {}):
                wrong.append(f"{who}: step {step} was shown and has no visit")
        for step, at in visits.get(number, {}).items():
            if at < started - 1 or any(moment < at for _, moment in stored.get(step, [])):
                wrong.append(f"{who}, step {step}: answered before it was shown, or shown before the start")
        if study:
            wrong += [f"{who}: {text}" for text in _schedule_problems(study, form, json.loads(schedule)["sections"], memory)]
    others = [row[0] for row in people.values() if row[0] not in known]
    if len(others) > strays:
        wrong.append(f"{len(others)} respondents in the database that nobody knows, not at most {strays}")
    wrong += [f"respondent number {number}, whom nobody knows, has answers" for number in others if number in answers]
    nobody = answers.keys() - {row[0] for row in people.values()}
    wrong += [f"answers of number {number}, who is no respondent" for number in nobody]
    return wrong


def _schedule_problems(study, form, schedule, memory):
    """Where what was shown is not what the database says."""
    wanted = sorted(number for number, section in study.sections.items() if section["form"] == form)
    if sorted(entry["section"] for entry in schedule) != wanted:
        yield f"the schedule's sections are not those of form {form}"
        return
    for step, shown in sorted(memory.shown.items()):
        if step == 0 or step > 2 * len(schedule):
            continue
        entry = schedule[(step - 1) // 2]
        if sorted(entry["explainers"]) != sorted(study.explainers):
            yield f"the schedule's explainers of section {entry['section']} are {entry['explainers']}"
        elif step % 2:
            pair = study.pair(entry["section"])
            order = [pair[entry["left"]], pair["real" if entry["left"] == "fake" else "fake"]]
            if shown != order:
                yield f"step {step}: shown were {shown}, recorded is {order}"
        else:
            animations = study.sections[entry["section"]]["animations"]
            order = [animations[explainer] for explainer in entry["explainers"]]
            if [name for name in shown if name in animations.values()] != order:
                yield f"step {step}: shown were {shown}, recorded is {order}"


# MARK: For all scripts

def parser(description):
    """A parser of arguments whose help is a script's own description."""
    return argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)


def run(main):
    """Runs a script: its exit status, and a clean end at Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted")
    except (Lost, Unexpected) as error:
        sys.exit(f"failed: {error}")


def report(wrong, limit=30):
    """Prints what is wrong, and gives the exit status."""
    for text in wrong[:limit]:
        print(f"VIOLATION: {text}")
    if len(wrong) > limit:
        print(f"… and {len(wrong) - limit} more")
    print("green: no violation" if not wrong else f"{len(wrong)} violations")
    return 1 if wrong else 0


if __name__ == "__main__":
    print(__doc__)
