"""Reads a JSON list of texts of .env files as python-dotenv does, without and with interpolation: {plain, interpolated}."""

import io
import json
import logging
import sys

import dotenv

logging.disable(logging.CRITICAL)


def read(text, interpolate):
    # newline=None ends lines as files do that Python opens.
    return dotenv.dotenv_values(stream=io.StringIO(text, newline=None), interpolate=interpolate)


texts = json.load(sys.stdin)
json.dump({
    "plain": [read(text, False) for text in texts],
    "interpolated": [read(text, True) for text in texts],
}, sys.stdout)
