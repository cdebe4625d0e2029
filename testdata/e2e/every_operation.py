"""Tries every operation of a running Strongroom with two other people's signers: curl's and botocore's.

Standard input is JSON: the URL, the region, the credentials of the profiles, and the rows of the operation table that
have a route. Each operation must succeed at least once with each signer; the last line says how many did. The first
thing that is not as it should be ends the script with an exception that holds the answer, which is why it is for a
Strongroom that holds test data.
"""

import datetime
import json
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
import uuid

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from dotenv import ENTRIES

SERVICE = "execute-api"


class Answer:
    def __init__(self, status, etag, body):
        self.status, self.etag, self.body = status, etag, body

    @property
    def json(self):
        return json.loads(self.body.decode("utf-8"))


def with_curl(method, url, headers, body, credentials, region):
    """curl signs. Version 7 does not sort the query, nor escape it: make_url does."""
    command = ["curl", "--silent", "--show-error", "--max-time", "30", "--include", "--request", method,
               "--aws-sigv4", f"aws:amz:{region}:{SERVICE}",
               "--user", f"{credentials['accessKeyId']}:{credentials['secretAccessKey']}", "--globoff", url]
    if credentials.get("sessionToken"):
        headers = {**headers, "X-Amz-Security-Token": credentials["sessionToken"]}
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    if body is not None:
        command += ["--data-binary", "@-"]
    run = subprocess.run(command, input=body, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()
    rest = run.stdout
    while True:  # 100 Continue comes before the answer
        head, rest = rest.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        status = int(lines[0].split()[1])
        if status != 100:
            break
    fields = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
    return Answer(status, fields.get("etag"), rest)


def with_botocore(method, url, headers, body, credentials, region):
    """botocore signs, urllib sends."""
    request = AWSRequest(method=method, url=url, data=body, headers=headers)
    keys = Credentials(credentials["accessKeyId"], credentials["secretAccessKey"], credentials.get("sessionToken") or None)
    SigV4Auth(keys, SERVICE, region).add_auth(request)
    send = urllib.request.Request(url, data=body, headers=dict(request.headers.items()), method=method)
    try:
        with urllib.request.urlopen(send, timeout=30) as response:
            return Answer(response.status, response.headers.get("ETag"), response.read())
    except urllib.error.HTTPError as e:
        return Answer(e.code, e.headers.get("ETag"), e.read())


SIGNERS = {"curl": with_curl, "botocore": with_botocore}


class Client:
    """Calls operations by name, as one profile, with one signer."""

    def __init__(self, given, signer, profile, done):
        self.given, self.signer, self.profile, self.done = given, signer, profile, done
        self.rows = {row["name"]: row for row in given["operations"]}

    def call(self, operation, /, body=None, *, status=None, headers=None, **parameters):
        """Calls; the answer must have the status of a success, or the given one."""
        row = self.rows[operation]
        url = self.make_url(row, parameters)
        headers = dict(headers or {})
        data = None
        if row["body"]:
            data = json.dumps(body, ensure_ascii=False).encode("utf-8")
            headers["Content-Type"] = "application/json"
        else:
            assert body is None, operation
        credentials = self.given["profiles"][self.profile]
        answer = SIGNERS[self.signer](row["method"], url, headers, data, credentials, self.given["region"])
        want = row["status"] if status is None else status
        assert answer.status == want, f"{self.signer} {self.profile} {operation}: {answer.status}, not {want}: {answer.body!r}"
        if status is None:
            self.done.add(operation)
        return answer

    def make_url(self, row, parameters):
        parameters = {k: str(v) for k, v in parameters.items()}
        path = row["path"]
        for name in [p.strip("{}") for p in path.split("/") if p.startswith("{")]:
            path = path.replace("{" + name + "}", urllib.parse.quote(parameters.pop(name), safe=""))
        for name in parameters:
            assert name in row["query"], f"{row['name']} has no parameter {name}"
        pairs = sorted((urllib.parse.quote(k, safe="~"), urllib.parse.quote(v, safe="~")) for k, v in parameters.items())
        query = "&".join(f"{k}={v}" for k, v in pairs)
        return self.given["url"] + path + ("?" + query if query else "")

    def all(self, operation, /, **parameters):
        """Every entry of a list, page by page."""
        data, token = [], {}
        while True:
            page = self.call(operation, **parameters, **token).json
            data += page["data"]
            if "continuationToken" not in page:
                return data
            token = {"continuationToken": page["continuationToken"]}


def eventually(holds):
    """Waits for what follows a moment later."""
    import time
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "it did not follow"
        time.sleep(0.05)


def new_id():
    """A UUIDv7 (RFC 9562), which Python 3.13 does not make."""
    import os
    import time
    milliseconds = time.time_ns() // 1_000_000
    number = milliseconds << 80 | int.from_bytes(os.urandom(10), "big")
    number = number & ~(0xF << 76) | 7 << 76
    return str(uuid.UUID(int=number & ~(0b11 << 62) | 0b10 << 62))


def people(owner, tag):
    """Principals: all of their operations."""
    me = owner.call("whoami").json
    organization = me["organizationId"]
    shown = owner.call("get-organization", organizationId=organization)
    assert shown.json["name"] == me["organizationName"] and shown.json["settings"]["trashRetentionDays"] == 30
    shorter = {"settings": {"trashRetentionDays": 7}}
    owner.call("update-organization", shorter, organizationId=organization, headers={"If-Match": shown.etag})
    owner.call("update-organization", {}, organizationId=organization, headers={"If-Match": shown.etag})
    shorter["settings"]["trashRetentionDays"] = 30
    owner.call("update-organization", shorter, organizationId=organization, headers={"If-Match": shown.etag}, status=412)
    owner.call("update-organization", shorter, organizationId=organization)
    user = owner.call("create-principal", {"kind": "user", "name": f"{tag} ünïcödé", "email": "somebody@example.org"},
                      organizationId=organization)
    user, etag = user.json["id"], user.etag
    group = owner.call("create-principal", {"kind": "group", "name": f"{tag} group"}, organizationId=organization).json["id"]
    owner.call("update-principal", {"role": "auditor"}, principalId=user, headers={"If-Match": etag})
    owner.call("update-principal", {"role": "admin"}, principalId=user, headers={"If-Match": etag}, status=412)
    arn = f"arn:aws:iam::000000000000:role/somewhere/{tag}"
    bound = owner.call("put-identities", {"identities": [{"arn": arn}]}, principalId=user).json["identities"]
    assert bound == [{"arn": arn}], bound
    owner.call("change-group-members", {"add": [user], "remove": []}, principalId=group)
    members = owner.all("list-group-members", principalId=group, limit=1)
    assert [m["id"] for m in members] == [user], members
    assert owner.call("disable-principal", principalId=user).json["disabled"] is True
    assert owner.call("enable-principal", principalId=user).json["disabled"] is False
    shown = owner.call("get-principal", principalId=user).json
    assert shown["role"] == "auditor" and [g["id"] for g in shown["groups"]] == [group], shown
    users = {p["id"] for p in owner.all("list-principals", organizationId=organization, kind="user", limit=1)}
    everybody = {p["id"] for p in owner.all("list-principals", organizationId=organization)}
    assert user in users and group not in users and {user, group} <= everybody
    owner.call("change-group-members", {"add": [], "remove": [user]}, principalId=group)
    for principal in (user, group):
        owner.call("delete-principal", principalId=principal)
        owner.call("get-principal", principalId=principal, status=404)
    return organization


def projects(owner, organization, tag):
    """Projects: all of their operations but deletion."""
    project = new_id()
    made = {"id": project, "name": f"{tag} project", "encryption": "server"}
    owner.call("create-project", made, organizationId=organization)
    owner.call("create-project", made, organizationId=organization, status=200)
    owner.call("update-project", {"name": f"{tag} renamed"}, projectId=project)
    assert owner.call("get-project", projectId=project).json["name"] == f"{tag} renamed"
    assert project in [p["id"] for p in owner.all("list-projects", organizationId=organization, limit=1)]
    grants = owner.call("get-project-access", projectId=project)
    ci = next(p for p in owner.all("list-principals", organizationId=organization) if p["name"] == "ci")
    wanted = grants.json["grants"] + [{"principal": {"id": ci["id"]}, "permission": "read"}]
    owner.call("put-project-access", {"grants": wanted}, projectId=project, headers={"If-Match": grants.etag})
    owner.call("put-project-access", {"grants": []}, projectId=project, force="true")
    end = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    glass = {"projectId": project, "permission": "manage", "expiresAt": end, "reason": "trying every operation"}
    given = owner.call("break-glass", glass, organizationId=organization).json
    assert given["expiresAt"] == end and given["permission"] == "manage", given
    assert owner.call("break-glass", {**glass, "permission": "read"}, organizationId=organization).json == given
    owner.call("break-glass", {**glass, "reason": "none"}, organizationId=organization, status=400)
    return project, ci["id"]


def project_keys(owner, organization, tag):
    """A client project gets a second key; the keys are no real ones, and nothing is encrypted with them."""
    project, first, second = new_id(), str(uuid.uuid4()), str(uuid.uuid4())
    made = {"id": project, "name": f"{tag} client project", "key": {"id": first, "wrapped": "d3JhcHBlZCAx"}}
    etag = owner.call("create-project", made, organizationId=organization).etag
    key = {"id": second, "wrapped": "d3JhcHBlZCAy"}
    added = owner.call("add-project-key", key, projectId=project, headers={"If-Match": etag})
    assert [(k["id"], k["current"]) for k in added.json["keys"]] == [(first, False), (second, True)], added.json
    again = owner.call("add-project-key", key, projectId=project, headers={"If-Match": etag})
    assert again.json == added.json and again.etag == added.etag and again.json["staleValues"] == 0, again.json
    other = {"id": str(uuid.uuid4()), "wrapped": "d3JhcHBlZCAz"}
    owner.call("add-project-key", other, projectId=project, headers={"If-Match": etag}, status=412)
    owner.call("add-project-key", {**key, "wrapped": "b3RoZXI="}, projectId=project, status=409)
    owner.call("delete-projects", {"ids": [project]})
    owner.call("add-project-key", other, projectId=project, status=404)


def secrets(owner, reader, organization, project, principal):
    """Secrets, versions and their grants: all of their operations, ending with the trash."""
    name = "a/b c+d&e=f?ünïcödé~*'()"
    made = owner.call("create-secret", {"name": name, "value": "one", "note": "a note", "projectIds": [project]},
                      organizationId=organization)
    secret = made.json["id"]
    changed = owner.call("update-secret", {"value": "two"}, secretId=secret, project=project, headers={"If-Match": made.etag})
    assert changed.json["version"] == 2
    owner.call("update-secret", {"value": "three"}, secretId=secret, headers={"If-Match": made.etag}, status=412)
    assert owner.call("get-secret", secretId=secret, project=project).json["value"] == "two"
    owner.call("get-secret", secretId=secret, headers={"If-None-Match": changed.etag}, status=304)
    assert owner.call("get-secret-by-name", projectId=project, name=name).json["note"] == "a note"
    assert owner.call("restore-secret-version", {"version": 1}, secretId=secret).json["value"] == "one"
    versions = owner.all("list-secret-versions", secretId=secret, limit=2)
    assert [(v["version"], v.get("stage"), v.get("restoredFrom")) for v in versions] == [
        (3, "current", 1), (2, "previous", None), (1, None, None)], versions
    assert owner.call("get-secret-version", secretId=secret, version=2).json["value"] == "two"
    changes = owner.all("list-secret-events", secretId=secret, limit=2)
    assert [e["changed"] for e in changes[-2:]] == [["value"], ["created"]], changes
    reads = owner.all("list-events", organizationId=organization, resourceId=secret, action="get-secret-version")
    assert [(e["decision"], e["values"]) for e in reads] == [
        ("allowed", [{"secretId": secret, "version": 2}])], reads
    exported = [part["event"]["id"] for part in owner.all("export-events", organizationId=organization) if "event" in part]
    assert {e["id"] for e in reads + changes} - set(exported) == set(), exported
    assert owner.all("list-seals", organizationId=organization, limit=2) == []  # an hour is, ten minutes after it ended
    known = owner.all("list-rotations", organizationId=organization, leaver=owner.call("whoami").json["principal"]["id"])
    assert secret in [e["secret"]["id"] for e in known if e["leaver"]["because"]], known
    bulk = owner.call("get-secrets-by-ids", {"ids": [secret, organization]}).json
    assert [s["value"] for s in bulk["data"]] == ["one"] and bulk["errors"][0]["error"]["code"] == "notFound", bulk
    assert [s["id"] for s in owner.all("list-secrets", organizationId=organization, namePrefix="a/b c+d&")] == [secret]
    assert [s["id"] for s in owner.all("list-project-secrets", projectId=project, namePrefix="a/b ")] == [secret]
    assert [s["value"] for s in owner.all("get-project-values", projectId=project)] == ["one"]
    reader.call("get-secret", secretId=secret, status=404)
    policy = owner.call("get-secret-access", secretId=secret)
    granted = policy.json["grants"] + [{"principal": {"id": principal}, "permission": "read"}]
    owner.call("put-secret-access", {"grants": granted}, secretId=secret, headers={"If-Match": policy.etag})
    assert reader.call("get-secret", secretId=secret).json["value"] == "one"
    eventually(lambda: [r["count"] for r in owner.all("list-secret-readers", secretId=secret, limit=1)
                        if r["principal"]["id"] == principal] == [1])
    eventually(lambda: [r["version"] for r in owner.all("list-principal-reads", principalId=principal, limit=1)
                        if r["secret"]["id"] == secret] == [3])
    reachers = owner.all("list-secret-principals", secretId=secret, limit=1)
    assert [r["reach"] for r in reachers if r["principal"]["id"] == principal] == ["read"], reachers
    reached = reader.all("list-principal-access", principalId=principal, limit=1)
    assert [r["reach"] for r in reached if r["resource"]["id"] == secret] == ["read"], reached
    why = reader.call("explain-access", organizationId=organization, principalId=principal, secretId=secret).json
    assert why["allowed"] and why["reasons"][0]["permission"] == "read", why
    owner.call("put-secret-access", policy.json, secretId=secret)
    reader.call("get-secret", secretId=secret, status=404)
    assert owner.call("delete-secrets", {"ids": [secret]}).json == {"data": [{"id": secret}]}
    owner.call("get-secret", secretId=secret, status=404)
    assert owner.call("delete-projects", {"ids": [project]}).json == {"data": [{"id": project}]}
    owner.call("get-project", projectId=project, status=404)
    both = {"data": [{"id": secret}, {"id": project}]}
    assert [e["id"] for e in owner.all("list-trash", organizationId=organization, limit=1)][:2] == [project, secret]
    back = owner.call("restore-from-trash", {"ids": [secret, project]}, organizationId=organization)
    assert back.json == both, back.json
    assert [p["id"] for p in owner.call("get-secret", secretId=secret).json["projects"]] == [project]
    owner.call("delete-secrets", {"ids": [secret]})
    owner.call("delete-projects", {"ids": [project]})
    assert owner.call("purge-trash", {"ids": [secret, project]}, organizationId=organization).json == both
    assert not [e for e in owner.all("list-trash", organizationId=organization) if e["id"] in (secret, project)]


def rotations(owner, organization, tag):
    """How a secret is rotated: set, asked for and deleted. Nobody has the function that rotates it."""
    secret = owner.call("create-secret", {"name": f"rotated by {tag}", "value": "one"}, organizationId=organization).json["id"]
    owner.call("get-rotation", secretId=secret, status=404)
    owner.call("rotate-secret", {}, secretId=secret, status=409)
    how = {"rotator": "lambda", "every": "30d",
           "settings": {"functionArn": "arn:aws:lambda:us-east-1:000000000000:function:nowhere"}}
    owner.call("put-rotation", {**how, "settings": {}}, secretId=secret, status=400)
    put = owner.call("put-rotation", how, secretId=secret)
    assert {k: put.json[k] for k in how} == how and "nextAt" in put.json, put.json
    assert owner.call("put-rotation", how, secretId=secret, headers={"If-Match": '"0"'}).etag == put.etag
    owner.call("put-rotation", {**how, "every": "60d"}, secretId=secret, headers={"If-Match": '"0"'}, status=412)
    owner.call("get-rotation", secretId=secret, headers={"If-None-Match": put.etag}, status=304)
    run = owner.call("rotate-secret", {"id": new_id()}, secretId=secret).json
    assert run["cause"] == "request" and owner.call("rotate-secret", {}, secretId=secret).json["id"] == run["id"], run
    assert owner.call("get-rotation", secretId=secret).json["run"]["id"] == run["id"]
    lease = {"id": run["id"], "lease": new_id()}
    task = owner.call("claim-rotation", {**lease, "step": "create"}, secretId=secret).json
    assert task["rotator"] == "lambda" and task["run"]["state"] == "running", task
    owner.call("claim-rotation", {**lease, "lease": new_id()}, secretId=secret, status=409)
    owner.call("put-pending-version", {**lease, "base": 2, "value": "two"}, secretId=secret, status=409)
    pending = owner.call("put-pending-version", {**lease, "base": 1, "value": "two"}, secretId=secret).json
    assert (pending["version"], pending["stage"]) == (2, "pending"), pending
    assert owner.call("get-secret", secretId=secret).json["value"] == "one"
    owner.call("promote-version", {**lease, "lease": new_id(), "version": 2}, secretId=secret, status=409)
    owner.call("promote-version", {**lease, "version": 3}, secretId=secret, status=409)
    assert owner.call("promote-version", {**lease, "version": 2}, secretId=secret).json["stage"] == "current"
    assert owner.call("get-secret", secretId=secret).json["value"] == "two"
    lease = {"id": owner.call("rotate-secret", {}, secretId=secret).json["id"], "lease": new_id()}
    owner.call("claim-rotation", lease, secretId=secret)
    owner.call("put-pending-version", {**lease, "base": 2, "value": "three"}, secretId=secret)
    failed = owner.call("discard-pending-version", {**lease, "reason": "nobody has the function"}, secretId=secret).json
    assert failed["state"] == "failed" and owner.call("get-secret", secretId=secret).json["value"] == "two", failed
    lease = {"id": owner.call("rotate-secret", {}, secretId=secret).json["id"], "lease": new_id()}
    owner.call("claim-rotation", lease, secretId=secret)
    again = owner.call("report-rotation", {**lease, "outcome": "retry", "reason": "nobody has the function"}, secretId=secret).json
    assert again["state"] == "due" and "tryAt" in again, again
    owner.call("delete-rotation", secretId=secret, force="true")
    owner.call("get-rotation", secretId=secret, status=404)
    owner.call("delete-secrets", {"ids": [secret]})
    owner.call("purge-trash", {"ids": [secret]}, organizationId=organization)


def store_dotenv(writer, project, organization, tag):
    """The forty entries, each created."""
    for name, value in ENTRIES.items():
        made = {"name": f"{tag}/{name}", "value": value, "projectIds": [project]}
        writer.call("create-secret", made, organizationId=organization)


def check_dotenv(reader, project, organization, tag):
    """The forty entries, listed and read in every way there is, byte for byte."""
    want = {f"{tag}/{name}": value.encode("utf-8") for name, value in ENTRIES.items()}
    listed = reader.all("list-project-secrets", projectId=project, namePrefix=f"{tag}/", limit=15)
    assert sorted(s["name"] for s in listed) == sorted(want) and not any("value" in s for s in listed)
    mine = reader.all("list-secrets", organizationId=organization, namePrefix=f"{tag}/", limit=15)
    assert sorted(s["name"] for s in mine) == sorted(want)
    together = {s["name"]: s["value"].encode("utf-8") for s in reader.all("get-project-values", projectId=project)}
    bulk = reader.call("get-secrets-by-ids", {"ids": [s["id"] for s in listed]}).json["data"]
    by_id = {s["name"]: s["value"].encode("utf-8") for s in bulk}
    for name, value in want.items():
        one = reader.call("get-secret-by-name", projectId=project, name=name).json["value"].encode("utf-8")
        assert one == together[name] == by_id[name] == value, name


def refused(given, signer):
    """Who is nobody here, and who signs wrongly."""
    stranger = Client(given, signer, "stranger", set())
    assert stranger.call("whoami", status=403).json["error"]["code"] == "forbidden"
    wrong = {**given["profiles"]["owner"], "secretAccessKey": "wrong"}
    forged = Client({**given, "profiles": {"forged": wrong}}, signer, "forged", set())
    assert forged.call("whoami", status=403).json == {"message": "Forbidden"}
    elsewhere = Client({**given, "region": "eu-west-1"}, signer, "owner", set())
    assert elsewhere.call("whoami", status=403).json == {"message": "Forbidden"}


def main():
    given = json.load(sys.stdin)
    names = {row["name"] for row in given["operations"]}
    for signer in SIGNERS:
        done = set()
        owner, developer, ci = (Client(given, signer, profile, done) for profile in ("owner", "developer", "ci"))
        organization = people(owner, signer)
        project, principal = projects(owner, organization, signer)
        project_keys(owner, organization, signer)
        secrets(owner, ci, organization, project, principal)
        rotations(owner, organization, signer)
        plain = next(p["id"] for p in ci.all("list-projects", organizationId=organization) if p["name"] == "plain")
        store_dotenv(developer, plain, organization, signer)
        check_dotenv(ci, plain, organization, signer)
        refused(given, signer)
        assert done == names, f"{signer} did not try {sorted(names - done)}"
        print(f"{signer}: {len(done)} operations, {len(ENTRIES)} entries")
    other = {"curl": "botocore", "botocore": "curl"}
    for signer in SIGNERS:
        check_dotenv(Client(given, other[signer], "ci", set()), plain, organization, signer)


main()
