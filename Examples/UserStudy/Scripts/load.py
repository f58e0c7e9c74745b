"""Many respondents at once; then the database is compared with what each of them knows.

    python3 load.py BINARY STUDY [--respondents 200] [--kill]

BINARY is the built whyfake-survey; STUDY a study's folder, which is copied, never touched. All respondents are there at
the same time and answer everything as fast as the server lets them. Some send each form twice at once, some go back and
change an answer, some leave and come back by link; all watch parts of videos and compare them with the files. Meanwhile
the administrator takes backups.

With --kill the server is killed twice (SIGKILL) at random moments and started again on the same port at once.
Respondents send what was not acknowledged again, the very same form.

Prints how long requests took, as seen by the clients, which share the machine with the server; the line "client" says
by how much the clients themselves ran late. Exit status 1 where an answer was lost or stored twice, a backup is not
sound, a video's bytes are wrong, or any request got an answer that the contract does not allow.
"""
import asyncio, base64, pathlib, random, tempfile, time
from survey_client import (Habits, Lost, Meter, Respondent, Server, Study, Unexpected, choose_at_random, copied, parser,
                           report, rows, run, verify)

HABITS = [Habits(), Habits(), Habits(twice=1), Habits(back=0.4), Habits(leave=0.3), Habits(twice=0.5, back=0.3, leave=0.2)]


class Load:
    """A run: the people, the server, and what was found wrong."""

    def __init__(self, arguments, study, server):
        self.arguments, self.study, self.server = arguments, study, server
        self.random, self.meter, self.wrong = random.Random(arguments.seed), Meter(), []
        self.people, self.backups, self.lags, self.kills, self.lost_starts = [], [], [], 0, 0
        self.media = {path.name: path.read_bytes() for path in (study.folder / "media").iterdir()}
        sizes = [sum(1 for section in study.sections.values() if section["form"] == form)
                 for form in {section["form"] for section in study.sections.values()}]
        self.expected = arguments.respondents * (1 + 2 * sum(sizes) / len(sizes))

    @property
    def answered(self):
        return len(self.meter.seconds.get("answer", ()))

    async def person(self, number):
        """A respondent, from the introduction to the thanks."""
        habits = HABITS[number % len(HABITS)]
        person = Respondent(str(number), self.server.host, self.server.port, choose_at_random, self.arguments.seed,
                            habits, self.meter, patience=60 if self.arguments.kill else 0)
        self.people.append(person)
        try:
            await person.walk(self.watch)
        except (Lost, Unexpected) as error:
            self.wrong.append(str(error))
        except asyncio.CancelledError:
            self.wrong.append(f"{person} was not through in time: {len(person.memory.answers)} steps")
        finally:
            person.leave()

    async def watch(self, person, page):
        """Part of one of the page's videos."""
        if not page.videos or person.random.random() >= self.arguments.watch:
            return
        path = person.random.choice(page.videos)
        data = self.media[path.rsplit("/", 1)[-1]]
        first = person.random.randrange(len(data))
        last = min(len(data) - 1, first + person.random.randrange(1 << 16))
        response = await person.ask("media", "GET", path, headers=[("Range", f"bytes={first}-{last}")], expected=(206,))
        if response.body != data[first:last + 1] or response.header("Content-Range") != f"bytes {first}-{last}/{len(data)}":
            self.wrong.append(f"{path}, bytes {first}-{last}: {len(response.body)} others")

    async def administrator(self):
        """Looks at everything, again and again, and keeps the backups."""
        login = base64.b64encode(f"load:{self.study.token}".encode()).decode()
        person = Respondent("admin", self.server.host, self.server.port, None, meter=Meter(),
                            patience=60 if self.arguments.kill else 0)
        headers = [("Authorization", f"Basic {login}")]
        try:
            while True:
                for path in ("/admin", "/admin/section/1", "/admin/answers.csv", "/admin/answers.sqlite", "/health"):
                    response = await person.ask(path, "GET", path, headers=headers)
                    if path.endswith(".sqlite") and len(self.backups) < 20:
                        self.backups.append(response.body)
                await asyncio.sleep(self.arguments.backup_every)
        except (Lost, Unexpected) as error:
            self.wrong.append(str(error))
        finally:
            person.leave()

    async def killer(self):
        """Kills the server when a random share of the answers is there, twice."""
        for low, high in ((0.1, 0.45), (0.5, 0.9)):
            share = self.random.uniform(low, high)
            while self.answered < share * self.expected:
                await asyncio.sleep(0.005)
            await asyncio.sleep(self.random.uniform(0, 0.05))
            self.server.kill()
            print(f"killed after {self.answered} acknowledged answers ({self.answered / self.expected:.0%})", flush=True)
            self.kills += 1
            # Blocking on purpose: respondents are to find nobody at the port, then a server that has just begun.
            await asyncio.to_thread(self.server.start)

    async def lag(self):
        """By how much this process itself runs late."""
        while True:
            start = time.perf_counter()
            await asyncio.sleep(0.02)
            self.lags.append(time.perf_counter() - start - 0.02)

    async def go(self):
        """Everything at once, until all respondents are through or time is up."""
        helpers = [asyncio.create_task(work()) for work in [self.lag, self.administrator] + [self.killer] * self.arguments.kill]
        people = [asyncio.create_task(self.person(number)) for number in range(1, self.arguments.respondents + 1)]
        try:
            _, late = await asyncio.wait(people, timeout=self.arguments.time_limit)
            for task in late:
                task.cancel()
            await asyncio.gather(*people, return_exceptions=True)
            if self.arguments.kill and not late:
                await asyncio.wait([helpers[-1]], timeout=5)
        finally:
            for task in helpers:
                task.cancel()
            for result in await asyncio.gather(*helpers, return_exceptions=True):
                if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
                    self.wrong.append(f"{type(result).__name__}: {result}")

    def table(self, seconds):
        """Prints counts and latencies."""
        print(f"\n{'':12}{'requests':>10}" + "".join(f"{name:>10}" for name in ("p50 ms", "p90 ms", "p99 ms", "max ms")))
        names = {"page": "GET page", "answer": "POST answer", "media": "media range", "start": "POST start"}
        for kind, name in names.items():
            times = sorted(self.meter.seconds.get(kind, []))
            if times:
                print(f"{name:12}{len(times):>10}" + "".join(f"{1000 * value:>10.1f}" for value in percentiles(times)))
        if self.lags:
            print(f"{'client':12}{'':>10}" + "".join(f"{1000 * value:>10.1f}" for value in percentiles(sorted(self.lags))))
        count = sum(len(times) for kind, times in self.meter.seconds.items() if kind in names)
        print(f"{count} requests in {seconds:.1f} s, {count / seconds:.0f} a second; {self.meter.lost} lost and sent again, "
              f"{len(self.wrong)} errors, {self.kills} kills")

    def check(self):
        """After the end: the database, and each backup."""
        memories = [person.memory for person in self.people]
        self.wrong += verify(self.study.database, memories, self.study)
        final = rows(self.study.database, "SELECT id, respondent, step, nonce, value, at FROM answer ORDER BY id")
        people = dict(rows(self.study.database, "SELECT id, link FROM respondent"))
        for number, data in enumerate(self.backups, 1):
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "backup.sqlite"
                path.write_bytes(data)
                try:
                    sound = rows(path, "PRAGMA integrity_check")
                    part = rows(path, "SELECT id, respondent, step, nonce, value, at FROM answer ORDER BY id")
                    known = dict(rows(path, "SELECT id, link FROM respondent"))
                except Exception as error:
                    self.wrong.append(f"backup {number} does not open: {error}")
                    continue
                if sound != [("ok",)]:
                    self.wrong.append(f"backup {number}: integrity_check: {sound[:3]}")
                if part != final[:len(part)]:
                    self.wrong.append(f"backup {number}: its {len(part)} answers are not the first of the final {len(final)}")
                if any(people.get(key) != link for key, link in known.items()) or not {row[1] for row in part} <= known.keys():
                    self.wrong.append(f"backup {number}: its respondents are not those of the final database")
        sizes = [len(data) for data in self.backups]
        print(f"{len(sizes)} backups of {min(sizes, default=0)} to {max(sizes, default=0)} bytes; {len(people)} respondents"
              f" and {len(final)} answers in the database, {sum(p.memory.finished for p in self.people)} finished")
        if not self.backups:
            self.wrong.append("no backup was taken: too short a run")
        if self.arguments.kill and self.kills < 2:
            self.wrong.append(f"{self.kills} kills, not 2: too short a run")


def percentiles(times):
    """p50, p90, p99 and the maximum of sorted times."""
    return [times[min(len(times) - 1, int(share * len(times)))] for share in (0.5, 0.9, 0.99, 1)]


def main():
    p = parser(__doc__)
    p.add_argument("binary", help="the built whyfake-survey")
    p.add_argument("study", help="a study's folder")
    p.add_argument("--respondents", type=int, default=200, metavar="N", help="all at once (%(default)s)")
    p.add_argument("--kill", action="store_true", help="kill the server twice")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--watch", type=float, default=0.5, metavar="P",
                   help="share of pages on which part of a video is loaded (%(default)s)")
    p.add_argument("--backup-every", type=float, default=1.0, metavar="SECONDS", help="%(default)s")
    p.add_argument("--time-limit", type=float, default=300, metavar="SECONDS", help="%(default)s")
    arguments = p.parse_args()
    with copied(arguments.study) as folder, Server(arguments.binary, folder) as server:
        load = Load(arguments, Study(folder), server)
        start = time.monotonic()
        asyncio.run(load.go())
        seconds, memory = time.monotonic() - start, server.memory()
        load.wrong += server.stop()
        load.table(seconds)
        if memory:
            print(f"the server's memory at the end: {memory:.0f} MiB")
        load.check()
        if load.wrong:
            print(f"the server's log ends:\n{server.tail()}")
        return report(load.wrong)


if __name__ == "__main__":
    run(main)
