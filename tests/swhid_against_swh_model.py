#!/usr/bin/env python3
"""Compares the SWHIDs that avalaches prints with those that Software Heritage's own library computes.

Not run by `cargo test`: it installs swh-model from PyPI into a temporary folder. Run it as

    python3 tests/swhid_against_swh_model.py target/debug/avalaches

It makes an archive, reads every object as git has it, lets swh.model encode and name it, and lets it parse each
qualified identifier that the program prints. It needs git and python3 with venv.
"""

import os
import subprocess
import sys
import tempfile

PAGES = {
    "bridge": "桥今天通车。\n\nThe bridge opened today; 100% of it.\n",
    "ferry": "渡船明天停航。\n",
}


def run(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, **more)


def begin(program):
    """Installs the library beside a new archive and goes on under its interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        python = os.path.join(folder, "venv", "bin", "python")
        run(sys.executable, "-m", "venv", os.path.join(folder, "venv"))
        run(python, "-m", "pip", "install", "--quiet", "swh-model")
        return subprocess.run([python, __file__, program, folder], check=False).returncode


def compare(program, folder):
    from importlib.metadata import version

    from swh.model import hashutil, model, swhids

    archive = os.path.join(folder, "archive")
    environment = {"PATH": os.environ["PATH"], "HOME": folder, "SOURCE_DATE_EPOCH": "1769140800"}

    def avalaches(*arguments):
        return run(program, "--archive", archive, *arguments, cwd=folder, env=environment)

    def git(*arguments, **more):
        return run("git", "--git-dir", archive, *arguments, **more).stdout

    run(program, "init", archive, "--byline", "Desk", "--base-url", "https://example.org/a;b/", env=environment)
    for slug, text in PAGES.items():
        page = os.path.join(folder, slug + ".txt")
        with open(page, "w", encoding="utf-8") as file:
            file.write(text)
        avalaches("add", page, "--slug", slug, "--date", "2026-01-22")

    counts = {}
    for line in git("cat-file", "--batch-all-objects", "--batch-check").decode().splitlines():
        name, kind, _ = line.split()
        body = git("cat-file", kind, name)
        if kind == "blob":
            computed = model.Content.from_data(body).swhid()
        elif kind == "tree":
            computed = directory(model, body).swhid()
        else:
            computed = revision(model, hashutil, body).swhid()
        assert computed.object_id.hex() == name, (kind, name, str(computed))
        counts[computed.object_type.value] = counts.get(computed.object_type.value, 0) + 1

    parsed = 0
    for slug in PAGES:
        said = avalaches("show", "-v", "2026/01/22/" + slug).stderr.decode()
        names = [line.removeprefix("note: ") for line in said.splitlines()]
        assert len(names) == 3, said
        names.append(names[2] + ";lines=1")
        names.append(names[2] + ";lines=1-1")
        for name in names:
            read = swhids.QualifiedSWHID.from_string(name)
            assert read.origin == "https://example.org/a;b/", name
            canonical = name.replace(";lines=1-1", ";lines=1")
            assert str(read) in (name, canonical), (name, str(read))
            kind = git("cat-file", "-t", read.object_id.hex()).decode().strip()
            assert {"commit": "rev", "tree": "dir", "blob": "cnt"}[kind] == read.object_type.value, name
            if read.anchor:
                at = read.anchor.object_id.hex() + ":" + read.path.decode().lstrip("/")
                assert git("rev-parse", at).decode().strip() == read.object_id.hex(), name
            avalaches("verify", str(read))
            parsed += 1
    counted = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    print(f"swh.model {version('swh-model')} names all objects as git does: {counted}")
    print(f"it reads and prints {parsed} qualified identifiers as avalaches does, and avalaches verifies them")
    return 0


def directory(model, body):
    """Takes a tree apart as git writes it."""
    kinds = {b"40000": "dir", b"100644": "file"}
    entries = []
    while body:
        head, rest = body.split(b"\0", 1)
        mode, name = head.split(b" ", 1)
        entries.append(
            model.DirectoryEntry(name=name, type=kinds[mode], target=rest[:20], perms=int(mode, 8))
        )
        body = rest[20:]
    return model.Directory(entries=tuple(entries))


def revision(model, hashutil, body):
    """Takes a commit apart as git writes it."""
    head, message = body.split(b"\n\n", 1)
    fields = [line.split(b" ", 1) for line in head.split(b"\n")]

    def one(key):
        return next(value for name, value in fields if name == key)

    def person(value):
        name, date = value.rsplit(b"> ", 1)
        seconds, offset = date.split(b" ")
        moment = model.TimestampWithTimezone(
            timestamp=model.Timestamp(seconds=int(seconds), microseconds=0), offset_bytes=offset
        )
        return model.Person.from_fullname(name + b">"), moment

    (author, date), (committer, committer_date) = person(one(b"author")), person(one(b"committer"))
    return model.Revision(
        message=message,
        author=author,
        committer=committer,
        date=date,
        committer_date=committer_date,
        type=model.RevisionType.GIT,
        directory=hashutil.hash_to_bytes(one(b"tree").decode()),
        synthetic=False,
        parents=tuple(hashutil.hash_to_bytes(value.decode()) for name, value in fields if name == b"parent"),
    )


if __name__ == "__main__":
    if len(sys.argv) == 2:
        sys.exit(begin(os.path.abspath(sys.argv[1])))
    if len(sys.argv) == 3:
        sys.exit(compare(sys.argv[1], sys.argv[2]))
    sys.exit(f"usage: {sys.argv[0]} AVALACHES")
