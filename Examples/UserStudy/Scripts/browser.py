"""The questionnaire in a real browser: headless Chromium, driven by WebDriver.

    python3 browser.py BINARY STUDY OUT [--only A …]

BINARY is the built whyfake-survey; STUDY a study's folder, which is copied, never touched; OUT a folder for
screenshots. Needs chromium and chromedriver (Debian: apt-get install chromium-driver).

    A  answers everything with the mouse, 1280 × 900, goes back and changes an answer
    B  the same on a telephone, 390 × 844, by touch, in Italian where the study has it
    C  uses nothing but the keyboard, leaves in the middle, and comes back by link in another browser
    D  sends pages twice: back in the browser's history and the same form again, and a double click
    E  has JavaScript disabled

On each page: every field has a label, nothing is loaded from elsewhere, the console holds no error, a telephone need
not scroll sideways, the videos play, and neither page nor headers give away an explainer's name or which video is fake.
Then the administrator's pages, and the database has to hold exactly what was chosen. Exit status 1 where anything is
not so.
"""
import atexit, base64, collections, contextlib, html.parser, json, os, pathlib, random, re, shutil, signal
import subprocess, sys, tempfile, time, urllib.error, urllib.request
from survey_client import Memory, Page, Server, Study, choose_at_random, copied, parser, report, run, value_text, verify

TAB, ENTER, SPACE, DOWN = "\ue004", "\ue007", " ", "\ue015"
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
NAMES = ["gradcam", "grad-cam", "shap", "ltpa", "attention"]
HINT = re.compile(r"(?i)fake|(?<![a-z])real(?![a-z])")
DESKTOP, PHONE = (1280, 900), (390, 844)


class DriverError(Exception):
    """What WebDriver answered instead of a result."""
    def __init__(self, kind, message):
        super().__init__(f"{kind}: {message.splitlines()[0] if message else ''}")
        self.kind = kind


class Driver:
    """chromedriver as a process, stopped whatever happens with all browsers that it started."""
    def __init__(self):
        binary = shutil.which("chromedriver")
        if not binary:
            sys.exit("chromedriver is missing; on Debian: apt-get install chromium-driver")
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.folder = tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True)  # profiles
        self.process = subprocess.Popen([binary, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        start_new_session=True, env=os.environ | {"TMPDIR": self.folder.name})
        atexit.register(self.stop)
        for line in self.process.stdout:
            if match := re.search(r"started successfully on port ([0-9]+)", line):
                self.url = f"http://127.0.0.1:{match[1]}"
                return
        sys.exit("chromedriver does not start")

    def stop(self):
        """Ends it and its browsers: the process group is its own."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
        self.folder.cleanup()

    def call(self, method, path, body=None):
        """A WebDriver command."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with self.opener.open(request, timeout=60) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise DriverError(value["error"], value["message"]) from None
        except OSError as error:
            raise DriverError("no answer", str(error)) from None


class Browser:
    """A browser without history or cookies. A context manager."""
    def __init__(self, driver, size, touch=False, scripts=True):
        self.driver, self.size, self.touch, self.session = driver, size, touch, None
        self.requests, self.responses = [], []
        options = {
            "args": [
                "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                "--disable-background-networking", "--disable-component-update", "--no-first-run",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", f"--window-size={size[0]},{size[1]}"
            ], "prefs": {} if scripts else {"profile.managed_default_content_settings.javascript": 2}
        }
        if touch:
            metrics = {"width": size[0], "height": size[1], "pixelRatio": 2, "touch": True}
            options["mobileEmulation"] = {"deviceMetrics": metrics}
        logs = {"browser": "ALL", "performance": "ALL"}
        self.capabilities = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": logs}

    def __enter__(self):
        value = self.driver.call("POST", "/session", {"capabilities": {"alwaysMatch": self.capabilities}})
        self.session = "/session/" + value["sessionId"]
        if not self.touch:
            self.cdp("Emulation.setDeviceMetricsOverride", width=self.size[0], height=self.size[1], deviceScaleFactor=1,
                     mobile=False)
        return self

    def __exit__(self, *_):
        with contextlib.suppress(DriverError):
            self.driver.call("DELETE", self.session)

    def call(self, method, path, body=None):
        return self.driver.call(method, self.session + path, body)

    def post(self, path, **body):
        return self.call("POST", path, body)

    def cdp(self, command, **parameters):
        return self.post("/goog/cdp/execute", cmd=command, params=parameters)

    def script(self, text, *arguments):
        """A function's body, run in the page by the driver, which may also where pages may not."""
        return self.post("/execute/sync", script=text, args=list(arguments))

    def go(self, url):
        self.post("/url", url=url)

    @property
    def path(self):
        return re.sub(r"^https?://[^/]*", "", self.call("GET", "/url"))

    def page(self):
        """What is in the page."""
        return Page(self.path.split("?")[0], None, self.call("GET", "/source"))

    def find(self, selector):
        return self.post("/element", using="css selector", value=selector)

    def keys(self, *keys):
        """Keys, pressed one after the other."""
        actions = [
            action for key in keys for action in ({"type": "keyDown", "value": key}, {"type": "keyUp", "value": key})
        ]
        self.post("/actions", actions=[{"type": "key", "id": "keyboard", "actions": actions}])

    def point(self, element, kind="mouse", times=1):
        """Clicks or taps on an element's middle, after scrolling to it."""
        self.script("arguments[0].scrollIntoView({block: 'center'})", element)
        press = [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}] * times
        move = {"type": "pointerMove", "duration": 0, "origin": element, "x": 0, "y": 0}
        source = {"type": "pointer", "id": kind, "parameters": {"pointerType": kind}, "actions": [move] + press}
        self.post("/actions", actions=[source])

    def screenshot(self, path):
        """The whole page, not only what is on the screen."""
        size = self.cdp("Page.getLayoutMetrics")["cssContentSize"]
        width, height = max(size["width"], self.size[0]), max(size["height"], self.size[1])
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        picture = self.cdp("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"]
        path.write_bytes(base64.b64decode(picture))

    def collect(self):
        """Takes over what the driver has recorded of network and console; the console's new lines."""
        for entry in self.post("/se/log", type="performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
            elif message["method"] == "Network.responseReceived":
                self.responses.append(message["params"]["response"])
        return [entry for entry in self.post("/se/log", type="browser") if entry["level"] in ("SEVERE", "WARNING")]

    @contextlib.contextmanager
    def another_page(self, what, seconds=10):
        """Waits, after what is done within, until the browser shows another document."""
        root = self.find("html")
        yield
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                self.call("GET", f"/element/{root[ELEMENT]}/name")
                time.sleep(0.03)
            except DriverError as error:
                if error.kind not in ("stale element reference", "no such element"):
                    raise
                break
        else:
            raise DriverError("no other page",
                              f"{what}, at step {self.path.rsplit('/', 1)[-1]}: nothing came within {seconds} s")
        while self.script("return document.readyState") != "complete" and time.monotonic() < end:
            time.sleep(0.03)


class Hints(html.parser.HTMLParser):
    """Where markup, not what people read, says which video is fake."""

    READ = {"aria-label", "alt", "title", "content", "placeholder", "label"}  # attributes that people read or hear
    SIDED = {"video", "source", "input", "img", "figure", "label", "option", "button"}  # elements of one video or answer

    def __init__(self, source):
        super().__init__()
        self.found, self._script = [], False
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        self._script = tag in ("script", "style")
        for name, value in attributes:
            if HINT.search(name) or HINT.search(value or "") and (name not in self.READ or tag in self.SIDED):
                self.found.append(f"<{tag} {name}={value!r}>")

    def handle_endtag(self, tag):
        self._script = False

    def handle_comment(self, data):
        self.found.append(f"a comment: {data[:60]!r}") if HINT.search(data) else None

    def handle_data(self, data):
        if self._script and HINT.search(data):
            self.found.append(f"a script or style: {data[:60]!r}")


class Visitor:
    """A person at a browser, who remembers what was chosen; and what was found wrong, in `wrong`."""
    def __init__(self, name, browser, setting, hand="mouse", language=None):
        self.name, self.browser, self.setting, self.hand, self.language = name, browser, setting, hand, language
        self.memory, self.random = Memory(name), random.Random(f"{setting.seed}/{name}")
        setting.memories.append(self.memory)
        self.console = []  # statuses that this person provoked, which Chromium notes in its console

    # Looking

    def wrong(self, text):
        self.setting.wrong.append(f"{self.name}: {text}")

    def fine(self, what):
        self.setting.checked[what] += 1

    def look(self, kind, playing=True, shot=True):
        """Checks a page and returns what is in it."""
        browser = self.browser
        page = browser.page()
        where = f"{kind}, {re.sub('/r/[^/]+', '/r/…', page.path)}"
        if page.step is not None and kind in ("about", "q1", "q2", "closed"):
            self.memory.shown[page.step] = [video.rsplit("/", 1)[-1] for video in page.videos]
        for problem in browser.script("""return [...document.querySelectorAll('input, select, textarea')].filter(
            e => e.type != 'hidden' && e.type != 'submit' && !e.labels.length && !e.ariaLabel).map(e => e.outerHTML)"""):
            self.wrong(f"{where}: no label: {problem}")
        self.fine("all fields have labels")
        width = browser.script("return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        if width[0] > width[1]:
            self.wrong(f"{where}: scrolls sideways, {width[0]} > {width[1]}")
        self.fine(f"no scrolling sideways at {browser.size[0]} pixels")
        if not page.language or not (page.title or "").strip():
            self.wrong(f"{where}: no language or no title")
        self.leaks(page, where)
        if kind == "q1":
            self.symmetric(page, where)
        if playing and page.videos:
            self.plays(where)
        if shot:
            self.shot(kind)
        self.quiet(where)
        return page

    def shot(self, kind):
        """A screenshot, one for each person and kind of page."""
        path = self.setting.out / f"{self.name}-{'phone' if self.browser.touch else 'desktop'}-{kind}.png"
        if path not in self.setting.shots:
            self.browser.screenshot(path)
            self.setting.shots.append(path)

    def quiet(self, where):
        """Nothing in the console that was not provoked, and nothing from elsewhere."""
        for entry in self.browser.collect():
            message = entry["message"]
            if "favicon.ico" in message:
                self.setting.notes.add("the browser asks for /favicon.ico and gets none: it says so in its console")
            elif any(f"status of {status}" in message for status in self.console):
                pass
            elif entry["level"] == "WARNING":
                self.setting.notes.add("a warning in the console: " + re.sub("/r/[^/ ]+", "/r/…", message)[:200])
            else:
                self.wrong(f"{where}: in the console: {message[:200]}")
        self.fine("no error in the console")
        for url in self.browser.requests:
            if not url.startswith((self.setting.server.origin + "/", "data:", "blob:", "about:")):
                self.wrong(f"{where}: asked for {url[:100]}")
        self.browser.requests.clear()
        self.fine("nothing from elsewhere")
        for response in self.browser.responses:
            if not response["url"].startswith(self.setting.server.origin):
                continue
            for name, value in response["headers"].items():
                if name.lower() == "etag":  # a digest, in which any letters may come together
                    continue
                plain = f"{name}: {value}".replace(self.memory.link or "\n", "")
                if HINT.search(plain) or any(word in plain.lower() for word in self.setting.words):
                    self.wrong(f"{where}: a header gives away: {plain[:100]}")
        self.browser.responses.clear()
        self.fine("no header gives anything away")

    def leaks(self, page, where):
        """Neither explainers' names nor which is fake."""
        source = page.source
        for secret in [form.token for form in page.forms if form.token] + [self.memory.link or "\n"]:
            source = source.replace(secret, "")
        for word in self.setting.words:
            if re.search(rf"(?i)(?<![a-z]){re.escape(word)}(?![a-z])", source):
                self.wrong(f"{where}: the page says {word}")
        for found in Hints(source).found:
            self.wrong(f"{where}: gives away: {found[:150]}")
        names = set(re.findall(r"/media/([^\"'&?#\s]+)", source))
        for name in names:
            if not re.fullmatch(r"[0-9a-f]{16}\.(mp4|jpg)", name):
                self.wrong(f"{where}: a file's name is {name}")
        if page.step and page.step % 2:
            animations = names & self.setting.study.explainer_of.keys()
            if animations - set(self.setting.study.labels):
                self.wrong(f"{where}: Q1 already names animations: {sorted(animations)}")
        self.fine("page and names give nothing away")

    def symmetric(self, page, where):
        """Both videos and both answers look alike."""
        value = self.browser.script("""
            const plain = e => e && e.outerHTML.replace(/[0-9a-f]{16}/g, 'x').replace(/[0-9]+/g, 'n')
              .replace(/ checked(="")?/, '');
            const box = e => {
              const r = e.getBoundingClientRect();
              return [r.width, r.height, r.left, r.top].map(Math.round);
            };
            const videos = [...document.querySelectorAll('video')];
            const choices = ['1', '2'].map(v => document.querySelector(`input[name=choice][value="${v}"]`));
            return {
              videos: videos.map(plain), boxes: videos.map(box),
              labels: choices.map(c => plain(c && c.labels.length ? c.labels[0] : c))
            }""")
        if len(value["videos"]) != 2:
            self.wrong(f"{where}: {len(value['videos'])} videos, not 2")
            return
        if len(set(value["videos"])) != 1:
            self.wrong(f"{where}: the two videos are written differently: {value['videos']}")
        if len(set(value["labels"])) != 1 or None in value["labels"]:
            self.wrong(f"{where}: the two answers are written differently: {value['labels']}")
        (w1, h1, x1, y1), (w2, h2, x2, y2) = value["boxes"]
        if abs(w1 - w2) > 1 or abs(h1 - h2) > 1:
            self.wrong(f"{where}: the two videos are drawn {w1} × {h1} and {w2} × {h2}")
        if not self.browser.touch and (y1 != y2 or x1 >= x2):
            self.wrong(f"{where}: the two videos do not stand side by side: {value['boxes']}")
        self.fine("both videos and both answers are alike")

    def plays(self, where):
        """All videos move, again and again, without sound."""
        state = """const v = document.querySelectorAll('video')[arguments[0]];
            if (arguments[1]) v.scrollIntoView({block: 'center'});
            return {ready: v.readyState, time: v.currentTime, loop: v.loop, muted: v.muted, paused: v.paused,
              error: v.error && v.error.message}"""
        for place in range(self.browser.script("return document.querySelectorAll('video').length")):
            end, first, steps = time.monotonic() + 10, self.browser.script(state, place, True), 0
            while True:
                time.sleep(0.1)
                now = self.browser.script(state, place, False)
                # A script may set all videos to their beginning: what counts is that time goes on, twice in a row.
                steps = steps + 1 if now["ready"] >= 2 and now["time"] > first["time"] and not now["paused"] else 0
                if steps >= 2:
                    break
                first = now
                if time.monotonic() > end:
                    self.wrong(f"{where}: video {place + 1} does not play: {now}")
                    break
            if not now["loop"] or not now["muted"]:
                self.wrong(f"{where}: video {place + 1} does not begin again, or is not silent: {now}")
            self.fine("videos play, in a loop, silent")

    # Doing

    def choose(self, fields):
        """Makes the page's fields what they are to be."""
        wanted = set(fields)
        inputs = self.browser.script(
            """return [...document.querySelectorAll('form input')].filter(e => e.type == 'radio' || e.type == 'checkbox')
            .map(e => [e, e.type, e.name, e.value, e.checked])""")
        for element, kind, name, value, checked in inputs:
            if (name, value) in wanted and not checked or kind == "checkbox" and (name, value) not in wanted and checked:
                self.press(element, kind, name, value)
        there = self.browser.script("return [...document.querySelectorAll('input:checked')].map(e => [e.name, e.value])")
        if {tuple(pair) for pair in there} != wanted:
            raise DriverError("wrong choice", f"{self.name}: {there} is chosen, not {sorted(wanted)}")

    def press(self, element, kind, name, value):
        """One field, by mouse, touch or keyboard."""
        if self.hand == "keyboard":
            self.tab_to(lambda a: a["name"] == name and (kind == "radio" or a["value"] == value), f"{name}={value}")
            for _ in range(20):
                if self.active()["value"] == value:
                    break
                self.browser.keys(DOWN)
            if not self.active()["checked"] or kind == "checkbox":
                self.browser.keys(SPACE)
            return
        # What people hit is the label, or the box itself where it is drawn.
        target = self.browser.script(
            """const e = arguments[0], r = e.getBoundingClientRect(); e.scrollIntoView({block: 'center'});
            const b = e.getBoundingClientRect(), top = document.elementFromPoint(b.left + b.width / 2, b.top + b.height / 2);
            return r.width > 4 && (top == e || e.labels.length && e.labels[0].contains(top)) ? e : e.labels[0] || e""",
            element)
        self.browser.point(target, "touch" if self.hand == "touch" else "mouse")

    def active(self):
        """What has the keyboard."""
        return self.browser.script("""const e = document.activeElement;
            return {tag: e.tagName, name: e.name || '', value: e.value || '', checked: !!e.checked, type: e.type || '',
              ours: !!(e.form && e.form.querySelector('input[name=form]'))}""")

    def tab_to(self, suits, what):
        """Presses Tab until what suits has the keyboard."""
        for _ in range(80):
            if suits(self.active()):
                return
            self.browser.keys(TAB)
        raise DriverError("out of reach", f"{self.name}: {what} cannot be reached with the keyboard")

    def button(self):
        """The button of the form with a token."""
        return self.browser.script("""return document.querySelector('input[name=form]').form
            .querySelector('button:not([type=button]), input[type=submit]')""")

    def submit(self, times=1):
        """Sends the form and waits for what comes."""
        with self.browser.another_page("the form was sent"):
            if self.hand == "keyboard":
                self.tab_to(lambda a: a["ours"] and a["type"] == "submit", "the button")
                self.browser.keys(ENTER)
            else:
                self.browser.point(self.button(), "touch" if self.hand == "touch" else "mouse", times)

    def follow(self, selector):
        """Follows a link."""
        with self.browser.another_page(f"the link {selector} was followed"):
            element = self.browser.find(selector)
            if self.hand == "keyboard":
                self.tab_to(
                    lambda a: a["tag"] == "A" and self.browser.script("return document.activeElement.matches(arguments[0])",
                                                                      selector), "the link")
                self.browser.keys(ENTER)
            else:
                self.browser.point(element, "touch" if self.hand == "touch" else "mouse")

    def goes_to(self, path, after):
        """The browser has to be at a path."""
        if self.browser.path != path:
            self.wrong(
                f"{after} leads to {re.sub('/r/[^/]+', '/r/…', self.browser.path)}, not {re.sub('/r/[^/]+', '/r/…', path)}")
        return self.browser.path == path

    def step_path(self, step):
        return f"/r/{self.memory.link}/{step}"

    def begin(self, times=1):
        """The introduction; then consent, with so many clicks."""
        self.browser.go(self.setting.server.origin + "/" + (f"?language={self.language}" if self.language else ""))
        page = self.look("introduction")
        self.memory.language = page.language
        self.choose([("consent", "yes")])
        self.submit(times)
        match = re.fullmatch(r"/r/([A-Za-z0-9_-]{22,})/0", self.browser.path)
        if not match:
            raise DriverError("no link", f"{self.name}: consent leads to {self.browser.path}")
        self.memory.link = match[1]

    @staticmethod
    def kind_of(page):
        """What sort of page a step's is."""
        if page.form is None:
            return "closed" if page.videos else "thanks"
        return "about" if page.step == 0 else "q1" if page.step % 2 else "q2"

    def answer(self, page, fields=None, times=1):
        """Answers the page that is shown; returns the fields."""
        fields = fields or choose_at_random(page, self.random)
        self.choose(fields)
        self.submit(times)
        if self.goes_to(self.step_path(page.step + 1), f"step {page.step}"):
            self.memory.remember(page.step, value_text(page.step, fields))
        return fields

    def nothing_chosen(self, page):
        """Sends the page without an answer: either the browser holds it back, or the server asks again."""
        root, path = self.browser.find("html"), self.browser.path
        self.console.append(422)
        element = self.button()
        if self.hand == "keyboard":
            self.tab_to(lambda a: a["ours"] and a["type"] == "submit", "the button")
            self.browser.keys(ENTER)
        else:
            self.browser.point(element, "touch" if self.hand == "touch" else "mouse")
        time.sleep(0.4)
        try:
            self.browser.call("GET", f"/element/{root[ELEMENT]}/name")
            self.setting.notes.add(f"nothing chosen at {self.kind_of(page)}: the browser itself holds the form back")
            with self.browser.another_page("an empty form was sent"):
                self.browser.script(
                    "HTMLFormElement.prototype.submit.call(document.querySelector('input[name=form]').form)"
                )
        except DriverError as error:
            if error.kind != "stale element reference":
                raise
        if not self.goes_to(path, "an empty form"):
            return
        self.look(f"error-{self.kind_of(page)}", playing=False)
        if self.browser.page().form is None:
            self.wrong("after an empty form there is no form to answer")
        self.fine("an empty form is asked again")

    def finish(self, page_hook=None, until=None):
        """Answers page by page until the thanks, or until a step is shown."""
        for _ in range(500):
            page = self.look_at_step()
            kind = self.kind_of(page)
            if kind == "thanks":
                self.memory.finished = True
                return
            if until is not None and page.step >= until:
                return
            if kind == "closed":
                self.browser.go(self.setting.server.origin + f"/r/{self.memory.link}")
                continue
            if page_hook and page_hook(page):
                continue
            self.answer(page)
        raise DriverError("no end", f"{self.name}: no thanks after 500 pages")

    def look_at_step(self):
        """Looks at a step's page; whether videos play is asked at the first few of each kind only, for it takes time."""
        kind = self.kind_of(self.browser.page())
        self.setting.seen[self.name, kind] += 1
        return self.look(kind, playing=self.setting.seen[self.name, kind] <= 2)


class Setting:
    """What all visitors share."""
    def __init__(self, server, study, out, seed):
        self.server, self.study, self.out, self.seed = server, study, out, seed
        self.wrong, self.checked, self.notes, self.shots = [], collections.Counter(), set(), []
        self.memories = []
        self.seen, self.words = collections.Counter(), sorted(set(NAMES) | {name.lower() for name in study.explainers})


def somebody(name, driver, setting, hand, **options):
    """A, B and E: answer everything, send an empty form of each kind first, and change an answer."""
    size = PHONE if options.get("touch") else DESKTOP
    with Browser(driver, size, **options) as browser:
        if options.get("scripts") is False:
            browser.go("data:text/html,<title>off</title><script>document.title = 'on'</script>")
            if browser.call("GET", "/title") != "off":
                raise DriverError("scripts", "JavaScript is not disabled")
            browser.collect()
            browser.requests.clear()
        visitor = Visitor(name, browser, setting, hand, "it" if name == "B" else None)
        visitor.begin()
        empty, changed = set(), []

        def hook(page):
            kind = visitor.kind_of(page)
            if kind not in empty:
                empty.add(kind)
                visitor.nothing_chosen(page)
                return True
            if kind == "q2" and not changed and page.back:
                # Back from Q2: Q1 is closed. Then on, and back from the next Q1: Q2 is open.
                changed.append(page.step)
                visitor.follow("a[rel~=prev]")
                closed = visitor.look("closed", playing=False)
                if closed.form is not None:
                    visitor.wrong("Q1 is open although its Q2 was shown")
                browser.go(setting.server.origin + visitor.step_path(page.step))
                return True
            if kind == "q1" and len(changed) == 1 and page.step == changed[0] + 1 and page.back:
                changed.append(page.step)
                visitor.follow("a[rel~=prev]")
                earlier = visitor.look("q2", playing=False)
                old = visitor.memory.answers[earlier.step][-1]
                fields = next(f for f in iter(lambda: choose_at_random(earlier, visitor.random), None)
                              if value_text(earlier.step, f) != old)
                there = browser.script("return [...document.querySelectorAll('input:checked')].map(e => [e.name, e.value])")
                if not there or value_text(earlier.step, [tuple(pair) for pair in there]) != old:
                    visitor.wrong(f"gone back to Q2, which does not show what was answered: {there}, not {old}")
                visitor.answer(earlier, fields)
                setting.checked["an answer was changed"] += 1
                return True
            return False

        visitor.finish(hook)
        visitor.console.append(404)
        browser.go(setting.server.origin + "/r/" + "A" * 22)
        visitor.look("not-found", playing=False)
    return visitor.memory


def by_keyboard(name, driver, setting):
    """C: the keyboard only; leaves and comes back by link, in a browser that knows nothing."""
    with Browser(driver, DESKTOP) as browser:
        visitor = Visitor(name, browser, setting, "keyboard")
        visitor.begin()
        middle = 2 + random.Random(setting.seed).randrange(3)
        visitor.finish(until=middle)
        step = browser.page().step
    with Browser(driver, DESKTOP) as browser:
        visitor.browser = browser
        browser.go(setting.server.origin + f"/r/{visitor.memory.link}")
        visitor.goes_to(visitor.step_path(step), "the link after leaving")
        setting.checked["a link leads back to where one was"] += 1
        visitor.finish()
    return visitor.memory


def twice(name, driver, setting):
    """D: double clicks, and forms sent again from the history."""
    with Browser(driver, DESKTOP) as browser:
        visitor = Visitor(name, browser, setting, "mouse")
        visitor.console.append(409)
        visitor.begin(times=2)
        time.sleep(1)  # for the second of the two requests
        visitor.goes_to(visitor.step_path(0), "a double click")

        def back_to(step):
            """Back in the history; the page there, or None where it has no form any more."""
            with browser.another_page("back in the history"):
                browser.post("/back")
            page = browser.page()
            if page.step != step:
                visitor.wrong(f"back in the history leads to step {page.step}, not {step}")
            return page if page.form is not None and page.step == step else None

        def hook(page):
            fields = choose_at_random(page, visitor.random)
            if page.step == 0:
                visitor.answer(page, fields, times=2)
                time.sleep(1)  # for the second of the two requests
                visitor.goes_to(visitor.step_path(1), "a double click")
                setting.checked["a double click"] += 1
                return True
            if page.step > 4:
                return False
            visitor.answer(page, fields)
            visitor.look_at_step()
            again = back_to(page.step)
            if again is None:
                setting.notes.add(f"back in the history to an answered {visitor.kind_of(page)}: its form is gone (closed)")
            else:
                token = "the same form" if again.form.token == page.form.token else "a new form"
                setting.notes.add(f"back in the history to an answered {visitor.kind_of(page)}: {token}")
                if page.step == 4:
                    # With another answer: stored if the form is new, refused if it is the same.
                    fields = next(f for f in iter(lambda: choose_at_random(page, visitor.random), None)
                                  if value_text(4, f) != value_text(4, fields))
                visitor.choose(fields)
                visitor.submit()
                there = browser.page()
                if there.path == visitor.step_path(page.step + 1):
                    if page.step == 4 and again.form.token == page.form.token:
                        visitor.wrong("the same form with another answer was accepted")
                    visitor.memory.remember(page.step, value_text(page.step, fields))
                elif page.step == 4:
                    visitor.look("conflict", playing=False)
                else:
                    visitor.wrong(f"the same form again leads to step {there.step}: {there.title}")
            setting.checked["the same page again from the history"] += 1
            browser.go(setting.server.origin + f"/r/{visitor.memory.link}")
            return True

        visitor.finish(hook)
    return visitor.memory


def administrator(driver, setting):
    """The administrator's pages, on both screens."""
    login = base64.b64encode(f"x:{setting.study.token}".encode()).decode()
    for size, touch in ((DESKTOP, False), (PHONE, True)):
        with Browser(driver, size, touch) as browser:
            visitor = Visitor("admin", browser, setting)
            browser.cdp("Network.enable")
            browser.cdp("Network.setExtraHTTPHeaders", headers={"Authorization": f"Basic {login}"})
            for path, kind in (("/admin", "overview"), ("/admin/section/1", "section")):
                browser.go(setting.server.origin + path)
                page = browser.page()
                status = [
                    response["status"] for response in (browser.collect(), browser.responses)[1]
                    if response["url"] == setting.server.origin + path
                ]
                if status[-1:] != [200] or not page.title:
                    visitor.wrong(f"{path}: status {status}, title {page.title!r}")
                visitor.shot(kind)
                width = browser.script(
                    "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
                if width[0] > width[1]:
                    setting.notes.add(f"{path} scrolls sideways at {size[0]} pixels: {width[0]}")
                browser.responses.clear()
                for url in browser.requests:
                    if not url.startswith((setting.server.origin + "/", "data:", "about:")):
                        visitor.wrong(f"{path}: asked for {url[:100]}")
                setting.checked["the administrator's pages"] += 1


def main():
    p = parser(__doc__)
    p.add_argument("binary", help="the built whyfake-survey")
    p.add_argument("study", help="a study's folder")
    p.add_argument("out", help="a folder for screenshots; it is made")
    p.add_argument("--only", action="append", choices=list("ABCDE"), help="only this person; may be repeated")
    p.add_argument("--seed", type=int, default=0)
    arguments = p.parse_args()
    out = pathlib.Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    people = {
        "A": lambda *a: somebody(*a, "mouse"),
        "B": lambda *a: somebody(*a, "touch", touch=True),
        "C": by_keyboard,
        "D": twice,
        "E": lambda *a: somebody(*a, "mouse", scripts=False),
    }
    with copied(arguments.study) as folder, Server(arguments.binary, folder) as server:
        driver, study = Driver(), Study(folder)
        setting = Setting(server, study, out, arguments.seed)
        try:
            for name, person in people.items():
                if arguments.only and name not in arguments.only:
                    continue
                start = time.monotonic()
                try:
                    memory = person(name, driver, setting)
                    print(f"{name}: {'finished' if memory.finished else 'not finished'}, {len(memory.answers)} steps in "
                          f"{time.monotonic() - start:.0f} s", flush=True)
                except DriverError as error:
                    setting.wrong.append(f"{name} could not go on: {error}")
            try:
                administrator(driver, setting)
            except DriverError as error:
                setting.wrong.append(f"the administrator's pages: {error}")
        finally:
            driver.stop()
        wrong = setting.wrong
        memories = [memory for memory in setting.memories if memory.link]
        wrong += verify(study.database, memories, study, strays=sum("could not go on" in text for text in wrong))
        wrong += server.stop()
        for what, count in sorted(setting.checked.items()):
            print(f"checked {count:>5} times: {what}")
        print(f"checked: the database holds exactly what {len(memories)} people chose and were shown")
        for note in sorted(setting.notes):
            print(f"note: {note}")
        print(f"{len(setting.shots)} screenshots in {out}")
        return report(wrong)


if __name__ == "__main__":
    run(main)
