#!/usr/bin/env python3
"""Draws declarations of the training repositories for people to write questions about.

    tools/model/samples.py --raw DIR --out DIR [--batches N] [--known FILE]...

OUT/BATCH-NN.txt has 50 declarations of 4 to 6 repositories of mixed languages with their code (at most 60 lines), OUT/index.jsonl where each
is. Drawn: functions, methods and types of 6 to 70 lines, outside tests, documents, samples and generated files, not of one
statement. Names already in an index given with --known are not drawn again.
"""
import argparse, gzip, json, os, random, re

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = {"Function", "Method", "Constructor", "Class", "Struct", "Trait", "Interface", "Object", "Macro", "Enum"}
NOT_CODE = {"markdown", "html", "css", "json", "yaml", "toml"}
LINES, PLACES = 60, 50


def drawable(it):
    lines = it["last"] - it["first"] + 1
    if it["kind"] not in KINDS or it["lang"] in NOT_CODE or not 6 <= lines <= 70 or len(it["name"]) < 2:
        return False
    if it["test"] or it["docs"] or it["sample"] or it["off"] or it["open"]:
        return False
    if re.search(r"(^|/)(tests?|specs?|mocks?|bench[a-z]*|examples?)/|test", it["path"], re.I):
        return False
    body = [line for line in (it["bare"] or it["text"]).splitlines() if re.search(r"\w", line)]
    held = set(re.findall(r"[A-Za-z]{3,}", " ".join(body)))
    return len(body) >= 5 and len(held) >= 12 and len(it["text"]) < 4000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--raw", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--batches", type=int, default=40)
    parser.add_argument("--most", type=int, default=24, help="declarations of one repository")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    with open(os.path.join(HERE, "repositories.tsv"), encoding="utf-8") as file:
        parts = dict(line.rstrip("\n").split("\t")[:2] for line in file if not line.startswith("#"))
    with open(os.path.join(args.raw, "index.tsv"), encoding="utf-8") as file:
        commits = {row[0]: row[1] for row in (line.split("\t") for line in file)}
    chance = random.Random(20261122)
    by_language = {}
    for name in sorted(parts):
        path = os.path.join(args.raw, name.replace("/", "+") + ".jsonl.gz")
        if parts[name] != "train" or not os.path.exists(path):
            continue
        with gzip.open(path, "rt", encoding="utf-8") as file:
            fit = [it for it in map(json.loads, file) if drawable(it)]
        # No two with one text; no file with more than three.
        chance.shuffle(fit)
        drawn, texts, files = [], set(), {}
        for it in fit:
            if it["text"] not in texts and files.get(it["path"], 0) < 3 and len(drawn) < args.most:
                texts.add(it["text"])
                files[it["path"]] = files.get(it["path"], 0) + 1
                drawn.append(it)
        if len(drawn) >= 8:
            languages = [it["lang"] for it in drawn]
            language = max(set(languages), key=languages.count)
            by_language.setdefault(language, []).append((name, drawn))
    for of in by_language.values():
        chance.shuffle(of)
    # Round the languages, so that each batch has several.
    order = []
    while any(by_language.values()):
        for language in sorted(by_language):
            if by_language[language]:
                order.append(by_language[language].pop())
    index = open(os.path.join(args.out, "index.jsonl"), "w", encoding="utf-8")
    number, at = 0, 0
    while number < args.batches and at < len(order):
        number += 1
        batch, left = [], PLACES
        while left > 0 and at < len(order) and len(batch) < 5:
            repository, drawn = order[at]
            at += 1
            take = drawn[:min(len(drawn), 10 if len(batch) < 4 else left)]
            batch += [(repository, take)]
            left -= len(take)
        write(args.out, number, batch, commits, index)
    index.close()
    print(number, "batches,", at, "repositories")


def write(out, number, batch, commits, index):
    place = 0
    with open(os.path.join(out, f"BATCH-{number:02}.txt"), "w", encoding="utf-8") as file:
        for repository, drawn in batch:
            for it in drawn:
                place += 1
                name = f"{number:02}-{place:02}"
                container = " > ".join(it["within"] + ([it["container"]] if it["container"] and it["container"] not in it["within"] else []))
                file.write(f"=== id {name} | {repository} | {it['path']} | in: {container or '-'} | {it['kind'].lower()} {it['name']} | {it['lang']}\n")
                file.write("\n".join(it["text"].splitlines()[:LINES]) + "\n\n")
                index.write(json.dumps({"id": name, "repo": repository, "commit": commits.get(repository), **{key: it[key] for key in (
                    "path", "first", "last", "name", "lang")}}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
