"""Makes the vectors in this folder: a second implementation of the sealed format, written from its description alone.

    .cache/venv/bin/python testdata/envelope/make.py testdata/envelope

Each file is a message and the key and place it is opened with. "want" is "open", or the error expected: "ErrOpen" for
what fails authentication, "ErrFormat" for what can't be a message. The output is the same each time.
"""

import hashlib
import json
import pathlib
import struct
import sys
import uuid

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY = {"generation": 3, "material": hashlib.sha256(b"data key 3").hexdigest()}
PLACE = {
    "organization": "01936a1e-0000-7000-8000-00000000000a",
    "secret": "01936a1e-0000-7000-8000-0000000000c1",
    "purpose": "value",
    "number": 7,
}
PLAINTEXT = b"postgres://app:correct horse@db.example/app"


def part(data):
    return struct.pack(">I", len(data)) + data


def seal(key, place, plaintext, salt):
    info = b"strongroom/v1/" + place["purpose"].encode()
    derived = HKDF(SHA256(), 44, salt, info).derive(bytes.fromhex(key["material"]))
    associated = (
        part(b"\x01")
        + part(uuid.UUID(place["organization"]).bytes)
        + part(uuid.UUID(place["secret"]).bytes)
        + part(place["purpose"].encode())
        + part(struct.pack(">Q", place["number"]))
    )
    header = b"\x01" + struct.pack(">I", key["generation"]) + salt
    return header + AESGCM(derived[:32]).encrypt(derived[32:], plaintext, associated)


def salt_of(name):
    return hashlib.sha256(b"salt of " + name.encode()).digest()


def vector(about, want, sealed, key=KEY, place=PLACE, **rest):
    return {"about": about, "want": want, "key": key, "place": place, **rest, "sealed": sealed.hex()}


def opening(name, about, plaintext, key=KEY, place=PLACE):
    salt = salt_of(name)
    sealed = seal(key, place, plaintext, salt)
    return vector(about, "open", sealed, key, place, salt=salt.hex(), plaintext=plaintext.hex())


def flipped(data, index):
    changed = bytearray(data)
    changed[index] ^= 1
    return bytes(changed)


def with_(base, **changes):
    return {**base, **changes}


def vectors():
    ok = seal(KEY, PLACE, PLAINTEXT, salt_of("value"))
    other = seal(KEY, PLACE, b"another value, sealed for the same place", salt_of("other"))
    other_key = with_(KEY, material=hashlib.sha256(b"data key 4").hexdigest())

    yield "value", opening("value", "a value", PLAINTEXT)
    yield "value-empty", opening("value-empty", "the empty value", b"")
    yield "value-binary", opening("value-binary", "a value of all bytes, NUL included", bytes(range(256)))
    yield "value-long", opening("value-long", "a value of 4,097 bytes, more than one block of any size", b"\xe2\x82\xac" * 1365 + b"xy")
    yield "note", opening("note", "a note", "Wer's ändert, ruft an.".encode(), place=with_(PLACE, purpose="note", number=2))
    yield "limits", opening("limits", "the largest generation and number", b"x", with_(KEY, generation=2**32 - 1), with_(PLACE, number=2**64 - 1))
    yield "zero", opening("zero", "ids and number of zeros, generation 1", b"x", with_(KEY, generation=1), {
        "organization": str(uuid.UUID(int=0)), "secret": str(uuid.UUID(int=0)), "purpose": "note", "number": 0})

    yield "moved", vector("a value put under another secret", "ErrOpen", ok, place=with_(PLACE, secret="01936a1e-0000-7000-8000-0000000000c2"))
    yield "other-organization", vector("a value put into another organization", "ErrOpen", ok, place=with_(PLACE, organization="01936a1e-0000-7000-8000-00000000000b"))
    yield "exchanged", vector("organization and secret exchanged", "ErrOpen", ok, place=with_(PLACE, organization=PLACE["secret"], secret=PLACE["organization"]))
    yield "renumbered", vector("an old version's value presented as a newer one's", "ErrOpen", ok, place=with_(PLACE, number=8))
    yield "other-purpose", vector("a value presented as a note", "ErrOpen", ok, place=with_(PLACE, purpose="note"))
    yield "swapped", vector("the header of one message before the ciphertext of another", "ErrOpen", ok[:37] + other[37:])
    yield "swapped-tag", vector("the tag of another message", "ErrOpen", ok[:-16] + other[-16:])
    yield "truncated", vector("the last byte missing", "ErrOpen", ok[:-1])
    yield "truncated-to-empty", vector("the ciphertext missing, its tag kept", "ErrOpen", ok[:37] + ok[-16:])
    yield "lengthened", vector("a byte more at the end", "ErrOpen", ok + b"\x00")
    yield "ciphertext-altered", vector("a bit of the ciphertext altered", "ErrOpen", flipped(ok, 40))
    yield "tag-altered", vector("a bit of the tag altered", "ErrOpen", flipped(ok, -1))
    yield "salt-altered", vector("a bit of the salt altered", "ErrOpen", flipped(ok, 5))
    yield "other-key", vector("another key of the same generation", "ErrOpen", ok, other_key)
    yield "generation-altered", vector("another generation in the header, opened with the key that sealed it", "ErrOpen", flipped(ok, 4))
    yield "generation-altered-key", vector("another generation in the header, opened with that generation's key", "ErrOpen", flipped(ok, 4), with_(other_key, generation=2))
    yield "generation-zero", vector("generation 0, which none has", "ErrFormat", ok[:1] + bytes(4) + ok[5:])
    yield "version-altered", vector("version byte 2", "ErrFormat", b"\x02" + ok[1:])
    yield "version-zero", vector("version byte 0", "ErrFormat", b"\x00" + ok[1:])
    yield "empty", vector("nothing", "ErrFormat", b"")
    yield "too-short", vector("one byte less than header and tag", "ErrFormat", ok[:52])
    yield "header-only", vector("a header without a tag", "ErrFormat", ok[:37])
    yield "plaintext", vector("a value that was never sealed", "ErrFormat", PLAINTEXT * 2)


def main():
    folder = pathlib.Path(sys.argv[1])
    for name, content in vectors():
        (folder / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
