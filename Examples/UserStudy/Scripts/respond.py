"""Scripted respondents, for a walk-through of a running questionnaire.

    python3 respond.py http://127.0.0.1:8080 --respondents 3 --seed 1
    python3 respond.py URL --respondents 67 --study FOLDER --right 0.85 --prefer shap=0.6 --prefer ltpa=0.3

Prints a line for each. Without --study everybody answers at random. With it, the key in FOLDER/study.json says which
video is fake and which animation is whose, so that people can be right (--right) and have a taste (--prefer). The order
of people, answers and tastes is decided by the seed; links are not.
"""
import asyncio, re, urllib.parse
from survey_client import Habits, Lost, Respondent, Study, Unexpected, choose_at_random, parser, run

# How many of a hundred say what at step 0: the slides of the original study.
SCREENS = {"large": 43, "small": 57}
FAMILIARITIES = {"yes": 37, "heard": 33, "no": 30}


def plausible(study, right, unknown, tastes):
    """Who names the fake with probability `right`, else the other video or (`unknown`) neither, and ticks an
    explainer's animation with the probability of `tastes`."""
    def choose(page, rng):
        names = [video.rsplit("/", 1)[-1] for video in page.videos]
        if page.step == 0:
            draw = lambda shares: rng.choices(list(shares), list(shares.values()))[0]
            return [("screen", draw(SCREENS)), ("familiarity", draw(FAMILIARITIES))]
        if page.step % 2:
            fake = next(place for place, name in enumerate(names, 1) if study.labels.get(name) == "fake")
            chance = rng.random()
            wrong = "unknown" if rng.random() < unknown else str(3 - fake)
            return [("choice", str(fake) if chance < right else wrong)]
        explainers = [study.explainer_of[name] for name in names if name in study.explainer_of]
        best = [place for place, explainer in enumerate(explainers, 1) if rng.random() < tastes[explainer]]
        return [("best", str(place)) for place in best or [rng.randint(1, len(explainers))]]
    return choose


async def people(arguments, url, choose):
    """One after the other; 1 where something failed."""
    status = 0
    for number in range(1, arguments.respondents + 1):
        person = Respondent(str(number), url.hostname, url.port or 80, choose, arguments.seed,
                            Habits(back=arguments.back), patience=arguments.patience)
        stops = person.random.random() < arguments.leave

        async def wait(_, page):
            if arguments.delay:
                await asyncio.sleep(person.random.expovariate(1 / arguments.delay))
        try:
            page = await person.begin(arguments.language)
            steps = person.random.randint(1, 6) if stops else None
            await person.go_on(page, wait, steps)
            memory = person.memory
            choices = [values[-1] for step, values in memory.answers.items() if step % 2]
            print(f"respondent {number}: {'finished' if memory.finished else 'stopped'} after {len(memory.answers)} steps"
                  f" ({len(choices)} sections), {url.geturl().rstrip('/')}/r/{memory.link}", flush=True)
        except (Lost, Unexpected) as error:
            print(f"respondent {number}: failed: {error}", flush=True)
            status = 1
        finally:
            person.leave()
    return status


def main():
    p = parser(__doc__)
    p.add_argument("url", help="where the questionnaire is, such as http://127.0.0.1:8080")
    p.add_argument("--respondents", type=int, default=3, metavar="N")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--language", metavar="TAG", help="such as it; else the server chooses")
    p.add_argument("--study", metavar="FOLDER", help="the study's folder, for its key")
    p.add_argument("--right", type=float, default=0.85, help="probability that Q1 names the fake (with --study; %(default)s)")
    p.add_argument("--unknown", type=float, default=0.5, help="probability that who is not right says so (%(default)s)")
    p.add_argument("--prefer", action="append", default=[], metavar="EXPLAINER=P",
                   help="probability that an explainer's animation is ticked; 0.4 for those not named")
    p.add_argument("--back", type=float, default=0.0, metavar="P", help="how often, by page, an answer is changed")
    p.add_argument("--leave", type=float, default=0.0, metavar="P", help="how many stop early")
    p.add_argument("--delay", type=float, default=0.0, metavar="SECONDS", help="mean time that a page is looked at")
    p.add_argument("--patience", type=float, default=5.0, metavar="SECONDS", help="for how long a lost request is repeated")
    arguments = p.parse_args()
    url = urllib.parse.urlsplit(arguments.url)
    if url.scheme != "http" or not url.hostname:
        p.error("URL is to begin with http://")
    choose = choose_at_random
    if arguments.study:
        study = Study(arguments.study)
        tastes = dict.fromkeys(study.explainers, 0.4)
        for text in arguments.prefer:
            name, _, value = text.partition("=")
            if name not in tastes or not re.fullmatch(r"0|1|[01]?\.[0-9]+", value):
                p.error(f"--prefer {text}: one of {', '.join(tastes)}, then = and a probability")
            tastes[name] = float(value)
        choose = plausible(study, arguments.right, arguments.unknown, tastes)
    elif arguments.prefer:
        p.error("--prefer needs --study")
    return asyncio.run(people(arguments, url, choose))


if __name__ == "__main__":
    run(main)
