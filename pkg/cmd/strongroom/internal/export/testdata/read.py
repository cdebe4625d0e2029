"""Reads a JSON list of texts as another library does, and answers what is in each, in order: [[[name, value], ...], ...].

read.py yaml | json | entries    (entries: of testdata/e2e/dotenv.py, whose path follows)
"""

import json
import runpy
import sys

import yaml


def pairs(found):
    return [[name, pairs(value) if isinstance(value, dict) else value] for name, value in found.items()]


kind = sys.argv[1]
if kind == "entries":
    answer = pairs(runpy.run_path(sys.argv[2])["ENTRIES"])
else:
    load = {"yaml": yaml.safe_load, "json": json.loads}[kind]
    answer = [pairs(load(text)) for text in json.load(sys.stdin)]
json.dump(answer, sys.stdout)
