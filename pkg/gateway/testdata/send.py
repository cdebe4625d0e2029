"""Sends requests that botocore signed. Reads from standard input {url, key, secret, token, region, requests: [{method,
target, headers, body}]}, bodies in base64, and writes a list of [status, body] of the answers. urllib3 sends them, so that
nothing but the signature is botocore's doing."""

import base64
import json
import sys

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

job = json.load(sys.stdin)
signer = SigV4Auth(
    Credentials(job["key"], job["secret"], job["token"] or None), "execute-api", job["region"]
)
http = urllib3.PoolManager(retries=False)
answers = []
for r in job["requests"]:
    body = base64.b64decode(r["body"] or "")
    url = job["url"] + r["target"]
    request = AWSRequest(method=r["method"], url=url, data=body, headers=r["headers"] or {})
    signer.add_auth(request)
    answer = http.request(r["method"], url, body=body, headers=dict(request.headers.items()))
    answers.append([answer.status, answer.data.decode()])
json.dump(answers, sys.stdout)
