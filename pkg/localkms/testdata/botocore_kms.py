"""Asks a KMS endpoint with botocore's own client. Reads from standard input {url, region, key, role, callers: {name: [access
key, secret, session token]}} and writes a list of what came of each request: who asked for what, and how it ended."""

import json
import sys

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

job = json.load(sys.stdin)
said = []


def client(access_key, secret, token):
    return botocore.session.get_session().create_client(
        "kms", region_name=job["region"], endpoint_url=job["url"], aws_access_key_id=access_key,
        aws_secret_access_key=secret, aws_session_token=token or None, config=Config(retries={"total_max_attempts": 1}),
    )


clients = {name: client(*c) for name, c in job["callers"].items()}
admin = job["callers"]["admin"]
clients["wrong"] = client(admin[0], "wrong", admin[2])


def ask(who, operation, note=lambda answer: "", **arguments):
    try:
        answer = getattr(clients[who], operation[0])(**arguments)
    except ClientError as e:
        said.append(f"{who} {operation[1]} {e.response['Error']['Code']}")
        return {}
    said.append(f"{who} {operation[1]} ok{note(answer)}")
    return answer


DECRYPT = ("decrypt", "Decrypt")
context = {"strongroom:organization": "o", "strongroom:project": "demo"}
other = dict(context, **{"strongroom:project": "other"})
key = job["key"]
made = ask("admin", ("generate_data_key", "GenerateDataKey"), KeyId=key, KeySpec="AES_256", EncryptionContext=context)


def decrypt(who, with_context=context):
    same = lambda answer: ", the same" if answer["Plaintext"] == made["Plaintext"] else ", another"
    ask(who, DECRYPT, same, KeyId=key, CiphertextBlob=made["CiphertextBlob"], EncryptionContext=with_context)


decrypt("admin")
decrypt("admin", other)
decrypt("ci")
grant = ask(
    "admin", ("create_grant", "CreateGrant"), KeyId=key, GranteePrincipal=job["role"], Operations=["Decrypt"], Name="a",
    Constraints={"EncryptionContextEquals": context},
)
decrypt("ci")
decrypt("ci", other)
decrypt("stranger")
decrypt("server")
ask("admin", ("list_grants", "ListGrants"), lambda answer: f", {len(answer['Grants'])}", KeyId=key)
for who in ("ci", "admin"):
    ask(who, ("revoke_grant", "RevokeGrant"), KeyId=key, GrantId=grant["GrantId"])
decrypt("ci")
sealed = ask("admin", ("encrypt", "Encrypt"), KeyId=key, Plaintext=b"x", EncryptionContext=context)
ask(
    "admin", ("re_encrypt", "ReEncrypt"), CiphertextBlob=sealed["CiphertextBlob"], SourceEncryptionContext=context,
    DestinationKeyId=key, DestinationEncryptionContext=other,
)
ask("admin", ("describe_key", "DescribeKey"), KeyId=key)
ask("admin", ("list_aliases", "ListAliases"))
ask("admin", ("create_key", "CreateKey"))
ask("wrong", ("describe_key", "DescribeKey"), KeyId=key)
json.dump(said, sys.stdout)
