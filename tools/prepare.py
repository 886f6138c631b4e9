"""Makes .venv from the locked requirements, once per lock. Run by the Makefile.

Usage: python3 tools/prepare.py run|dev

Must start on any Python, however old, to say what is wrong: keep the syntax plain. Uses the
newest suitable interpreter on PATH if the one that runs it is too old. Exit code 3: this
machine cannot do it; the reason and the remedy are printed.
"""

import hashlib
import os
import subprocess
import sys

OLDEST = (3, 11)
NEWEST_KNOWN = 14
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")


def refuse(reason, remedy):
    sys.stderr.write("prepare: %s\n  remedy: %s\n" % (reason, remedy))
    sys.exit(3)


def interpreter():
    """This Python if it is new enough, else the newest on PATH that is."""
    if sys.version_info >= OLDEST:
        return sys.executable
    for minor in range(NEWEST_KNOWN, OLDEST[1] - 1, -1):
        for folder in os.environ.get("PATH", "").split(os.pathsep):
            candidate = os.path.join(folder, "python3.%d" % minor)
            if not os.access(candidate, os.X_OK):
                continue
            # Version managers put stand-ins on PATH that exist but refuse to run.
            with open(os.devnull, "w") as nowhere:
                if subprocess.call([candidate, "-c", ""], stderr=nowhere) == 0:
                    return candidate
    refuse(
        "Python %d.%d is too old: %d.%d or newer is needed"
        % (sys.version_info[0], sys.version_info[1], OLDEST[0], OLDEST[1]),
        "install Python %d.%d or newer, or name one: make PYTHON=/path/to/python3" % OLDEST,
    )


def run(command, remedy):
    if subprocess.call(command, cwd=ROOT) != 0:
        refuse("this command failed: %s" % " ".join(command), remedy)


def made_here():
    """False for a .venv that was made in another folder: its scripts name that folder."""
    try:
        with open(os.path.join(VENV, "pyvenv.cfg")) as file:
            return VENV in file.read()
    except OSError:
        return False


def main():
    which = sys.argv[1]
    lock = os.path.join(ROOT, "requirements", which + ".txt")
    python = interpreter()
    digest = hashlib.sha256()
    for path in (lock, os.path.join(ROOT, "pyproject.toml")):
        with open(path, "rb") as file:
            digest.update(file.read())
    wanted = "%s %s" % (digest.hexdigest(), ROOT)
    stamp = os.path.join(VENV, "prepared-" + which)
    if os.path.exists(stamp) and made_here():
        with open(stamp) as file:
            if file.read() == wanted:
                return
    print("prepare: installing locked requirements (%s) into .venv" % which)
    sys.stdout.flush()
    venv_python = os.path.join(VENV, "bin", "python")
    if not os.path.exists(os.path.join(VENV, "bin", "pip")) or not made_here():
        run(
            [python, "-m", "venv", "--clear", VENV],
            "install Python's venv module (Debian, Ubuntu: apt install python3-venv)",
        )
    pip = [venv_python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    offline = "check the network or the proxy settings; pip's own words are above"
    run(pip + ["--require-hashes", "-r", lock], offline)
    # As a plain path: setuptools' import hook takes 20 ms of every start.
    plain = ["--config-settings", "editable_mode=compat"]
    run(pip + plain + ["--no-deps", "--no-build-isolation", "--editable", ROOT], offline)
    # Where PYTHONDONTWRITEBYTECODE is set, as in many containers, every start of a cluster would
    # compile the harness anew, which takes as long as the rest of the start.
    subprocess.call([venv_python, "-m", "compileall", "-q", "-j", "0", "harness"], cwd=ROOT)
    with open(stamp, "w") as file:
        file.write(wanted)


if __name__ == "__main__":
    main()
