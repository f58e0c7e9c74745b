"""Ten thousand requests that mean harm; then everything is as it was.

    python3 hostile.py BINARY STUDY [--requests 10000] [--seed 0] [--only KIND …]

BINARY is the built whyfake-survey; STUDY a study's folder, which is copied, never touched. Three honest respondents
answer half of their questions. Then requests of the kinds below are sent on raw sockets: the attacker knows the honest
ones' links and forms, which is far more than an attacker would. No request is one that a respondent could mean: each
has a forged, used or foreign token, an answer that is none, a step that is closed, a wrong method, or is no HTTP at
all. So the database has to stay exactly as it was, which is checked after every thousand. Meanwhile honest requests
have to be answered promptly, and slow connections are held open. At last the honest ones finish, and their answers have
to be right.

Exit status 1 where the database changed, a response had status 500, held a file's contents, what the attacker sent as
markup or headers, or lacked the security headers (only an empty 400 of the HTTP parser may), an answer to a request was
none of those allowed, an honest request failed, or the log holds a link, a token or an address. Prints how often each
kind of request got which status; "closed" is a connection that ended without a response, "waits" one on which the
server rightly waits for the rest of the request.
"""
import asyncio, base64, collections, contextlib, dataclasses, hashlib, itertools, random, re, time, urllib.parse
from survey_client import (Lost, Respondent, Server, Study, Unexpected, choose_at_random, copied, parser, read_response,
                           report, run, snapshot, value_text, verify)

REFUSED = {400, 401, 403, 404, 405, 406, 408, 409, 411, 412, 413, 414, 415, 416, 417, 421, 422, 426, 429, 431, 501, 505}
MARK = "<hostile>"
SQL = [
    "' OR '1'='1", "'; DROP TABLE answer; --", "1; DELETE FROM respondent", "\" OR 1=1 --",
    "' UNION SELECT link FROM respondent --", "1' AND SLEEP(5) --", "x'; ATTACH DATABASE '/tmp/hostile' AS h; --",
    "') OR ('a'='a", "%' OR value LIKE '%", "1 OR 1=1", "''", "\\'", "'/**/OR/**/1=1#", "0x27204f522031",
    "'||(SELECT hex(link) FROM respondent)||'", "NULL", "randomblob(1000000000)"
]
MARKUP = [
    MARK, f"\">{MARK}", f"'>{MARK}", f"</title>{MARK}", "{{secret}}", "{{{study}}}", "{{#sections}}x{{/sections}}",
    "${7*7}", "javascript:alert(1)", f"-->{MARK}", f"]]>{MARK}", "&lt;hostile>", "\u202e\u2066hostile", "<hostile\x00>"
]
SPLITS = [
    "%0d%0aX-Injected:%20hostile", "%0aX-Injected:hostile", "%0d%0a%0d%0a<hostile>", "%E5%98%8A%E5%98%8DX-Injected:hostile",
    "%0d%0aSet-Cookie:%20a=b", "%c4%8d%c4%8aX-Injected:%20hostile", "%23%0d%0aLocation:%20//evil.example"
]


@dataclasses.dataclass
class Attack:
    """A request, or what pretends to be one."""
    data: bytes
    allowed: set = None  # statuses, and "closed"; None: whatever is not a failure of the server
    method: str = "GET"
    waits: bool = False  # the server may wait for more
    single: bool = False  # no second response may come
    trusted: bool = False  # with the administrator's token, who may see the key
    limit: int = 1 << 26  # how long the response's body may be


@dataclasses.dataclass
class Honest:
    """An honest respondent half way, and all tokens that were given out."""
    person: Respondent
    used: dict = dataclasses.field(default_factory=dict)  # step: the fields that were sent
    spare: dict = dataclasses.field(default_factory=dict)  # step: a token that was not used
    late: dict = dataclasses.field(default_factory=dict)  # step: a token that came when the step was closed
    now: int = 0  # the step that is due

    @property
    def link(self):
        return self.person.memory.link

    @property
    def form(self):
        """The token of what is due, as a field."""
        return [("form", self.spare[self.now])]

    @property
    def closed(self):
        """Steps that may no longer be changed: Q1 whose Q2 was shown."""
        return [step for step in self.spare if step % 2 and step < self.now]

    async def advance(self, steps):
        """Answers so many steps, and looks at the next."""
        page = await self.person.begin()
        while True:
            self.spare[page.step] = (await self.person.open(page.step)).form.token
            self.now = page.step
            if page.step >= steps:
                break
            fields = self.person.fields(page)
            self.used[page.step] = fields
            page = await self.person.get(await self.person.send(page, fields))
        for step in self.closed:
            tokens = [form.token for form in (await self.person.open(step)).forms if form.token]
            if tokens:
                self.late[step] = tokens[0]


def answers(step, explainers):
    """All answers that a step allows, as fields."""
    if step == 0:
        return [[("screen", screen), ("familiarity", familiarity)] for screen in ("large", "small")
                for familiarity in ("yes", "heard", "no")]
    if step % 2:
        return [[("choice", choice)] for choice in ("1", "2", "unknown")]
    numbers = [str(number) for number in range(1, explainers + 1)]
    return [[("best", number) for number in chosen] for count in range(1, explainers + 1)
            for chosen in itertools.combinations(numbers, count)]


class Attacker:
    """Makes requests. Each method named `kind_…` is an endless source of one kind."""

    # How many of each kind, relative to 1.
    WEIGHTS = {
        "mutated": 6, "forged": 4, "traversal": 4, "links": 2, "values": 3, "replayed": 2, "sql": 3, "encodings": 2,
        "protocols": 0.4, "oversized": 1, "smuggling": 1, "half_open": 0.4
    }

    def __init__(self, study, server, honest, intro_tokens, seed):
        self.study, self.server, self.honest, self.intro = study, server, honest, intro_tokens
        self.rng = random.Random(seed)
        self.pick = self.rng.choice
        self.count = len(study.explainers)
        self.media = sorted(study.labels)
        self.login = "Basic " + base64.b64encode(f"x:{study.token}".encode()).decode()

    def kinds(self):
        """All kinds, by name."""
        return {name[5:]: getattr(self, name) for name in dir(self) if name.startswith("kind_")}

    # Parts of requests

    def request(self, method, path, body=None, headers=(), kind="application/x-www-form-urlencoded", host=True, close=True):
        """A well-formed request, apart from what is asked for."""
        raw = lambda text: text if isinstance(text, bytes) else text.encode()
        lines = [raw(method) + b" " + raw(path) + b" HTTP/1.1"]
        if host:
            lines.append(b"Host: 127.0.0.1:%d" % self.server.port)
        if close:
            lines.append(b"Connection: close")
        if body is not None:
            if not isinstance(body, (bytes, str)):
                body = urllib.parse.urlencode(body)
            body = raw(body)
            if kind:
                lines.append(b"Content-Type: " + raw(kind))
            lines.append(b"Content-Length: %d" % len(body))
        lines += [raw(name) + b": " + raw(value) for name, value in headers]
        return b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")

    def get(self, path, allowed=None, headers=(), host=True, **more):
        """An attack by GET."""
        return Attack(self.request("GET", path, headers=headers, host=host), allowed, **more)

    def post(self, path, body, allowed=REFUSED, headers=(), kind="application/x-www-form-urlencoded", **more):
        """An attack by POST; it has to be refused unless something else is said."""
        return Attack(self.request("POST", path, body, headers, kind), allowed, "POST", **more)

    def one(self):
        """One of the honest, and the path of what is due."""
        someone = self.pick(self.honest)
        return someone, f"/r/{someone.link}/{someone.now}"

    def answer(self, step):
        """An answer that is allowed."""
        return self.pick(answers(step, self.count))

    def other(self, someone, step):
        """Another answer than the one that was sent."""
        sent = value_text(step, someone.used[step])
        return self.pick([fields for fields in answers(step, self.count) if value_text(step, fields) != sent])

    def refused_form(self):
        """A path and fields that are refused whatever else is done with them: a used form with another answer, or one
        of a closed step."""
        someone = self.pick(self.honest)
        if someone.closed and self.rng.random() < 0.5:
            step = self.pick(someone.closed)
            return f"/r/{someone.link}/{step}", [("form", someone.spare[step])] + self.other(someone, step)
        step = self.pick(sorted(someone.used))
        return f"/r/{someone.link}/{step}", [("form", dict(someone.used[step])["form"])] + self.other(someone, step)

    def bad_value(self, step, text=None):
        """An answer that is none."""
        rng, name = self.rng, "screen" if step == 0 else "choice" if step % 2 else "best"
        text = text if text is not None else self.pick([
            "3", "0", "-1", "99", "01", "1.0", "1e0", " 1", "1 ", "+1", "", "true", "null", "[]", "{}", "Unknown",
            "UNKNOWN", "LARGE", "2147483648", "18446744073709551617", "1\x00", "1\n", "\uff11", "\u0661", "\u00b9",
            "1\u200f", "\u202e1", "yes", "a" * 5000
        ] + MARKUP + SQL)
        if text in {value for fields in answers(step, self.count) for _, value in fields}:
            text = "99"
        if step == 0:
            return list((dict(self.answer(0)) | {self.pick(["screen", "familiarity"]): text}).items())
        if step % 2 == 0 and rng.random() < 0.5:
            return self.pick([[("best", "1"), ("best", "1")], [("best", "1"), ("best", text)], [("best", "1,2")],
                              [("best[]", "1")], [("best", "1 2")], [("best", "1")] * 3000,
                              [("best", str(number)) for number in range(1, 200)]])
        return self.pick([[(name, text)], [(name, "1"), (name, text)], [(name.upper(), "1")], [(name + "[]", "1")],
                          [(name + " ", "1")], [], [("choise", "1")], [(name, "")]])

    def encoded(self, text):
        """The same text, percent-encoded in some way, or what careless decoders take for it."""
        style = self.rng.randrange(9)
        if style == 0:
            return text
        if style == 1:
            return "".join(f"%{byte:02x}" for byte in text.encode())
        if style == 2:
            return "".join(f"%25{byte:02X}" for byte in text.encode())
        if style == 3:
            return text.replace("/", "\\")
        if style == 4:
            return text.replace("/", "%5c").replace(".", "%2E")
        if style == 5:
            return text.replace("/", "%c0%af").replace(".", "%c0%ae")  # overlong UTF-8
        if style == 6:
            return text.replace(".", "%u002e").replace("/", "%u2215")
        if style == 7:
            return text.replace("../", "....//").replace("..", "%e0%80%ae.")
        return text.replace("/", "%2f")

    # Kinds

    def kind_traversal(self):
        targets = [
            "study.json", "secret", "admin-token", "answers.sqlite", "answers.sqlite-wal", "texts/en.json", "etc/passwd",
            "proc/self/environ", "proc/self/cmdline", "server.log", "media/../study.json"
        ]
        prefixes = ["/", "/media/", "/admin/", "/style.css/", "//", "/r/", "/media//", "/./", "/media/./", "/texts/"]
        while True:
            path = "../" * self.rng.randrange(1, 9) + self.pick(targets)
            prefix = self.pick(prefixes + [f"/r/{self.pick(self.honest).link}/"])
            path = prefix + self.encoded(path) + self.pick(
                ["", "", "", "%00", "%00.mp4", "?", "#", "?x=.mp4", ";.mp4", "%20", ".", "/", "%0a"])
            form = self.rng.randrange(12)
            if form == 0:
                origins = ["http://127.0.0.1", "http://evil.example", "file://", "https://127.0.0.1:1", "ftp://x"]
                path = self.pick(origins) + path
            elif form == 1:
                path = self.pick([
                    "//etc/passwd", "/etc/passwd", "file:///etc/passwd", "\\\\evil\\share", "/%2e%2e/%2e%2e/etc/passwd",
                    "../../etc/passwd", "..", "*", "/media/" + self.pick(self.media) + "/../../study.json",
                    "/media/..%2f..%2fetc%2fpasswd"
                ])
            method = self.pick(["GET"] * 8 + ["HEAD", "POST"])
            yield Attack(self.request(method, path, b"" if method == "POST" else None), REFUSED, method)

    def kind_files(self):
        """Each file of the study's folder by its name, also one that nobody listed."""
        files = [
            str(path.relative_to(self.study.folder)) for path in sorted(self.study.folder.rglob("*")) if path.is_file()
        ]
        files += [
            "answers.sqlite-wal", "answers.sqlite-shm", "answers.sqlite-journal", "", "media", "texts", ".", ".git/config",
            ".env", "index.html", "favicon.png", "robots.txt", "server-status", "wp-login.php", "admin.php", "debug",
            "metrics"
        ]
        listed = set(self.media) | {video["poster"] for video in self.study.key["videos"]} | set(self.study.explainer_of)
        while True:
            for file in files:
                bare = file.removeprefix("media/")
                forms = [
                    f"/media/../{file}", f"/media/%2e%2e/{file}", f"/media/%2e%2e%2f{file}", f"/texts/{file}", f"/{file}~",
                    f"/{file}.bak", f"/{file}%00", f"/admin/../{file}", f"/r/{file}", f"/static/{file}",
                    f"/media/{bare.upper()}", f"/media/{bare}.mp4", f"/media/{bare}%20", f"/media/{bare}::$DATA"
                ]
                if file:
                    forms += [f"/{file}", f"//{file}"] if file not in listed and not file.startswith("media/") else []
                    forms += [f"/media/{bare}"] if bare not in listed else []
                path = self.pick([form for form in forms if form.removeprefix("/media/") not in listed])
                # A path may, resolved by the letter, be a page or a listed file; a client would have resolved it likewise.
                plain = "/".join(part for part in urllib.parse.unquote(path).replace("/media/..", "").split("/") if part)
                fine = file in ("", ".") or plain.removeprefix("media/") in listed or plain in ("", "admin", "media")
                yield self.get(path, None if fine else REFUSED)

    def kind_sql(self):
        while True:
            text, (someone, path) = self.pick(SQL), self.one()
            quoted = urllib.parse.quote(text, safe="")
            yield self.get(f"/r/{quoted}/0", REFUSED)
            yield self.get(f"/r/{someone.link}{quoted}", REFUSED)
            yield self.get(f"/r/{someone.link}/{quoted}", REFUSED | {303})
            yield self.get(f"/?language={quoted}")
            yield self.get(f"/media/{quoted}", REFUSED)
            yield self.get(f"/admin/section/{quoted}", REFUSED)
            yield self.get(f"/admin/section/{quoted}", REFUSED, headers=[("Authorization", self.login)], trusted=True)
            yield self.get("/admin?" + quoted, {401},
                           headers=[("Authorization", "Basic " + base64.b64encode(text.encode()).decode())])
            name = self.pick([
                "Accept-Language", "User-Agent", "Cookie", "Referer", "X-Forwarded-For", "If-None-Match", "Accept", "Origin"
            ])
            yield self.get(self.pick(["/", "/health", path]), headers=[(name, text)])
            yield self.post(path, someone.form + self.bad_value(someone.now, text))
            yield self.post(path, [("form", text)] + self.answer(someone.now))
            yield self.post(f"/r/{quoted}/{someone.now}", someone.form + self.answer(someone.now))
            yield self.post("/start", [("form", self.pick(self.intro)), ("language", text), ("consent", text)])
            yield self.post("/start", [("form", text), ("language", "en"), ("consent", "yes")])

    def kind_markup(self):
        """What would be markup or a template if it came back as it is."""
        while True:
            text, (someone, path) = self.pick(MARKUP), self.one()
            quoted = urllib.parse.quote(text, safe="")
            yield self.get(f"/?language={quoted}")
            yield self.get(f"/?{quoted}={quoted}")
            yield self.get(f"/{quoted}", REFUSED)
            yield self.get(f"/r/{quoted}/{quoted}", REFUSED)
            yield self.post(path, someone.form + self.bad_value(someone.now, text))
            yield self.post(path, [("form", text), (text, text)])
            yield self.post("/start", [("form", self.pick(self.intro)), ("language", text), (text, "yes")])
            yield self.get("/", headers=[("Accept-Language", text.replace("\x00", "")), ("Referer", quoted)])

    def kind_oversized(self):
        rng = self.rng
        while True:
            someone, path = self.one()
            good = urllib.parse.urlencode(someone.form + self.answer(someone.now)).encode()
            large = {413, "closed"}

            def head(*lines):
                return self.request("POST", path, headers=[("Content-Type", "application/x-www-form-urlencoded"), *lines])

            for size in (16385, rng.randrange(16386, 300_000)):
                yield self.post(path, good + b"&x=" + b"a" * (size - len(good) - 3), large)
                yield self.post(path, b"x=" + b"a" * (size - len(good) - 3) + b"&" + good, large)
            yield self.post("/start", b"consent=yes&x=" + b"a" * 20_000, large)
            piece = b"%x\r\n%b\r\n"
            chunks = piece % (len(good), good) + b"".join(piece % (1000, b"&x=" + b"a" * 997)
                                                          for _ in range(rng.randrange(17, 200)))
            yield Attack(head(("Transfer-Encoding", "chunked")) + chunks + b"0\r\n\r\n", large, "POST")
            yield Attack(
                head(("Transfer-Encoding", "chunked")) + b"".join(piece % (1, b"a") for _ in range(17_000)) + b"0\r\n\r\n",
                large, "POST")
            yield Attack(
                head(("Transfer-Encoding", "chunked")) + b"FFFFFFFFFFFFFFFF\r\n" + b"a" * 20_000, REFUSED | {"closed"},
                "POST", waits=True)
            yield Attack(
                head(("Transfer-Encoding", "chunked")) + self.pick([b"-1", b"0x5", b"zz", b"5 5", b""]) + b"\r\n" + good,
                REFUSED | {"closed"}, "POST", waits=True)
            # Lengths that lie. The rest of a body that is longer than it says is another request, and none.
            bad = urllib.parse.urlencode(someone.form + self.bad_value(someone.now, "77")).encode()
            yield Attack(head(("Content-Length", str(len(bad) + rng.randrange(1, 9999)))) + bad, None, "POST", waits=True)
            yield Attack(head(("Content-Length", str(rng.randrange(30)))) + bad, None, "POST")
            for length in ("-1", "+5", "1e3", "0x10", "5, 5", "5 5", "", "99999999999999999999999", "5;", "\u0665"):
                yield Attack(head(("Content-Length", length)) + good, REFUSED | {"closed"}, "POST", waits=True)
            yield Attack(head(("Content-Length", "1000000000000")) + good, large | {400}, "POST", waits=True)
            yield Attack(
                head(("Content-Length", "5"), ("Content-Length", str(len(good)))) + good, REFUSED | {"closed"}, "POST")
            # Heads without an end.
            yield self.get("/" + "a" * 100_000, REFUSED | {"closed"})
            yield self.get("/?language=" + "a" * 100_000)
            yield self.get(f"/r/{someone.link}/" + "0" * rng.randrange(20, 60_000))
            yield self.get(f"/r/{someone.link}/" + "9" * rng.randrange(5, 3000))
            yield self.get("/health", headers=[("X-Long", "a" * 100_000)])
            yield self.get("/health", headers=[(f"X-{number}", "a" * 100) for number in range(rng.randrange(500, 5000))])
            yield Attack(b"GET /health HTTP/1.1\r\n" + b"X: a\r\n" * 20_000, None, waits=True)
            yield Attack(b"GET /health HTTP/1.1\r\n" + b"X" * 200_000, None, waits=True)
            yield Attack(b"G" * 100_000, None, waits=True)

    def kind_forged(self):
        """Tokens that are not of this form, with answers that would be right."""
        rng = self.rng

        def flipped(token):
            place = rng.randrange(len(token))
            return token[:place] + chr(ord(token[place]) ^ 1 << rng.randrange(7)) + token[place + 1:]

        while True:
            someone, path = self.one()
            step, token = someone.now, someone.spare[someone.now]
            another, foreign = self.rng.sample([other for other in self.honest if other is not someone], 2)
            earlier = self.pick([place for place in someone.spare if place != step])
            raw = rng.randbytes(48)
            tokens = [[flipped(token)] for _ in range(6)] + [
                [token[:-1]], [token[1:]], [token[:len(token) // 2]], [token + "A"], [token + "="], [token + "=="],
                [" " + token], [token + "\n"], [token + "\x00"], [token.swapcase()], [token[::-1]], [token * 2], [""], [],
                ["A" * len(token)], ["0" * len(token)], [token[:22] + "A" *
                                                         (len(token) - 22)], [base64.urlsafe_b64encode(raw).decode()],
                [raw.hex()], [base64.b64encode(raw).decode()], [token + "." + token], [token + "%00"], [someone.link],
                [hashlib.sha256(token.encode()).hexdigest()], ["null"], ["undefined"], ["a" * 8000], [token, token],
                [token, flipped(token)], [flipped(token), token], ["", token], [token, ""], [someone.spare[earlier]],
                [another.spare[another.now]], [foreign.spare[self.pick(sorted(foreign.spare))]],
                [dict(self.pick(list(someone.used.values())))["form"]], [self.pick(self.intro)]
            ]
            for given in tokens:
                body = urllib.parse.urlencode([("form", value) for value in given] + self.answer(step)).encode("latin-1")
                yield self.post(path, body)
            # The right token, elsewhere: in the query, in a header, in another field, at another step, at another's link.
            fields = self.answer(step)
            yield self.post(f"{path}?form={token}", fields)
            yield self.post(path, fields, headers=[("X-CSRF-Token", token), ("Cookie", f"form={token}")])
            yield self.post(path, [(self.pick(["Form", "FORM", "form[]", "token", "form "]), token)] + fields)
            place = self.pick([number for number in range(len(self.study.sections) * 2 + 5) if number != step])
            yield self.post(f"/r/{someone.link}/{place}", [("form", token)] + self.answer(place))
            if another.now == step:
                yield self.post(f"/r/{another.link}/{step}", [("form", token)] + fields)
            yield self.post("/start", [("form", token), ("consent", "yes"), ("language", "en")])
            yield self.post("/start", [("form", flipped(self.pick(self.intro))), ("consent", "yes"), ("language", "en")])
            yield self.post("/start", [("consent", "yes"), ("language", "en")])
            yield self.post("/start", [("form", self.pick(self.intro)), ("language", "en")])
            yield self.post("/start", [("form", self.pick(self.intro)),
                                       ("consent", self.pick(["no", "", "YES", "true", "yes "]))])
            yield self.get("/start?" + urllib.parse.urlencode([("form", self.pick(self.intro)), ("consent", "yes")]),
                           REFUSED)

    def kind_links(self):
        """Links that are near those of others."""
        rng, letters = self.rng, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        while True:
            someone, _ = self.one()
            link, step = someone.link, someone.now
            place = rng.randrange(len(link))
            guesses = ["".join(rng.choices(letters, k=len(link))) for _ in range(4)]
            guesses += [
                link[:place] + self.pick([letter for letter in letters if letter != link[place]]) + link[place + 1:]
                for _ in range(6)
            ]
            guesses += [link[:-1] + letter for letter in letters
                        if letter != link[-1]][rng.randrange(8)::8]  # bits that base64 does not need
            guesses += [
                link.swapcase(),
                link.lower(),
                link.upper(), link[:-1], link[1:], link + "A", link + "=", link + "==", link[::-1], "A" * 22, "-" * 22,
                hashlib.sha256(link.encode()).hexdigest(),
                base64.urlsafe_b64encode(hashlib.sha256(link.encode()).digest()).decode(), link + "%00", link + "%20",
                "%20" + link, link + ".", link + "%0a",
                link.replace(link[0], "%EF%BC%A1", 1), "1", "0", "null", "admin", "*", "%25", "%", "_" * 3000, link + link
            ]
            guesses = [guess for guess in guesses if guess not in [honest.link for honest in self.honest]]
            for guess in guesses:
                yield self.get(f"/r/{guess}" + self.pick(["", "/0", f"/{step}", "/1"]), REFUSED)
                if rng.random() < 0.3:
                    yield self.post(f"/r/{guess}/{step}", [("form", someone.spare[step])] + self.answer(step))
            # The same link in other words is the same link; steps that do not exist or are not due show nothing.
            words = [
                "".join(f"%{byte:02x}" for byte in link.encode()), link + "/", link + "/%30", f"{link}/{step}/", f"/{link}",
                f"{link}//{step}", f"{link}/{step}?x=1", f"{link}/{step}#x", f"{link}/-1", f"{link}/+1", f"{link}/1.0",
                f"{link}/0x1", f"{link}/99", f"{link}/9223372036854775808", f"{link}/%EF%BC%91", f"{link}/1%20",
                f"{link}/{step}/extra", f"{link}/00", f"{link}/null", f"{link}/1;x"
            ]
            yield self.get("/r/" + self.pick(words))

    def kind_replayed(self):
        """The very same form with other answers, and forms of closed steps."""
        while True:
            someone = self.pick(self.honest)
            step = self.pick(sorted(someone.used))
            form = ("form", dict(someone.used[step])["form"])
            yield self.post(f"/r/{someone.link}/{step}", [form] + self.other(someone, step), {409})
            yield self.post(f"/r/{someone.link}/{step}", someone.used[step], {303})  # the same: nothing new
            for step in someone.closed:
                for token in filter(None, (someone.spare[step], someone.late.get(step))):
                    yield self.post(f"/r/{someone.link}/{step}", [("form", token)] + self.other(someone, step), {409})
            yield self.post("/start", someone.person.start_fields, {303})  # nobody begins twice
            path, fields = self.refused_form()
            yield Attack(self.request("POST", path, fields) + self.request("POST", path, fields), {409}, "POST")

    def kind_types(self):
        """Bodies of other types; those that merely say so are forms that are refused anyhow."""
        while True:
            someone, path = self.one()
            fields = someone.form + self.answer(someone.now)
            multipart = "".join(f"--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
                                for name, value in fields) + "--x--\r\n"
            yield self.post(path, multipart, kind="multipart/form-data; boundary=x")
            yield self.post(path, multipart.replace("--x--", ""), kind="multipart/form-data")
            json = "{" + ",".join(f'"{name}":"{value}"' for name, value in fields) + "}"
            yield self.post(path, json,
                            kind=self.pick(["application/json", "text/json", "application/x-www-form-urlencoded"]))
            yield self.post(path, "".join(f"{name}={value}\r\n" for name, value in fields), kind="text/plain")
            yield self.post(path, "<form/>" + MARK, kind="application/xml")
            yield self.post(path, b"\x1f\x8b" + self.rng.randbytes(200), headers=[("Content-Encoding", "gzip")])
            path, fields = self.refused_form()
            kind = self.pick([
                "text/plain", "application/json", "", "x", "application/x-www-form-urlencoded; charset=utf-16", "*/*",
                "text/html\x0b", "a" * 5000, None
            ])
            yield self.post(path, fields, kind=kind)

    def kind_encodings(self):
        """Bodies in other encodings. None says the right name and a right value."""
        while True:
            someone, path = self.one()
            step, token = someone.now, someone.spare[someone.now]
            name = "screen" if step == 0 else "choice" if step % 2 else "best"
            good = urllib.parse.urlencode([("form", token)] + self.answer(step))
            start = f"form={token}&".encode()
            field = start + name.encode()
            bodies = [
                field + value for value in (b"=\xff\xfe", b"=%ff%31", b"=%", b"=%3", b"=%zz", b"=1%", b"=%u0031", b"=%2531",
                                            b"=+1", b"=1+", b"=%EF%BC%91", b"=%D9%A1", b"=%E2%80%8F1", b"=%C0%B1", b"=%001",
                                            b"=1%00", b"%00=1", b"==1", b"", b"=")
            ]
            bodies += [
                good.encode("utf-16"),
                good.encode("utf-16-be"),
                good.encode("utf-32"),
                good.replace("&", ";").encode(),
                good.replace("=", ":").encode()
            ]
            bodies += [
                b"form=\xff" + good.encode()[5:], b"\xef\xbb\xbf" + field + b"=1", start + name.title().encode() + b"=1",
                start + name.upper().encode() + b"=1"
            ]
            bodies += [
                start + b"=1", start + b"&&&&=&=&", start + b"=" * 9000, start + b"a=1&" * 3000, b"&" * 16384, b"=",
                b"%" * 16384, b"form",
                bytes(1000)
            ]
            for body in bodies + [bytes(range(256))]:
                yield self.post(path, body)

    def kind_values(self):
        """The right token and an answer that is none."""
        while True:
            someone, path = self.one()
            yield self.post(path, someone.form + self.bad_value(someone.now))
            step = self.pick([step for step in someone.spare if step not in someone.closed])
            yield self.post(f"/r/{someone.link}/{step}", [("form", someone.spare[step])] + self.bad_value(step))

    def kind_methods(self):
        methods = [
            "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "BREW", "get", "post", "GET ",
            "MOVE", "SEARCH", "PURGE", "X" * 3000
        ]
        while True:
            someone, path = self.one()
            fields = someone.form + self.answer(someone.now)
            for method in methods:
                path = self.pick([
                    f"/r/{someone.link}/{someone.now}", f"/r/{someone.link}", "/start", "/admin/answers.sqlite", "/nowhere",
                    "*", "127.0.0.1:1"
                ])
                body = fields if method != "CONNECT" and path.startswith("/r/") else None
                headers = [("X-Echo", "hostile-echo")] if method == "TRACE" else []
                fine = {"OPTIONS": {200, 204}, "GET ": {200, 303}, "HEAD": {200, 303}}.get(method, set())
                yield Attack(self.request(method, path, body, headers), REFUSED | {"closed"} | fine, method.strip())
                yield Attack(
                    self.request(method, self.pick(["/", "/health", "/style.css", f"/media/{self.pick(self.media)}"])),
                    REFUSED | {"closed"} | fine, method.strip())
            # What some servers take for a method, with an answer that would be right.
            override = self.pick([("X-HTTP-Method-Override", "POST"), ("X-Method-Override", "POST"),
                                  ("X-HTTP-Method", "POST")])
            yield Attack(
                self.request("GET",
                             f"/r/{someone.link}/{someone.now}?" + urllib.parse.urlencode(fields + [("_method", "POST")]),
                             fields, [override]))
            yield self.post("/", [("consent", "yes")])
            yield self.post(f"/r/{someone.link}", fields)
            yield self.post(self.pick(["/health", "/admin", "/style.css", f"/media/{self.pick(self.media)}"]), fields)

    def kind_smuggling(self):
        """Two lengths, folded headers, bare line feeds: what one server reads as one request and another as two."""
        while True:
            path, fields = self.refused_form()
            body = urllib.parse.urlencode(fields).encode()
            inner = self.request("GET", "/health")
            refused = REFUSED | {"closed"}

            def post(*lines, rest):
                return b"\r\n".join([
                    f"POST {path} HTTP/1.1".encode(), b"Host: 127.0.0.1",
                    b"Content-Type: application/x-www-form-urlencoded", *lines, b"", b""
                ]) + rest

            chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
            yield Attack(post(b"Content-Length: 5", b"Transfer-Encoding: chunked", rest=b"0\r\n\r\n" + inner), refused,
                         "POST", waits=True, single=True)
            yield Attack(post(b"Transfer-Encoding: chunked", b"Content-Length: %d" % len(chunked), rest=chunked + inner),
                         refused, "POST", waits=True, single=True)
            for value in (b"xchunked", b"chunked, identity", b"identity, chunked", b" chunked", b"chunked\x0b",
                          b"Chunked, chunked", b"gzip, chunked", b"\"chunked\"", b"chunked;q=1"):
                yield Attack(post(b"Transfer-Encoding: " + value, b"Content-Length: 5", rest=chunked + inner), refused,
                             "POST", waits=True, single=True)
            yield Attack(post(b"Transfer-Encoding : chunked", b"Content-Length: %d" % len(body), rest=body), refused,
                         "POST", waits=True)
            yield Attack(post(b"Content-Length: %d" % len(body), b"X: a", b" folded: b", rest=body), refused, "POST",
                         waits=True)
            yield Attack(post(b"Content-Length: %d" % len(body), b"\tContent-Length: 0", rest=body), refused, "POST",
                         waits=True)
            yield Attack(post(b"Content-Length: %d" % len(body), b"Content-Length : 3", rest=body), refused, "POST",
                         waits=True)
            yield Attack(post(b"Content-Length: %d\nTransfer-Encoding: chunked" % len(body), rest=body), refused, "POST",
                         waits=True)
            yield Attack(post(b"Content-Length: %d\rX: y" % len(body), rest=body), refused, "POST", waits=True)
            yield Attack(
                post(b"Content-Length: %d" % len(body), rest=body).replace(b"\r\n", b"\n"), refused, "POST", waits=True)
            yield Attack(
                post(b"Content-Length: %d" % len(body), rest=body).replace(b"\r\n", b"\r"), refused, "POST", waits=True)
            yield Attack(
                post(b"Transfer-Encoding: chunked",
                     rest=chunked.replace(b"0\r\n\r\n", b"0\r\nX-Trailer: hostile\r\nContent-Length: 3\r\n\r\n")), refused,
                "POST", waits=True)
            yield Attack(
                post(b"Transfer-Encoding: chunked",
                     rest=b"%x;%b\r\n%b\r\n0\r\n\r\n" % (len(body), b"a" * self.rng.randrange(1, 20_000), body)), refused,
                "POST", waits=True)
            yield Attack(b" " + self.request("GET", "/health"), None, waits=True)
            yield Attack(self.request("GET", "/health").replace(b"HTTP/1.1", b"HTTP/1.1\r\nX"), None, waits=True)
            yield Attack(self.request("GET", "/health", b"GET /admin HTTP/1.1\r\nX: y\r\n\r\n"), None, single=True)
            yield Attack(
                b"".join(self.request("GET", "/health", close=False) for _ in range(50)) + self.request("GET", "/nowhere"),
                None)

    def kind_injection(self):
        """Line ends where a header could begin."""
        while True:
            someone, path = self.one()
            text = self.pick(SPLITS)
            yield self.get(f"/?language=it{text}")
            yield self.get(f"/{text}", REFUSED)
            yield self.get(f"/r/{someone.link}{text}", REFUSED)
            yield self.get(f"/r/{text}/0", REFUSED)
            yield self.get(f"/media/{self.pick(self.media)}{text}", REFUSED)
            yield self.get(f"/admin/section/{text}", REFUSED)
            yield self.post("/start", f"form={self.pick(self.intro)}&language=en{text}".encode())
            bad = urllib.parse.unquote_to_bytes(text)
            yield self.post(path, [("form", someone.spare[someone.now] + bad.decode(errors="replace"))] +
                            self.answer(someone.now))
            yield self.get(b"/" + bad, waits=True)
            yield self.get("/health", headers=[("X-A", bad)], waits=True)
            yield self.get("/health", headers=[(bad, "x")], waits=True)
            yield self.get("/health", headers=[(self.pick(["a b", "a(b)", "\x00", "\xe4", "", "a\x7f", "@"]), "x")],
                           waits=True)
            yield self.get("/health", headers=[("X", self.pick(["\x00", "a\x00b", "\x7f", "\x1b[31m", "\u202e", b"\xff"]))],
                           waits=True)

    def kind_ranges(self):
        """Parts of videos that are none, or far too many."""
        sizes = {name: (self.study.folder / "media" / name).stat().st_size for name in self.media}
        while True:
            name = self.pick(self.media)
            size = sizes[name]
            value = self.pick([
                "bytes=", "bytes=-", "bytes=a-b", "bytes=5-2", f"bytes={size}-", f"bytes={size - 1}-{size * 9}", "bytes=-0",
                f"bytes=-{size * 9}", "bytes=0-0,1-1", "bytes=" + ",".join(["0-"] * 1000),
                "bytes=" + ",".join(f"{n}-{n}" for n in range(2000)), "bytes=-1-2", "bytes=--1", "bytes=1--2",
                "bytes=99999999999999999999-", "bytes=0-99999999999999999999",
                "bytes=9223372036854775807-9223372036854775808", "bytes=-9223372036854775808", "bytes=-9223372036854775807",
                "bytes=18446744073709551615-", "bytes 0-1", "octets=0-1", "bytes=0x0-0x5", "bytes=0-1\x0b",
                "bytes=\uff10-\uff11", "bytes= 0 - 1", "BYTES=0-1", "bytes=0-1;x", "none", "", "bytes=" + "9" * 5000 + "-",
                f"bytes=0-{size - 1},0-{size - 1},0-{size - 1}"
            ])
            headers = [("Range", value)] + self.pick([[], [("If-Range", "junk")], [("If-Range", "\"\"")],
                                                      [("Range", "bytes=0-1")], [("If-None-Match", "junk")]])
            method = self.pick(["GET"] * 4 + ["HEAD"])
            yield Attack(self.request(method, f"/media/{name}", headers=headers), {200, 206, 304, 400, 416}, method,
                         limit=2 * size + 4096)

    def kind_admin(self):
        """The administrator's pages without the token."""
        token, secret = self.study.token, (self.study.folder / "secret").read_bytes()
        basic = lambda text: "Basic " + base64.b64encode(text.encode() if isinstance(text, str) else text).decode()
        while True:
            place = self.rng.randrange(len(token))
            flipped = token[:place] + chr(ord(token[place]) ^ 1) + token[place + 1:]
            values = [
                None, "", "Basic", "Basic ", "Basic =", "Basic ====", "Basic \u00e4",
                basic(""),
                basic(":"),
                basic("admin:admin"),
                basic("x:" + flipped),
                basic("x:" + token[:-1]),
                basic("x:" + token + "x"),
                basic("x:" + token + "\x00"),
                basic("x:" + token.swapcase()),
                basic(token),
                basic(token + ":x"),
                basic(token + ":"),
                basic(f"x:y:{token}"),
                basic("x:" + token * 2), "Bearer " + token, "Digest username=\"x\"", token, "Basic " + token,
                "Basic x:" + token,
                basic(b"x:" + secret),
                basic(f"x:{self.pick(self.honest).link}"), "Basic " + "A" * 20_000,
                "Basic " + base64.b64encode(b"\xff\xfe:\x00").decode(), "Negotiate x", f"Basic {MARK}",
                "Basic " + base64.b64encode(b"a" * 9000).decode(),
                self.pick(SQL)
            ]
            for value in values:
                path = self.pick([
                    "/admin", "/admin/section/1", "/admin/answers.csv", "/admin/answers.sqlite", f"/admin?token={flipped}",
                    f"/admin/answers.sqlite?password={token}"
                ])
                headers = [] if value is None else [("Authorization", value)]
                yield self.get(path, {401, 400, 429, 431}, headers=headers, waits=value is not None and "\u00e4" in value)
            yield self.get(
                "/admin/answers.sqlite", {401}, headers=[("Cookie", f"token={token}; admin=true"),
                                                         ("X-Forwarded-For", "127.0.0.1"), ("X-Original-URL", "/admin")])
            yield self.get(f"/admin/section/{self.pick(['-1', '0', '99999', '1/2', '01', '1.0', '%31%00', 'x', '9' * 30])}",
                           REFUSED | {200}, headers=[("Authorization", self.login)], trusted=True)
            yield Attack(
                self.request(self.pick(["POST", "DELETE", "PUT"]), "/admin/answers.sqlite", b"",
                             headers=[("Authorization", self.login)]), REFUSED, "POST", trusted=True)

    def kind_headers(self):
        """Requests that are fine but for a header."""
        etags = ["*", "junk", "\"", "W/", "W/\"\"", "\"a\", \"b\"", "\"" + "a" * 5000 + "\"", ",,,,", "\x7f", "\"" * 999]
        while True:
            someone, path = self.one()
            path = self.pick(
                ["/", "/health", "/style.css", "/nice.js", path, f"/r/{someone.link}", f"/media/{self.pick(self.media)}"])
            header = self.pick([
                ("If-None-Match", self.pick(etags)), ("If-Match", self.pick(etags)),
                ("If-Modified-Since", self.pick(["junk", "Sun, 99 Xxx 0000 99:99:99 GMT", "0"])),
                ("Expect", self.pick(["100-continue", "200-ok", "junk"])),
                ("Upgrade", self.pick(["h2c", "websocket", "TLS/1.0"])), ("HTTP2-Settings", "AAMAAABkAAQAoAAAAAIAAAAA"),
                ("Accept-Encoding", "gzip;q=x, br, *"),
                ("Accept-Language",
                 self.pick(["*", "it;q=x", "-", ",", "../../secret", "en" * 2000, "it;q=1e999", ";", "it" + ",it" * 3000])),
                ("Host", self.pick(["evil.example", "", "127.0.0.1:99999999", "a b", "[::1", "x" * 5000])),
                ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "https"),
                ("Forwarded", "for=127.0.0.1;host=evil.example"), ("Content-Length", "0"),
                ("Connection", self.pick(["close, Host", "upgrade", "x" * 4000])), ("TE", "trailers"),
                ("Referer", "http://evil.example/"), ("Origin", "null"), ("X-Original-URL", "/admin"),
                ("X-Rewrite-URL", "/study.json"), ("Max-Forwards", "-1")
            ])
            yield self.get(path, headers=[header], host=header[0] != "Host" or self.rng.random() < 0.5, waits=True)
            yield self.get(path, host=False)

    def kind_cookies(self):
        while True:
            size = self.pick([100, 4000, 60_000])
            cookie = self.pick([
                "a=" + "b" * size, "; ".join(f"c{number}={number}" for number in range(size // 8)), "=" * size, ";" * size,
                f"link={self.pick(self.honest).link}", "a=\"", "$Version=1", "__Host-x=1; __Secure-y=2",
                "session=../../secret", f"session={MARK}"
            ])
            yield self.get(self.pick(["/", "/health", "/admin"]), headers=[("Cookie", cookie)])

    def kind_protocols(self):
        """Other protocols."""
        hello = bytes.fromhex("16030100c8010000c40303") + bytes(32) + bytes.fromhex("20") + bytes(32) + bytes.fromhex(
            "000213010100") + bytes(100)
        known = [
            b"GET /\r\n", b"GET /study.json\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), hello,
            b"SSH-2.0-hostile\r\n", b"EHLO hostile\r\n", b"\r\n" * 200, b"\x00" * 500, b"GET / HTTP/2.0\r\n\r\n",
            b"GET / HTTP/3\r\n\r\n", b"GET / HTTP/1.9\r\nHost: x\r\n\r\n", b"GET / HTTP/11.1\r\n\r\n",
            b"GET / http/1.1\r\n\r\n", b"GET / HTTP/1.1 x\r\n\r\n", b"GET  /  HTTP/1.1\r\n\r\n",
            b"GET\t/\tHTTP/1.1\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n", b"/ GET HTTP/1.1\r\n\r\n", b"GET", b"\n",
            b"*1\r\n$4\r\nPING\r\n", b"stats\r\n", b"\x05\x01\x00", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n\r\n", b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n", b"\xff\xf4\xff\xfd\x06"
        ]
        while True:
            yield Attack(self.pick(known), None, waits=True)
            yield Attack(self.rng.randbytes(self.rng.randrange(1, 3000)), None, waits=True)

    def kind_half_open(self):
        """Requests that stop in the middle."""
        while True:
            path, fields = self.refused_form()
            data = self.request("POST", path, fields)
            yield Attack(data[:self.rng.randrange(1, len(data) - 1)], None, "POST", waits=True)

    def kind_mutated(self):
        """Real requests with bytes changed, left out, doubled or put in. None of the originals changes anything."""
        rng = self.rng
        while True:
            someone, path = self.one()
            refused, fields = self.refused_form()
            data = bytearray(
                self.pick([
                    self.request("POST", refused, fields),
                    self.request("POST", refused, fields),
                    self.request("GET", path),
                    self.request("GET", "/?language=it"),
                    self.request("GET", f"/media/{self.pick(self.media)}", headers=[("Range", "bytes=0-99")]),
                    self.request("POST", "/start", [("form", self.pick(self.intro)), ("language", "en")]),
                    self.request("GET", "/admin/answers.csv", headers=[("Authorization", "Basic eDp5")]),
                    self.request("GET", f"/r/{someone.link}")
                ]))
            for _ in range(rng.randrange(1, 6)):
                place = rng.randrange(len(data))
                match rng.randrange(6):
                    case 0:
                        data[place] ^= 1 << rng.randrange(8)
                    case 1:
                        data[place] = rng.randrange(256)
                    case 2:
                        del data[place:place + rng.randrange(1, 20)]
                    case 3:
                        data[place:place] = data[place:place + rng.randrange(1, 60)]
                    case 4:
                        data[place:place] = self.pick([
                            b"\r\n", b"\x00", b"%", b"../", b"\xff", b"'", b"<hostile>", b" ", b"&", b"=", b"%00",
                            b"99999999999", b"-"
                        ])
                    case 5:
                        data[place:place] = rng.randbytes(rng.randrange(1, 10))
                if not data:
                    data = bytearray(b"x")
            yield Attack(bytes(data), None, "HEAD" if data.startswith(b"HEAD") else "GET", waits=True)


class Watch:
    """Sends attacks and judges what comes back."""
    def __init__(self, study, server, wait):
        self.study, self.server, self.wait = study, server, wait
        self.table, self.wrong, self.sent = collections.defaultdict(collections.Counter), [], 0
        self.faults, self.secrets, self.key = collections.Counter(), set(), set()
        self.accepted = []  # of the last thousand: what looks as if it was stored
        secret = (study.folder / "secret").read_bytes()
        for raw in (secret, secret.strip()):
            self.secrets |= {raw, raw.hex().encode(), base64.b64encode(raw), base64.urlsafe_b64encode(raw).rstrip(b"=")}
        self.secrets.add(study.token.encode())
        self.key |= {
            b"SQLite format 3", b"root:x:", b"root:*:", b'"schemaVersion"', b'"provenance"', b'"animations"',
            b"CREATE TABLE"
        }
        for video in study.key["videos"]:
            self.key |= {video[name].encode() for name in ("name", "path", "sha256") if len(video.get(name, "")) >= 8}

    async def send(self, kind, attack):
        """One attack; its outcome goes to the table."""
        outcome, responses = "closed", []
        writer = None
        try:
            async with asyncio.timeout(15):
                reader, writer = await asyncio.open_connection(self.server.host, self.server.port, limit=1 << 20)
                with contextlib.suppress(ConnectionError):
                    writer.write(attack.data)
                    async with asyncio.timeout(5):
                        await writer.drain()
                async with asyncio.timeout(self.wait if attack.waits else 10):
                    responses.append(await read_response(reader, attack.method, attack.limit + 1))
                if attack.single and not responses[0].closes:
                    async with asyncio.timeout(self.wait / 2):
                        responses.append(await read_response(reader, attack.method))
        except TimeoutError:
            outcome = "waits"
        except Unexpected:
            outcome = "no HTTP"
        except (Lost, ConnectionError, OSError):
            pass
        finally:
            if writer:
                writer.transport.abort()
        if responses:
            outcome = responses[0].status
        if b"POST" in attack.data and any(response.status == 303 for response in responses) and kind != "replayed":
            self.accepted.append(f"{kind}: {attack.data!r}")
        self.sent += 1
        self.table[kind][outcome] += 1
        for fault in self.judge(attack, outcome, responses):
            self.faults[kind, fault] += 1
            if self.faults[kind, fault] <= 2:
                self.wrong.append(
                    f"{kind}: {fault}; the request began {attack.data[:160]!r}, and ended {attack.data[-100:]!r}"
                    if len(attack.data) > 260 else f"{kind}: {fault}; the request was {attack.data!r}")

    def judge(self, attack, outcome, responses):
        """What is wrong with the responses."""
        if outcome == "no HTTP":
            yield "what came back is no HTTP"
        if outcome == "waits" and not attack.waits:
            yield "no answer within 10 s"
        if attack.allowed is not None and outcome not in attack.allowed and not (outcome == "waits" and attack.waits):
            yield f"the answer was {outcome}"
        if attack.single and len(responses) > 1:
            yield "one request got two responses"
        for response in responses:
            if response.status in (500, 502, 503, 504):
                yield f"status {response.status}"
            raw = response.status in (400, 413, 414, 431, 501,
                                      505) and not response.body and response.closes and (response.status != 413
                                                                                          or attack.method != "POST")
            head = "\n".join(f"{name}: {value}" for name, value in response.headers).encode("latin-1")
            for name, wanted in (("Content-Security-Policy", None), ("X-Content-Type-Options", "nosniff"),
                                 ("Referrer-Policy", "no-referrer")):
                value = response.header(name)
                if not raw and (value is None or wanted and value.lower() != wanted):
                    yield f"status {response.status} with {name}: {value}"
            if response.header("Server") is not None:
                yield f"a header Server: {response.header('Server')}"
            if re.search(rb"(?im)^(x-injected|set-cookie):", head) or b"evil.example" in head:
                yield "a header that the attacker wrote"
            location = response.header("Location")
            if location is not None and (not location.startswith("/") or location.startswith("//")):
                yield "a redirection elsewhere"
            if len(response.body) > attack.limit:
                yield f"more than {attack.limit} bytes came back"
            if b"<hostile" in response.body or b"hostile-echo" in response.body:
                yield "what was sent came back as markup"
            for needle in self.secrets | (set() if attack.trusted else self.key):
                if needle in response.body or needle in head:
                    yield "a file's contents came back: " + ("the secret or the token"
                                                             if needle in self.secrets else repr(needle[:40]))

    def print_table(self):
        """Kinds and how often which status came."""
        outcomes = sorted({outcome
                           for counts in self.table.values()
                           for outcome in counts}, key=lambda o: (isinstance(o, str), str(o)))
        print(f"{'':12}{'all':>7}" + "".join(f"{outcome!s:>8}" for outcome in outcomes))
        total = collections.Counter()
        for kind, counts in sorted(self.table.items()):
            total.update(counts)
            print(f"{kind:12}{counts.total():>7}" + "".join(f"{counts[outcome] or '':>8}" for outcome in outcomes))
        print(f"{'total':12}{total.total():>7}" + "".join(f"{total[outcome]:>8}" for outcome in outcomes))


def differences(before, after):
    """In which rows two snapshots of the database differ."""
    for table in before:
        gone, new = set(before[table]) - set(after[table]), set(after[table]) - set(before[table])
        if gone or new or len(before[table]) != len(after[table]):
            yield f"{table}: {len(gone)} rows changed or gone, {len(new)} new, such as {next(iter(new or gone), None)!r}"


async def slow(server, number):
    """A connection that sends a byte a second, until it is cancelled or closed."""
    writer, count = None, 0
    with contextlib.suppress(ConnectionError, OSError):
        try:
            _, writer = await asyncio.open_connection(server.host, server.port)
            data = itertools.chain(
                b"POST /start HTTP/1.1\r\nContent-Length: 999\r\n" if number % 2 else b"GET / HTTP/1.1\r\n",
                itertools.cycle(b"X-Slow: hostile\r\n"))
            for byte in data:
                writer.write(bytes([byte]))
                await writer.drain()
                count += 1
                await asyncio.sleep(1)
        finally:
            if writer:
                writer.transport.abort()


async def honest_traffic(person, study, wrong, times):
    """Harmless requests, which have to be answered whatever else is going on. They show nothing new, so change nothing."""
    page = await person.open()
    while True:
        start = time.perf_counter()
        try:
            await person.ask("health", "GET", "/health")
            again = await person.open(page.step)
            if [video.rsplit("/", 1)[-1] for video in again.videos] != [video.rsplit("/", 1)[-1] for video in page.videos]:
                wrong.append("an honest respondent's page changed")
            for path in again.videos[:1]:
                await person.ask("media", "GET", path, headers=[("Range", "bytes=0-9")], expected=(206, ))
        except (Lost, Unexpected) as error:
            wrong.append(f"while requests meant harm, an honest one failed: {error}")
            return
        times.append(time.perf_counter() - start)
        await asyncio.sleep(0.25)


def check_log(server, study, honest, lines_before, wrong):
    """The log: refusals, and nothing of who was refused."""
    text = server.log.read_bytes().decode(errors="replace")
    lines = [line for line in text.splitlines() if "listening on" not in line]
    new = lines[max(0, lines_before - 1):]
    if not new:
        wrong.append("the log says nothing of all that was refused")
    tokens = {token for someone in honest for token in someone.spare.values()}
    tokens |= {dict(fields)["form"] for someone in honest for fields in someone.used.values()}
    needles = {
        "a link": {someone.link[:12]
                   for someone in honest}, "a form's token": {token[:16]
                                                              for token in tokens}, "the administrator's token":
        {study.token}, "the secret": {(study.folder / "secret").read_bytes().decode("latin-1").strip()}, "an address":
        {"127.0.0.1",
         "::1"}, "a link's digest": {hashlib.sha256(someone.link.encode()).hexdigest()[:16]
                                     for someone in honest}
    }
    for what, texts in needles.items():
        for line in lines:
            if any(needle in line for needle in texts if len(needle) > 2):
                wrong.append(f"the log holds {what}: {line[:200]!r}")
                break
    for line in lines:
        if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", line):
            wrong.append(f"the log holds control characters: {line[:200]!r}")
            break
    shapes = collections.Counter(re.sub(r"[0-9]{4}-[0-9-]+[T ][0-9:.+Z-]+", "<time>", line) for line in new)
    print(f"\nthe log has {len(new)} lines more, of {len(shapes)} sorts; the most frequent:")
    for line, count in shapes.most_common(8):
        print(f"{count:>7}  {line[:140]}")


async def go(arguments, study, server):
    """All of it; what is wrong."""
    watch = Watch(study, server, arguments.wait)
    wrong = watch.wrong
    honest = [
        Honest(Respondent(name, server.host, server.port, choose_at_random, arguments.seed))
        for name in ("one", "two", "three")
    ]
    steps = 1 + 2 * min(
        sum(section["form"] == form for section in study.sections.values())
        for form in {s["form"]
                     for s in study.sections.values()})
    # One waits at a Q1, one at a Q2, and two at the same step, so that tokens of another differ in nothing but whose they are.
    half = max(2, steps // 2)
    for someone, place in zip(honest, (half + 1 - half % 2, half + half % 2, half + half % 2)):
        await someone.advance(min(place, steps - 1))
    guest = Respondent("guest", server.host, server.port, choose_at_random)
    intro = [(await guest.get("/")).form.token for _ in range(20)]
    before, memory_before = snapshot(study.database), server.memory()
    lines_before = len(server.log.read_text(errors="replace").splitlines())
    attacker = Attacker(study, server, honest, intro, arguments.seed)
    sources = {name: make() for name, make in attacker.kinds().items() if not arguments.only or name in arguments.only}
    if not sources:
        raise SystemExit(f"--only: one of {', '.join(attacker.kinds())}")
    names, weights = list(sources), [attacker.WEIGHTS.get(name, 1) for name in sources]
    order = attacker.rng.choices(names, weights, k=arguments.requests)
    times, room = [], asyncio.Semaphore(arguments.at_once)
    helpers = [asyncio.create_task(honest_traffic(honest[0].person, study, wrong, times))]
    helpers += [asyncio.create_task(slow(server, number)) for number in range(arguments.slow)]
    start = time.monotonic()

    async def attack(kind, what):
        async with room:
            await watch.send(kind, what)

    try:
        for first in range(0, len(order), 1000):
            await asyncio.gather(*(attack(kind, next(sources[kind])) for kind in order[first:first + 1000]))
            changed = list(differences(before, snapshot(study.database)))
            if changed:
                print("the database changed; these were answered as if they were stored:", *watch.accepted[:20], sep="\n  ")
                wrong += [f"the database changed within requests {first} to {first + 1000}: {text}" for text in changed]
                break
            watch.accepted.clear()
            if not server.alive:
                wrong.append(f"the server ended within requests {first} to {first + 1000}:\n{server.tail()}")
                return wrong
            if time.monotonic() - start > arguments.time_limit:
                wrong.append(f"only {watch.sent} requests within {arguments.time_limit} s")
                break
    finally:
        for task in helpers:
            task.cancel()
        await asyncio.gather(*helpers, return_exceptions=True)
    seconds = time.monotonic() - start
    memory_after = server.memory()
    watch.print_table()
    print(
        f"{watch.sent} requests in {seconds:.0f} s, beside {arguments.slow} slow connections and {len(times)} honest rounds, "
        f"of which the slowest took {1000 * max(times, default=0):.0f} ms")
    if memory_before:
        print(f"the server's memory: {memory_before:.0f} MiB before, {memory_after:.0f} MiB after")
    if max(times, default=0) > 5:
        wrong.append(f"an honest round of three requests took {max(times):.1f} s")
    if not times:
        wrong.append("no honest request was answered")
    print("the database is exactly as it was"
          if not list(differences(before, snapshot(study.database))) else "the database changed")
    # The honest ones go on as if nothing had been.
    for someone in honest:
        someone.person.leave()
        try:
            page = await someone.person.open()
            if page.step != someone.now:
                wrong.append(f"{someone.person} is at step {page.step}, not {someone.now}")
            await someone.person.go_on(page)
        except (Lost, Unexpected) as error:
            wrong.append(f"an honest respondent could not finish: {error}")
        finally:
            someone.person.leave()
    guest.leave()
    wrong += verify(study.database, [someone.person.memory for someone in honest], study)
    check_log(server, study, honest, lines_before, wrong)
    return wrong


def main():
    p = parser(__doc__ + "\nKinds: " + ", ".join(name[5:] for name in dir(Attacker) if name.startswith("kind_")) + ".")
    p.add_argument("binary", help="the built whyfake-survey")
    p.add_argument("study", help="a study's folder")
    p.add_argument("--requests", type=int, default=10_000, metavar="N", help="%(default)s")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--only", action="append", metavar="KIND", help="only this kind of request; may be repeated")
    p.add_argument("--at-once", type=int, default=24, metavar="N", help="connections at the same time (%(default)s)")
    p.add_argument("--slow", type=int, default=40, metavar="N", help="connections that send a byte a second (%(default)s)")
    p.add_argument("--wait", type=float, default=0.4, metavar="SECONDS",
                   help="for an answer to what is no whole request (%(default)s)")
    p.add_argument("--time-limit", type=float, default=600, metavar="SECONDS", help="%(default)s")
    arguments = p.parse_args()
    with copied(arguments.study) as folder:
        (folder / "media" / "0123456789abcdef.mp4").write_bytes(b"nobody listed this, so nobody may have it")
        (folder / "media" / "fedcba9876543210.mp4").symlink_to("/etc/passwd")
        with Server(arguments.binary, folder) as server:
            wrong = asyncio.run(go(arguments, Study(folder), server))
            return report(wrong + server.stop())


if __name__ == "__main__":
    run(main)
