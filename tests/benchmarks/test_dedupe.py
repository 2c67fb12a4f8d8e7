"""How well and how fast duplicates are found: public data beside two peers, and 100,000 contacts.

The peers are no dependencies. Install them apart and name that interpreter, else their lines are left out:

    python3 -m venv peers && peers/bin/pip install splink recordlinkage
    GANGLY_PEERS=peers/bin/python make bench

Each peer is used as its own guide says for data without examples: splink with its comparison library, blocking rules
and expectation maximisation; recordlinkage with its index and the ECM classifier. Goals: F1 0.97, 100,000 in a minute.
"""

from __future__ import annotations

import json
import os
import subprocess
from itertools import combinations
from random import Random
from time import perf_counter, process_time

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from gangly_tui.domain.dedupe import find_pairs, groups
from gangly_tui.domain.dedupe_people import Known, people
from gangly_tui.domain.records import Kind, RecordRef
from tests.benchmarks.timing import say
from tests.domain.test_dedupe import FEBRL, FIELDS, f1, febrl

SETS = {"dataset3": ("dataset3.csv",), "dataset4a+4b": ("dataset4a.csv", "dataset4b.csv")}
MANY = 100_000

_READ = """
import json, logging, sys, time, warnings
warnings.simplefilter("ignore"); logging.disable(logging.CRITICAL)
import pandas as pd
frame = pd.concat([pd.read_csv(each, dtype=str, skipinitialspace=True) for each in sys.argv[1:]])
frame.columns = [each.strip() for each in frame.columns]
frame = frame.apply(lambda column: column.str.strip()).replace("", None).reset_index(drop=True)
frame = frame.where(frame.notna(), None)
began = time.perf_counter()
"""
_TELL = """
print("PAIRS " + json.dumps({"pairs": pairs, "seconds": time.perf_counter() - began}))
"""
PEERS = {
    "splink": _READ
    + """
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
frame["unique_id"] = range(len(frame))
rules = [block_on("soc_sec_id"), block_on("given_name", "surname"), block_on("date_of_birth"),
         block_on("surname", "postcode"), block_on("given_name", "postcode"), block_on("address_1"),
         block_on("street_number", "postcode"), block_on("suburb", "street_number")]
settings = SettingsCreator(
    link_type="dedupe_only",
    blocking_rules_to_generate_predictions=rules,
    comparisons=[
        cl.NameComparison("given_name"), cl.NameComparison("surname"),
        cl.LevenshteinAtThresholds("street_number", 1), cl.JaroWinklerAtThresholds("address_1", [0.9, 0.8]),
        cl.JaroWinklerAtThresholds("address_2", [0.9, 0.8]), cl.JaroWinklerAtThresholds("suburb", [0.9, 0.8]),
        cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]), cl.ExactMatch("state"),
        cl.DamerauLevenshteinAtThresholds("date_of_birth", [1, 2]),
        cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
    ],
)
try:
    linker = Linker(frame, settings, DuckDBAPI())
except TypeError:
    linker = Linker(DuckDBAPI().register(frame), settings)
linker.training.estimate_probability_two_random_records_match([block_on("soc_sec_id")], recall=0.7)
linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
for rule in (block_on("date_of_birth"), block_on("soc_sec_id"), block_on("given_name", "surname")):
    linker.training.estimate_parameters_using_expectation_maximisation(rule)
made = linker.inference.predict(threshold_match_probability=0.5).as_pandas_dataframe()
pairs = [sorted(map(int, each)) for each in zip(made.unique_id_l, made.unique_id_r)]
"""
    + _TELL,
    "recordlinkage": _READ
    + """
import recordlinkage as rl
index = rl.Index()
for keys in (["soc_sec_id"], ["given_name", "surname"], ["date_of_birth"], ["surname", "postcode"],
             ["given_name", "postcode"], ["address_1"], ["street_number", "postcode"], ["suburb", "street_number"]):
    index.block(keys)
candidates = index.index(frame)
compare = rl.Compare()
for name in ("given_name", "surname", "address_1", "address_2", "suburb"):
    compare.string(name, name, method="jarowinkler", threshold=0.85, label=name)
for name in ("street_number", "postcode", "date_of_birth", "soc_sec_id"):
    compare.string(name, name, method="damerau_levenshtein", threshold=0.7, label=name)
compare.exact("state", "state", label="state")
found = rl.ECMClassifier(binarize=0.5).fit_predict(compare.compute(candidates, frame))
pairs = [sorted(map(int, each)) for each in found]
"""
    + _TELL,
}


def ask(peer: str, names: tuple[str, ...]) -> tuple[set[tuple[int, int]], float] | str:
    """What a peer finds and how long it takes, or why there is no answer."""
    python = os.environ.get("GANGLY_PEERS", "")
    if not python:
        return "GANGLY_PEERS names no interpreter"
    done = subprocess.run(
        [python, "-c", PEERS[peer], *(str(FEBRL / each) for each in names)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    told = [each for each in done.stdout.splitlines() if each.startswith("PAIRS ")]
    if not told:
        return (done.stderr.strip().splitlines() or ["no answer"])[-1][:160]
    answer = json.loads(told[-1].removeprefix("PAIRS "))
    return {(left, right) for left, right in answer["pairs"]}, answer["seconds"]


@pytest.mark.skipif(not FEBRL.is_dir(), reason="needs ../shared/gold")
@pytest.mark.parametrize("name", SETS)
def test_public_data(name: str, capsys: pytest.CaptureFixture[str], benchmark: BenchmarkFixture) -> None:
    rows, wanted = febrl(*SETS[name])
    say(capsys, f"\n{name}: {len(rows):,} rows, {len(wanted):,} pairs are one person; goal: F1 0.97")

    def line(who: str, found: set[tuple[int, int]], seconds: float) -> None:
        right = len(found & wanted)
        figures = f"P {right / max(len(found), 1):.4f}  R {right / len(wanted):.4f}  F1 {f1(found, wanted):.4f}"
        say(capsys, f"  {who:<34} {figures}  {seconds:6.1f} s")

    for who, width in (("gangly", len(FIELDS)), ("gangly, without the insurance number", len(FIELDS) - 1)):
        began = perf_counter()
        pairs = {(each.left, each.right) for each in find_pairs([row[:width] for row in rows], FIELDS[:width])}
        line(who, pairs, perf_counter() - began)
        line("  and what hangs together", {two for each in groups(pairs) for two in combinations(each, 2)}, 0.0)
    for peer in PEERS:
        answer = ask(peer, SETS[name])
        if isinstance(answer, str):
            say(capsys, f"  {peer:<34} not compared: {answer}")
        else:
            line(peer, *answer)
    benchmark.pedantic(find_pairs, args=(rows, FIELDS), rounds=3)


def crowd(size: int) -> tuple[list[Known], set[tuple[str, str]]]:
    """Ten contacts a company; one in twenty is there twice, with what people do to names and addresses."""
    draw = Random(3)
    parts = "ka lo mi ra ten vor sul ber nak dim fel gor han jun pel tis wer zan bro cas".split()

    def word(length: int) -> str:
        return "".join(draw.choice(parts) for _ in range(length)).title()

    firsts, lasts = [word(2) for _ in range(400)], [word(3) for _ in range(4_000)]
    firms = [f"{word(3)}{number}" for number in range(size // 10)]
    made: list[Known] = []
    twice: set[tuple[str, str]] = set()

    def add(first: str, last: str, email: str, phone: str, home: str) -> str:
        ref = RecordRef(system="x", kind=Kind.CONTACT, id=f"{len(made):07}")
        whole = f"{first} {last}"
        made.append(Known(ref=ref, name=whole, first=first, last=last, email=email.lower(), phone=phone, home=home))
        return ref.id

    while len(made) < size:
        number = draw.randrange(len(firms))
        firm, first, last = firms[number], draw.choice(firsts), draw.choice(lasts)
        email = f"{first}.{last}@{firm}.com" if draw.random() < 0.85 else ""
        phone = f"+1{200 + number % 700}{555 + number % 400:03}{draw.randrange(10_000):04}"
        phone = phone if draw.random() < 0.5 else ""
        one = add(first, last, email, phone, f"{firm} Inc")
        if draw.random() >= 0.05:
            continue
        slip = last[:2] + last[3] + last[2] + last[4:]
        forms = [
            (first, last, email.replace("@", "+news@"), phone, f"{firm} Inc"),
            (first, slip, "", phone, f"{firm} Inc"),
            (first[0], last, "", phone, f"{firm} Inc"),
            (last, first, "", phone, f"{firm} Inc"),
            (first, last, f"{first[0]}{last}@{firm}.com", phone, f"{firm} Inc"),
            (first, last, "", "", f"{firm.upper()} GmbH"),
        ]
        twice.add((one, add(*draw.choice(forms))))
    return made, twice


def test_a_hundred_thousand_contacts(capsys: pytest.CaptureFixture[str]) -> None:
    known, twice = crowd(MANY)
    began, worked = perf_counter(), process_time()
    found = {(each.left.ref.id, each.right.ref.id) for each in people(known)}
    seconds, cpu = perf_counter() - began, process_time() - worked
    right = len(found & twice)
    say(
        capsys,
        f"\n{len(known):,} contacts, {len(twice):,} pairs made: P {right / len(found):.4f}  R {right / len(twice):.4f}",
    )
    say(capsys, f"  {seconds:.1f} s, {cpu:.1f} s of them on the processor; goal: 60 s")
