"""Makes client-encrypted values with jwcrypto, a JWE library that shares no code with the one the server's tests use.

    make.py values          reads a list of requests as JSON on stdin, answers a list of values
    make.py open            reads a list of {value, key}, answers a list of plaintexts
    make.py vectors FOLDER  makes the vectors of this folder anew; their keys and nonces differ each time
    make.py answers FOLDER  makes those of the folder "open" anew, but for ours-*: what a server answers to a reader

A request is {binding, keys: [{id, material (hex)}], plaintext, alg?, enc?, extra? (more of the protected header)}.
"""

import base64
import json
import pathlib
import secrets
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from jwcrypto import jwe, jwk

ALLOWED = ["A256GCMKW", "A256GCM", "A128GCMKW", "A256KW", "dir", "A128GCM", "A256CBC-HS512"]


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def compact_json(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def value(request):
    """Encrypts with jwcrypto: one key in compact form, several in general JSON form."""
    alg, enc = request.get("alg", "A256GCMKW"), request.get("enc", "A256GCM")
    keys = [(k["id"], jwk.JWK(kty="oct", k=b64(bytes.fromhex(k["material"])))) for k in request["keys"]]
    shared = {"enc": enc, "strongroom": request["binding"], **request.get("extra", {})}
    plaintext = request["plaintext"].encode()
    if len(keys) == 1:
        protected = {"alg": alg, "kid": keys[0][0], **shared}
        token = jwe.JWE(plaintext, compact_json(protected), algs=ALLOWED)
        token.add_recipient(keys[0][1])
        return token.serialize(compact=True)
    token = jwe.JWE(plaintext, compact_json(shared), algs=ALLOWED)
    for kid, key in keys:
        token.add_recipient(key, compact_json({"alg": alg, "kid": kid}))
    return token.serialize()


def open_(request):
    token = jwe.JWE(algs=["A256GCMKW", "A256GCM"])
    token.deserialize(request["value"])
    token.decrypt(jwk.JWK(kty="oct", k=b64(bytes.fromhex(request["key"]))))
    return token.payload.decode()


# What jwcrypto will not make is put together from AES-GCM, so that it is refused for its form and not because it would
# not open: a library that is more lenient than ours would open it.


def wrap(material, key):
    iv = secrets.token_bytes(12)
    sealed = AESGCM(bytes.fromhex(material)).encrypt(iv, key, None)
    return {"iv": b64(iv), "tag": b64(sealed[-16:])}, b64(sealed[:-16])


def content(key, protected, plaintext, aad=None):
    iv = secrets.token_bytes(12)
    associated = protected if aad is None else protected + "." + aad
    sealed = AESGCM(key).encrypt(iv, plaintext, associated.encode())
    return {"iv": b64(iv), "ciphertext": b64(sealed[:-16]), "tag": b64(sealed[-16:])}


def crafted_compact(key, protected, plaintext=b"crafted", raw=None):
    """A compact value with exactly this protected header, iv and tag of the key added; raw edits its text."""
    cek = secrets.token_bytes(32)
    ivtag, encrypted = wrap(key["material"], cek)
    text = compact_json({"alg": "A256GCMKW", "enc": "A256GCM", "kid": key["id"], **ivtag, **protected})
    if raw:
        text = raw(text)
    header = b64(text.encode())
    c = content(cek, header, plaintext)
    return ".".join([header, encrypted, c["iv"], c["ciphertext"], c["tag"]])


def crafted_general(keys, binding, plaintext=b"crafted", shared=None, own=None, aad=None, top=None):
    """A general JSON value; shared is added to the protected header, own to each recipient's, top to the message."""
    cek = secrets.token_bytes(32)
    recipients = []
    for k in keys:
        ivtag, encrypted = wrap(k["material"], cek)
        header = {"alg": "A256GCMKW", "kid": k["id"], **ivtag, **(own or {})}
        recipients.append({"header": header, "encrypted_key": encrypted})
    protected = b64(compact_json({"enc": "A256GCM", "strongroom": binding, **(shared or {})}).encode())
    message = {"protected": protected, "recipients": recipients, **content(cek, protected, plaintext, aad)}
    if aad is not None:
        message["aad"] = aad
    return {**message, **(top or {})}


def uid(n):
    return f"01936a1e-0000-7000-8000-{n:012x}"


P1, P2, P3 = uid(0xB1), uid(0xB2), uid(0xB3)
K1, K2, K3, OLD = ({"id": uid(n), "material": f"{n:02x}" * 32} for n in (0xE1, 0xE2, 0xE3, 0xE0))
ONE = {"organization": uid(0xA), "secret": uid(0xC1), "name": "DATABASE_URL", "projects": [P1]}
TWO = {**ONE, "projects": [P1, P2]}
CHECK_ONE = {"binding": ONE, "keys": {P1: K1["id"]}}
CHECK_TWO = {"binding": TWO, "keys": {P1: K1["id"], P2: K2["id"]}}
PLAINTEXT = "postgres://app:correct horse@db.example/app"


def made(binding, keys, **rest):
    return value({"binding": binding, "keys": keys, "plaintext": PLAINTEXT, **rest})


def edited(text, edit):
    message = json.loads(text)
    edit(message)
    return compact_json(message)


def vectors():
    one, two = made(ONE, [K1]), made(TWO, [K1, K2])
    form = lambda about, says, v: {"about": about, "want": "form", "says": says, "check": CHECK_ONE, "value": v}
    ok = lambda about, check, v: {"about": about, "want": "ok", "check": check, "value": v}
    mismatch = lambda about, says, v, check=CHECK_ONE: {"about": about, "want": "mismatch", "says": says, "check": check, "value": v}
    many = [{"id": uid(0xE00 + n), "material": f"{n:02x}" * 32} for n in range(11)]
    ten = {**ONE, "projects": [uid(0xB00 + n) for n in range(10)]}
    named = {**ONE, "name": "ключ \"€\" \\ 😀"}

    yield "one-project", ok("one project, compact", CHECK_ONE, one)
    yield "two-projects", ok("two projects, general JSON", CHECK_TWO, two)
    yield "two-projects-reversed", ok("the recipients in another order than the projects", CHECK_TWO, made(TWO, [K2, K1]))
    yield "ten-projects", ok("as many projects as there may be", {"binding": ten, "keys": dict(zip(ten["projects"], (k["id"] for k in many)))}, made(ten, many[:10]))
    yield "white-space", ok("general JSON with white space", CHECK_TWO, json.dumps(json.loads(two), indent=2))
    yield "unusual-name", ok("a name that JSON escapes, written plainly", {**CHECK_ONE, "binding": named}, made(named, [K1]))
    yield "escaped-name", ok("the same name with escapes", {**CHECK_ONE, "binding": named}, crafted_compact(K1, {"strongroom": named}, raw=lambda t: json.dumps(json.loads(t))))
    yield "empty-value", ok("an empty value", CHECK_ONE, crafted_compact(K1, {"strongroom": ONE}, b""))
    yield "empty-value-two", ok("an empty value in two projects", CHECK_TWO, compact_json(crafted_general([K1, K2], TWO, b"")))

    yield "plaintext", form("a value that was not encrypted", "five parts", PLAINTEXT)
    yield "plaintext-json", form("a JSON value that was not encrypted", "the JSON has a member that is not allowed", '{"password":"correct horse"}')
    yield "plaintext-dots", form("a host name of five parts", "base64url", "db.eu-west-1.prod.example.com")
    yield "jws", form("a signed token, not an encrypted one", "five parts", "eyJhbGciOiJIUzI1NiJ9.e30.aaaa")
    yield "empty", form("no value at all", "five parts", "")
    yield "long-header", form("a name of 7,000 bytes", "longer than 6,144", made({**ONE, "name": "n" * 7000}, [K1]))

    yield "alg-a128gcmkw", form("another key algorithm of the family", "alg A256GCMKW", made(ONE, [{**K1, "material": "01" * 16}], alg="A128GCMKW"))
    yield "alg-a256kw", form("key wrap without GCM", "A256GCMKW", made(ONE, [K1], alg="A256KW"))
    yield "alg-dir", form("the project key used directly", "A256GCMKW", made(ONE, [K1], alg="dir"))
    yield "alg-lower-case", form("alg in another case", "alg A256GCMKW", crafted_compact(K1, {"strongroom": ONE, "alg": "a256gcmkw"}))
    yield "enc-cbc", form("another content algorithm", "enc A256GCM", made(ONE, [K1], enc="A256CBC-HS512"))
    yield "enc-a128gcm", form("a shorter content key", "enc A256GCM", made(ONE, [K1], enc="A128GCM"))
    yield "zip", form("compressed before encryption, so that lengths tell of the content", "not allowed there", made(ONE, [K1], extra={"zip": "DEF"}))
    yield "crit", form("a critical extension", "not allowed there", crafted_compact(K1, {"strongroom": ONE, "crit": ["exp"], "exp": 1}))
    yield "crit-empty", form("an empty list of critical extensions", "not allowed there", crafted_compact(K1, {"strongroom": ONE, "crit": []}))
    yield "typ", form("a type that nothing needs", "not allowed there", made(ONE, [K1], extra={"typ": "JOSE"}))
    yield "jku", form("an address to fetch keys from", "not allowed there", made(ONE, [K1], extra={"jku": "https://keys.example"}))
    yield "upper-case-member", form("a member in another case, which some libraries take for the same", "not allowed there", made(ONE, [K1], extra={"ENC": "A256GCM"}))
    yield "aad", form("additional authenticated data", "not allowed there", compact_json(crafted_general([K1, K2], TWO, aad=b64(b"more"))))
    yield "unprotected", form("a header shared by all, unprotected", "not allowed there", compact_json(crafted_general([K1, K2], TWO, top={"unprotected": {"cty": "text"}})))
    yield "unprotected-binding", form("a binding smuggled into the unprotected header", "not allowed there", compact_json(crafted_general([K1, K2], {**TWO, "name": "OTHER"}, top={"unprotected": {"strongroom": TWO}})))
    yield "recipient-binding", form("a binding smuggled into the recipients' headers", "not allowed there", compact_json(crafted_general([K1, K2], {**TWO, "name": "OTHER"}, own={"strongroom": TWO})))
    yield "recipient-enc", form("enc in the recipients' headers too", "not allowed there", compact_json(crafted_general([K1, K2], TWO, own={"enc": "A256GCM"})))
    yield "recipient-zip", form("zip in the recipients' headers", "not allowed there", compact_json(crafted_general([K1, K2], TWO, own={"zip": "DEF"})))
    yield "protected-alg", form("alg in the protected header of general JSON too", "not allowed there", compact_json(crafted_general([K1, K2], TWO, shared={"alg": "A256GCMKW"})))
    yield "stray-encrypted-key", form("an encrypted_key beside recipients, as go-jose writes", "not allowed there", edited(two, lambda m: m.update(encrypted_key=m["recipients"][0]["encrypted_key"])))
    yield "flattened", form("the flattened form", "not allowed there", edited(two, lambda m: m.update(m.pop("recipients")[0])))
    yield "one-recipient-general", form("one recipient in general JSON", "must be in compact form", compact_json(crafted_general([K1], ONE)))
    yield "no-recipients", form("an empty list of recipients", "has no recipients", edited(two, lambda m: m.update(recipients=[])))
    yield "eleven-recipients", form("eleven recipients", "more than 10", compact_json(crafted_general(many, ten)))
    yield "same-kid-twice", form("two recipients with one kid", "same kid", compact_json(crafted_general([K1, K1], TWO)))
    yield "kid-not-an-id", form("a kid that is no UUID", "kid must be", made(ONE, [{**K1, "id": "demo"}]))
    yield "kid-upper-case", form("a kid in upper case", "kid must be", made(ONE, [{**K1, "id": K1["id"].upper()}]))
    yield "header-member-twice", form("enc twice in the protected header, the second another", "member twice", crafted_compact(K1, {"strongroom": ONE}, raw=lambda t: t.replace('"enc":', '"enc":"A128GCM","enc":', 1)))
    yield "binding-member-twice", form("name twice in the binding", "member twice", crafted_compact(K1, {"strongroom": ONE}, raw=lambda t: t.replace('"name":', '"name":"OTHER","name":', 1)))
    yield "message-member-twice", form("recipients twice", "member twice", two.replace('"recipients":', '"recipients":[],"recipients":', 1))
    yield "binding-missing", form("no binding", "must name organization and secret", crafted_compact(K1, {}))
    yield "binding-unknown-member", form("a member more in the binding", "not allowed there", made({**ONE, "version": 1}, [K1]))
    yield "binding-unsorted", form("projects not sorted", "sorted", made({**TWO, "projects": [P2, P1]}, [K1, K2]))
    yield "binding-project-twice", form("a project twice", "sorted", made({**TWO, "projects": [P1, P1]}, [K1, K2]))
    yield "binding-no-projects", form("no projects", "1 to 10 projects", made({**ONE, "projects": []}, [K1]))
    yield "binding-eleven-projects", form("eleven projects", "1 to 10 projects", made({**ONE, "projects": [uid(0xB00 + n) for n in range(11)]}, [K1]))
    yield "binding-upper-case", form("an id in upper case", "lower-case", made({**ONE, "secret": ONE["secret"].upper()}, [K1]))
    yield "binding-not-an-object", form("a text as binding", "members expected", crafted_compact(K1, {"strongroom": "DATABASE_URL"}))

    yield "other-organization", mismatch("another organization", "its organization is another", made({**ONE, "organization": uid(0xB)}, [K1]))
    yield "other-secret", mismatch("a value made for another secret", "its secret is another", made({**ONE, "secret": uid(0xC2)}, [K1]))
    yield "other-name", mismatch("a value made under another name", "its name is another", made({**ONE, "name": "database_url"}, [K1]))
    yield "other-project", mismatch("a value made for another project", f"its projects lack {P1}; its projects must not have {P2}", made({**ONE, "projects": [P2]}, [K1]))
    yield "project-missing", mismatch("a value for one of two projects", f"the current key {K2['id']} of project {P2}", one, CHECK_TWO)
    yield "project-too-many", mismatch("a value for two projects, of which the secret is in one", f"its projects must not have {P2}; these recipients are no current key of its projects: {K2['id']}", two)
    yield "old-key", mismatch("a value under an old key of the project", f"the current key {K1['id']} of project {P1}; these recipients are no current key of its projects: {OLD['id']}", made(ONE, [OLD]))
    yield "recipient-missing", mismatch("the binding names two projects, one of them is no recipient", f"the current key {K2['id']} of project {P2}", made(TWO, [K1]), CHECK_TWO)
    yield "recipient-too-many", mismatch("a third key opens it too", f"no current key of its projects: {K3['id']}", made(TWO, [K1, K2, K3]), CHECK_TWO)


# What follows is read by a client. Each says what is asked for, which keys are at hand, and what must come of it: opened,
# malformed, place, no key, or tampered.


def flip(text, at=0):
    """Another text of the same length that decodes to other bytes."""
    raw = bytearray(unb64(text))
    raw[at] ^= 1
    return b64(bytes(raw))


def part(text, n, edit):
    parts = text.split(".")
    parts[n] = edit(parts[n])
    return ".".join(parts)


def rebound(text, edit):
    """The protected header edited, the rest left alone."""
    message = json.loads(text) if text.startswith("{") else None
    header = json.loads(unb64(message["protected"] if message else text.split(".")[0]))
    edit(header)
    changed = b64(compact_json(header).encode())
    return compact_json({**message, "protected": changed}) if message else ".".join([changed, *text.split(".")[1:]])


def from_general(text, n, binding):
    """Somebody who opened a value of several projects makes a new one for one of them, of its content key."""
    message, key = json.loads(text), [K1, K2][n]
    recipient = message["recipients"][n]
    header = recipient["header"]
    sealed = unb64(recipient["encrypted_key"]) + unb64(header["tag"])
    cek = AESGCM(bytes.fromhex(key["material"])).decrypt(unb64(header["iv"]), sealed, None)
    protected = b64(compact_json({**header, "enc": "A256GCM", "strongroom": binding}).encode())
    c = content(cek, protected, b"forged by a sharer")
    return ".".join([protected, recipient["encrypted_key"], c["iv"], c["ciphertext"], c["tag"]])


def answers():
    one, two = made(ONE, [K1]), made(TWO, [K1, K2])
    three = made({**ONE, "projects": [P1, P2, P3]}, [K1, K2, K3])
    asked = {"organization": ONE["organization"], "secret": ONE["secret"], "name": ONE["name"], "project": P1}
    held = [{**K1, "project": P1}]
    both = held + [{**K2, "project": P2}]

    def case(want, about, text, says="", keys=held, **rest):
        expect = {**asked, **rest}
        return {"about": about, "want": want, "says": says, "expect": expect, "keys": keys, "value": text, "plaintext": PLAINTEXT if want == "opened" else ""}

    swap = lambda m: m.update(recipients=m["recipients"][::-1])
    strip = lambda m: m.update(recipients=m["recipients"][:-1])
    elsewhere = {**ONE, "projects": [P2]}

    yield "one", case("opened", "one project", one)
    yield "two", case("opened", "two projects, read through the first", two)
    yield "two-second", case("opened", "two projects, read through the second", two, keys=both, project=P2)
    yield "two-swapped", case("opened", "the recipients in another order: they have none", edited(two, swap))
    yield "old-key", case("opened", "an old key of the project, among several at hand", made(ONE, [OLD]), keys=held + [{**OLD, "project": P1}])
    yield "old-name", case("opened", "an older version, written under another name", made({**ONE, "name": "OLD_NAME"}, [K1]), name="")
    yield "gone-project", case("opened", "one of the projects was deleted since, or is hidden", three)

    yield "other-secret", case("place", "two values swapped: this is another secret's", made({**ONE, "secret": uid(0xC2)}, [K1]), f"secret {ONE['secret']} was asked for, this is of {uid(0xC2)}")
    yield "other-secret-old", case("place", "another secret's as an older version", made({**ONE, "secret": uid(0xC2)}, [K1]), "secret", name="")
    yield "other-name", case("place", "another name's value", made({**ONE, "name": "OTHER"}, [K1]), 'name "DATABASE_URL" was asked for, this is of "OTHER"')
    yield "other-name-case", case("place", "a name in another case", made({**ONE, "name": "database_url"}, [K1]), "name")
    yield "other-project", case("place", "another project's value, whose key is at hand too", made(elsewhere, [K2]), f"project {P1} was asked for, this is of {P2}", keys=both)
    yield "other-organization", case("place", "another organization's value", made({**ONE, "organization": uid(0xB)}, [K1]), f"organization {uid(0xA)} was asked for, this is of {uid(0xB)}")
    yield "other-project-our-key", case("place", "our key, but not our project in the binding", made(elsewhere, [K1]), "project")

    for n, what in enumerate(["encrypted key", "iv", "ciphertext", "tag"], 1):
        yield f"altered-{what.replace(' ', '-')}", case("tampered", f"a bit of the {what} altered, compact", part(one, n, flip))
    yield "altered-last-byte", case("tampered", "the last byte of the ciphertext altered", part(one, 3, lambda c: flip(c, -1)))
    yield "truncated", case("tampered", "the ciphertext cut", part(one, 3, lambda c: c[:16]))
    yield "extended", case("tampered", "the ciphertext longer", part(one, 3, lambda c: b64(unb64(c) + b"x")))
    yield "emptied", case("tampered", "the ciphertext emptied", part(one, 3, lambda c: ""))
    yield "two-altered-ciphertext", case("tampered", "a bit of the ciphertext altered, general", edited(two, lambda m: m.update(ciphertext=flip(m["ciphertext"]))))
    yield "two-altered-tag", case("tampered", "a bit of the tag altered, general", edited(two, lambda m: m.update(tag=flip(m["tag"]))))
    yield "two-altered-iv", case("tampered", "a bit of the iv altered, general", edited(two, lambda m: m.update(iv=flip(m["iv"]))))
    yield "two-altered-key", case("tampered", "a bit of our encrypted key altered", edited(two, lambda m: m["recipients"][0].update(encrypted_key=flip(m["recipients"][0]["encrypted_key"]))))
    yield "two-altered-key-tag", case("tampered", "a bit of our key's tag altered", edited(two, lambda m: m["recipients"][0]["header"].update(tag=flip(m["recipients"][0]["header"]["tag"]))))
    yield "bound-anew", case("tampered", "another secret's value, its binding rewritten to ours", rebound(made({**ONE, "secret": uid(0xC2)}, [K1]), lambda h: h.update(strongroom=ONE)))
    yield "two-bound-anew", case("tampered", "the same in general form", rebound(made({**TWO, "name": "OTHER"}, [K1, K2]), lambda h: h.update(strongroom=TWO)))
    yield "kid-renamed", case("tampered", "another key's value under our kid", rebound(made(ONE, [K2]), lambda h: h.update(kid=K1["id"])))
    yield "spliced", case("tampered", "the header and key of one value, the content of another", ".".join(one.split(".")[:2] + made(ONE, [K1]).split(".")[2:]))
    yield "kids-swapped", case("tampered", "the kids of two recipients swapped", edited(two, lambda m: [r["header"].update(kid=k["id"]) for r, k in zip(m["recipients"], [K2, K1])]))

    yield "stripped", case("tampered", "one of three recipients stripped", edited(three, strip), "2 recipients for 3 projects")
    yield "stripped-to-one", case("malformed", "one of two recipients stripped", edited(two, strip), "compact form")
    yield "added", case("tampered", "a recipient added", edited(two, lambda m: m["recipients"].append(json.loads(three)["recipients"][2])), "3 recipients for 2 projects")
    yield "added-to-one", case("tampered", "made for one project, with a second recipient", compact_json(crafted_general([K1, K2], ONE)), "2 recipients for 1 projects")
    yield "two-keys-of-one", case("tampered", "the other project's recipient replaced by our old key", made(TWO, [K1, OLD]), "both keys of project", keys=held + [{**OLD, "project": P1}])
    yield "no-key", case("no key", "under a key that is not at hand", made(ONE, [OLD]), OLD["id"])
    yield "no-keys-at-all", case("no key", "no key is at hand", two, f"{K1['id']}, {K2['id']}", keys=[])
    yield "only-the-others-key", case("no key", "only the other project's key is at hand", two, P1, keys=both[1:])
    yield "others-forgery", case("tampered", "made by who has only the other project's key, with a recipient for ours that opens nothing", made(TWO, [{**K1, "material": "00" * 32}, K2]), keys=both)
    yield "others-forgery-kid", case("no key", "the same under a kid that nobody has", made(TWO, [K3, K2]), keys=both)

    yield "downgraded-alg", case("malformed", "the project key used directly", made(ONE, [K1], alg="dir"), "A256GCMKW")
    yield "downgraded-kw", case("malformed", "key wrap without GCM", made(ONE, [K1], alg="A256KW"), "A256GCMKW")
    yield "downgraded-enc", case("malformed", "a content key of 128 bits", made(ONE, [K1], enc="A128GCM"), "A256GCM")
    yield "enc-rewritten", case("malformed", "enc rewritten", rebound(one, lambda h: h.update(enc="A128GCM")), "A256GCM")
    yield "zip", case("malformed", "compressed", made(ONE, [K1], extra={"zip": "DEF"}), "not allowed there")
    yield "zip-added", case("malformed", "zip put into the header", rebound(one, lambda h: h.update(zip="DEF")), "not allowed there")
    yield "crit", case("malformed", "a critical extension", crafted_compact(K1, {"strongroom": ONE, "crit": ["exp"], "exp": 1}), "not allowed there")
    yield "unprotected", case("malformed", "a header shared by all, unprotected", compact_json(crafted_general([K1, K2], TWO, top={"unprotected": {"cty": "text"}})), "not allowed there")
    yield "unprotected-binding", case("malformed", "our binding in the unprotected header, another in the protected one", compact_json(crafted_general([K1, K2], {**TWO, "name": "OTHER"}, top={"unprotected": {"strongroom": TWO}})), "not allowed there")
    yield "recipient-binding", case("malformed", "our binding in the recipients' headers", compact_json(crafted_general([K1, K2], {**TWO, "name": "OTHER"}, own={"strongroom": TWO})), "not allowed there")
    yield "aad", case("malformed", "additional authenticated data", compact_json(crafted_general([K1, K2], TWO, aad=b64(b"more"))), "not allowed there")
    yield "plaintext", case("malformed", "plaintext", "answered as it is", "five parts")
    yield "nothing", case("malformed", "nothing", "", "five parts")

    yield "known-limit-sharer", {**case("opened", "a known limit: whoever could open a value shared with the project can make others for it", from_general(made({**TWO, "secret": uid(0xC9)}, [K1, K2]), 0, ONE)), "plaintext": "forged by a sharer"}


def main():
    verb, *rest = sys.argv[1:]
    if verb in ("vectors", "answers"):
        for name, content in {"vectors": vectors, "answers": answers}[verb]():
            (pathlib.Path(rest[0]) / f"{name}.json").write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
        return
    make = {"values": value, "open": open_}[verb]
    json.dump([make(request) for request in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
