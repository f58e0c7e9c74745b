"""How right the time left is that whyfake shows: runs a command on a terminal and reads what it draws there.

    python Benchmarks/progress.py [--interrupt SHARE] whyfake explain VIDEO --explainers shap ...

For each label of the progress line (a stage, or an explainer) that lasted three seconds or more: at 30, 50, 70 and 90 %,
the time left that was shown, the time that it took, and their ratio. With --interrupt the command gets Ctrl-C when the last
explainer's share is reached; what it then says, its exit status and what it left in the folder are printed.
"""
import os, pty, re, signal, subprocess, sys, time

LINE = re.compile(r"\r\x1b\[K(.+?) (\d+) %(?:, (.+) left)?$")


def seconds(words):
    units = {"s": 1, "min": 60, "h": 3600}
    parts = words.split()
    return sum(int(n) * units[unit] for n, unit in zip(parts[::2], parts[1::2]))


def main():
    arguments = sys.argv[1:]
    share = None
    if arguments and arguments[0] == "--interrupt":
        share, arguments = float(arguments[1]), arguments[2:]
    before = set(os.listdir("."))
    controller, terminal = pty.openpty()
    process = subprocess.Popen(arguments, stdin=terminal, stdout=subprocess.PIPE, stderr=terminal, start_new_session=True)
    os.close(terminal)
    shown, text = [], ""
    while True:
        try:
            text += os.read(controller, 65536).decode(errors="replace")
        except OSError:  # the terminal is closed: the command has ended
            break
        *drawn, text = re.split(r"(?=\r\x1b\[K)", text)
        # What came last is complete once the line has been drawn to its end.
        if LINE.match(text):
            drawn, text = drawn + [text], ""
        for line in drawn:
            match = LINE.match(line)
            if match:
                label, percent, left = match.groups()
                shown.append((time.monotonic(), label, int(percent), seconds(left) if left else None))
                if share is not None and "explaining" in label and int(percent) >= 100 * share:
                    process.send_signal(signal.SIGINT)
                    share = None
    output, status = process.stdout.read().decode(), process.wait()
    end = time.monotonic()
    if "--interrupt" in sys.argv[:2]:
        print(f"interrupted: exit status {status}, last words {text.strip()!r}, standard output {output!r}, "
              f"left behind: {sorted(set(os.listdir('.')) - before) or 'nothing'}")
        return
    labels = list(dict.fromkeys(label for _, label, _, _ in shown))
    for i, label in enumerate(labels):
        mine = [entry for entry in shown if entry[1] == label]
        finish = next((at for at, other, _, _ in shown if other in labels[i + 1:]), end)
        if finish - mine[0][0] < 3:
            continue
        for percent in (30, 50, 70, 90):
            entry = next((e for e in mine if e[2] >= percent and e[3] is not None), None)
            if entry:
                took = finish - entry[0]
                print(f"{label} {entry[2]} %: {entry[3]} s left shown, {took:.1f} s it took, ratio {entry[3] / took:.2f}")


main()
