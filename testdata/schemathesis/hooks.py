"""What schemathesis is told about Strongroom that an OpenAPI document has no words for; schemathesis.toml is the rest.

Every request is signed as the AWS SDKs would: botocore finds the credentials of the environment and signs what is about
to be sent. Requests that are to succeed (of mode positive, as schemathesis calls it) are changed a little, so that they
keep to the rules that stand in the document's descriptions alone; where one is still answered 400, the message must be
one of IN_WORDS, which are those rules. Two checks of our own hold what the whole run stands on: that signatures are good,
and that a stranger is told nothing but who it is.

The environment has ORGANIZATION; SELF, the caller's principal, empty for a stranger, and SPARE, another one; KNOWN, JSON of
what chance would hardly find: {operation: {"path", "query" or "body": {name: value}}}; and REPORT, the file for the count of
the answers: {operation: {status: number}}.
"""

import atexit
import collections
import json
import os
import random
import re
import time
import unicodedata
import urllib.parse
import uuid

import requests
import schemathesis
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.session import get_session
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import RejectedPositiveData, UndefinedStatusCode

SELF, SPARE = os.environ["SELF"], os.environ["SPARE"]
KNOWN = json.loads(os.environ["KNOWN"])

# API Gateway takes a request line and headers of so many bytes together, and answers more by itself.
MOST_HEADERS = 10 << 10

# What a 400 may say to a request that fits the document's schemas: field and message, as regular expressions for their
# beginnings, and what of the document has the rule in words. What an operation refuses besides needs a schema that says so,
# or a line here and a sentence there.
IN_WORDS = [
    (r"", r"must be a whole number", "the introduction"),
    (r"", r"is \d+ bytes long; (it must be 1 to|at most) \d+", "x-max-bytes, NewProjectKey, Value"),
    (r"(key\.)?id$|grants\[\d+\]\.principal\.id$", r"is missing, or the nil UUID", "ID"),
    (r"id$", r"was made at .*; a new id's time must be within an hour of now", "NewID"),
    (r"name$", r"has the character U\+[0-9A-F]+, which can't be seen", "Name, SecretName"),
    (r"name$", r"is not in Unicode normalization form C", "Name, SecretName"),
    (r"email$", r"must be one e-mail address", "Email"),
    (r"continuationToken$", r"is not one that this list answered|was answered for another namePrefix", "continuationToken"),
    (r"due$", r"is for the list of all rotations", "list-rotations"),
    (r"(id|lease)$", r"is missing, or the nil UUID.*; name the (rotation|lease)", "RotationLease"),
    (r"(reason|publicId)$", r"has the character U\+[0-9A-F]+, which can't be seen", "RotationFailure, PutPendingVersion"),
    (r"(reason|publicId)$", r"is not in Unicode normalization form C", "RotationFailure, PutPendingVersion"),
    (r"reason$", r"is for what failed alone", "ReportRotation"),
    (r"reason$", r"is missing; say why it failed", "ReportRotation"),
    # Principals.
    (r"(email|role)$", r"must be left out; only users have one", "CreatePrincipal, UpdatePrincipal"),
    (r"principalId$", r"is a (user|serviceAccount); only groups have members", "list-group-members, change-group-members"),
    (r"principalId$", r"is a group; only users and service accounts have identities", "put-identities"),
    (r"principalId$", r"is a group; groups can't be disabled", "disable-principal"),
    (r"identities\[\d+\]$", r"is there twice", "PutIdentities"),
    (r"identities\[\d+\]\.arn$", r"account \d+ is not accepted, only the deployment's own", "Identity"),
    (r"identities\[\d+\]\.arn$", r"a session is not accepted unless its role is one of IAM Identity Center's", "Identity"),
    (r"identities\[\d+\]\.uniqueId$", r"a session is not accepted without the unique id of its role", "Identity"),
    (r"identities\[\d+\]\.uniqueId$", r"malformed unique id: that of a (user|role) is A(IDA|ROA)", "Identity"),
    (r"add$", r"and remove (are both empty|have \d+ ids together)", "ChangeGroupMembers"),
    (r"remove\[\d+\]$", r"is to be added too", "ChangeGroupMembers"),
    # Projects and grants.
    (r"(id|key)$", r"is missing; (the client makes the id of a client project|a client project needs a project key)", "CreateProject"),
    (r"key$", r"must be left out; a server project has no project key", "CreateProject"),
    (r"$", r"a server project has no project keys|the project has \d+ project keys already", "add-project-key"),
    (r"grants\[\d+\]\.principal\.id$", r"is there twice", "AccessPolicy"),
    (r"grants\[\d+\]\.expiresAt$", r"is past; it must be in the future", "Grant"),
    (r"grants$", r"differ in \d+ places from what is there", "put-project-access, put-secret-access"),
    # Emergencies.
    (r"secretId$", r"is there beside projectId; name one of both", "BreakGlass"),
    (r"projectId$", r"is missing; name the project, or else the secret", "BreakGlass"),
    (r"expiresAt$", r"is (past|missing)|is more than 12 hours from now", "BreakGlass"),
    (r"reason$", r"is \d+ characters long; it must be at least|has the character U\+|is not in Unicode", "GivenReason"),
    # Secrets.
    (r"id$", r"is missing; the client makes the id of a client-encrypted secret", "CreateSecret"),
    (r"value$", r"this project's values are encrypted by the client: send a JWE|the JWE was not made for this place", "Value"),
    (r"value$", r"is missing; a client-encrypted value is bound to its name and projects", "update-secret"),
    (r"projectIds$", r"names projects of both kinds of encryption", "create-secret"),
    (r"addProjectIds\[\d+\]$", r"is a (client|server) project, and the secret is encrypted by the", "update-secret"),
    (r"addProjectIds$", r"would put the secret into \d+ projects", "UpdateSecret"),
    (r"removeProjectIds$", r"has a project that addProjectIds has too", "UpdateSecret"),
    (r"removeProjectIds$", r"would leave a client-encrypted secret in no project", "update-secret"),
    (r"restoredFrom$", r"goes with a value", "UpdateSecret"),
    # Rotations.
    (r"rotator$", r"must be one of", "PutRotation"),
    (r"(every|window|readers\.\w+)$", r"must be a whole number|is (\"|empty|no cron expression|longer than every|the time after)|has \d+ bytes",
     "PutRotation, RotationReaders"),
    (r"readers$", r"is about an old value that goes on working", "RotationReaders"),
    (r"settings(\.|\[|$)", r"(is|has|must|names|name|write)\b", "RotationSettings"),
    # The trash.
    (r"name$", r"goes with one id", "RestoreFromTrash"),
    # Explanations.
    (r"secretId$", r"and projectId are missing; say one of them", "explain-access"),
    (r"projectId$", r"and secretId don't go together", "explain-access"),
    (r"continuationToken$", r"goes on after a principal that has changed since", "list-secret-principals"),
    # Events.
    (r"from$", r"is in the future", "list-events"),
    (r"to$", r"must be later than from", "list-events"),
    (r"action$", r"must be the name of an operation", "list-events"),
]


class Signature(requests.auth.AuthBase):
    """Signs a request with the credentials of the environment, whatever is in it."""

    def __init__(self):
        self.credentials = get_session().get_credentials().get_frozen_credentials()

    def __call__(self, request):
        request.url = canonical(request.url)
        # Like AWS's SDKs it leaves the length of what is empty out.
        signed = {k: v for k, v in request.headers.items() if (k.lower(), v) != ("content-length", "0")}
        copy = AWSRequest(method=request.method, url=request.url, data=request.body, headers=signed)
        SigV4Auth(self.credentials, "execute-api", "us-east-1").add_auth(copy)
        request.headers.update(copy.headers.items())
        return request


def canonical(url):
    """The URL with its query written as AWS reads it for the signature: botocore signs it as it stands."""
    start, mark, query = url.partition("?")
    lossless = {"encoding": "utf-8", "errors": "surrogateescape"}
    pairs = urllib.parse.parse_qsl(query, keep_blank_values=True, **lossless)
    return start + mark + urllib.parse.urlencode(pairs, quote_via=urllib.parse.quote, safe="~", **lossless)


schemathesis.auth.set_from_requests(Signature())


def operation_of(case):
    return case.operation.definition.raw["operationId"]


# Counting.

answers = collections.defaultdict(collections.Counter)


@schemathesis.hook
def after_call(context, case, response):
    answers[operation_of(case)][response.status_code] += 1


@atexit.register
def report():
    with open(os.environ["REPORT"], "w", encoding="utf-8") as file:
        json.dump(answers, file)


# What is sent.

chance = random.Random(1)


def new_id():
    """A UUIDv7 (RFC 9562) of now, which Python 3.13 does not make."""
    number = time.time_ns() // 1_000_000 << 80 | chance.getrandbits(80)
    number = number & ~(0xF << 76) | 7 << 76
    return str(uuid.UUID(int=number & ~(0b11 << 62) | 0b10 << 62))


def visible(name):
    """The name without the characters that can't be seen, in normalization form C, and not empty."""
    kept = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Zl", "Zp", "Cs"))
    return unicodedata.normalize("NFC", kept)[:64].encode()[:128].decode(errors="ignore") or "named anew"


turn = collections.Counter()


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = operation_of(case)
    if case.meta is not None and case.meta.generation.mode.is_positive:
        turn[operation] += 1
        if turn[operation] % 2:
            put_known(case, KNOWN.get(operation, {}))
        if isinstance(case.body, dict):
            keep_to_the_words(operation, case.body)
    # A caller that ends itself would be answered 403 from then on, and nothing more would be tried.
    path = case.path_parameters or {}
    if SELF and case.method != "GET" and path.get("principalId") == SELF:
        path["principalId"] = SPARE


def put_known(case, known):
    for part, into in (("path", case.path_parameters), ("query", case.query), ("body", case.body)):
        if isinstance(into, dict):
            into.update(known.get(part, {}))


def keep_to_the_words(operation, body):
    if isinstance(body.get("name"), str):
        body["name"] = visible(body["name"])
    if (operation.startswith("create-") or operation == "rotate-secret") and "id" in body:
        body["id"] = new_id()
    if operation == "create-project":
        if body.get("encryption") == "server":
            body.pop("key", None)
        elif "key" in body:
            body["id"] = new_id()
        else:
            body["encryption"] = "server"
    if body.get("kind") in ("group", "serviceAccount"):
        body.pop("email", None)
        body.pop("role", None)
    for identity in body.get("identities", []):
        identity["arn"] = re.sub(r"::\d{12}:", "::000000000000:", identity["arn"])


# What is checked.


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Drops what is no failure, though the document's schemas alone would have it so."""
    if isinstance(failure, RejectedPositiveData) and response.status_code == 400:
        return not in_words(response.json()["error"])
    if isinstance(failure, AcceptedNegativeData) and "project=" in response.request.url.partition("?")[2].split("&"):
        return False  # a list of one empty id is meant, but so is written the list of none, which is right
    if isinstance(failure, UndefinedStatusCode) and response.status_code == 431:
        return size(response.request) <= MOST_HEADERS
    return True


def in_words(error):
    wrong = error.get("details") or [{"field": "", "message": error["message"]}]
    return all(
        any(re.match(field, w["field"]) and re.match(message, w["message"]) for field, message, _ in IN_WORDS)
        for w in wrong
    )


def size(request):
    return len(request.method) + len(request.url) + sum(len(k) + len(v) for k, v in request.headers.items())


@schemathesis.check
def signature_is_good(ctx, response, case):
    """What is signed is never refused by API Gateway, whose 403 fits the document, but says nothing about Strongroom."""
    if response.status_code == 403 and response.json() == {"message": "Forbidden"}:
        raise AssertionError("API Gateway takes the signature for a bad one")


@schemathesis.check
def stranger_is_refused(ctx, response, case):
    """Who is bound to nobody is answered 403 everywhere, whatever else is wrong."""
    if not SELF and response.status_code not in (403, 431):
        raise AssertionError(f"a stranger is answered {response.status_code}")
