"""Forty entries as an application's .env has them, and as it would like to: all of them are made up."""

import base64
import json


def pem(label, text):
    """A PEM block, as long as a real one, of text that says what it is."""
    body = base64.b64encode((text * 80)[:1600].encode()).decode()
    lines = [body[i:i + 64] for i in range(0, len(body), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


ENTRIES = {
    "NODE_ENV": "production",
    "PORT": "8080",
    "LOG_LEVEL": "info",
    "DEBUG": "false",
    "DATABASE_URL": "postgres://app:not%2Fa%2Breal%40one@db.internal.example:5432/app?sslmode=verify-full&pool=10",
    "DATABASE_REPLICA_URL": "postgres://reader:fake-password@replica.internal.example:5432/app",
    "REDIS_URL": "rediss://:fake%23password@cache.internal.example:6380/0",
    "AMQP_URL": "amqps://worker:fake$password@queue.internal.example/%2Fjobs",
    "MONGO_URL": "mongodb+srv://app:fake@cluster.example/?retryWrites=true&w=majority",
    "SMTP_URL": "smtps://postmaster%40example.org:fake@mail.example.org:465",
    "HTTP_PROXY": "http://proxy:fake@proxy.internal.example:3128",
    "SESSION_SECRET": "fake-" + "0123456789abcdef" * 4,
    "JWT_SIGNING_KEY": pem("PRIVATE KEY", "this is not a key, it only has the shape of one. "),
    "TLS_CERTIFICATE": pem("CERTIFICATE", "this is not a certificate either. "),
    "SSH_KNOWN_HOSTS": "git.example ssh-ed25519 AAAAfake\n[git.example]:2222 ssh-ed25519 AAAAfake\n",
    "GOOGLE_CREDENTIALS_JSON": json.dumps({"type": "service_account", "private_key": pem("PRIVATE KEY", "fake. "),
                                           "client_email": "app@example.invalid", "nested": {"a": [1, 2.5, None, True]}}),
    "FEATURE_FLAGS": '{"newCheckout":true,"beta":["a","b"],"ratio":0.25}',
    "WEBHOOK_SECRET": "whsec_fakefakefakefakefakefakefake",
    "API_KEY": "sk_test_not_a_real_key_000000000000",
    "AWS_ROLE": "arn:aws:iam::000000000000:role/app",
    "BASE64_BLOB": base64.b64encode(bytes(range(256))).decode(),
    "HEX_KEY": bytes(range(32)).hex(),
    "GREETING": "Grüß Gott, Здравствуйте, 你好, مرحبا, שלום",
    "EMOJI": "🔐👩‍💻🏳️‍🌈",
    "COMBINING": "e\u0301 is not \u00e9, and both come back as they were",
    "RIGHT_TO_LEFT": "abc\u202edef\u202c",
    "PRIVATE_USE": "\ue000\U000f0000\U0010fffd",
    "LINE_ENDINGS": "one\r\ntwo\rthree\nfour\u2028five\u2029six\u0085seven",
    "QUOTES": """it's "quoted" `here` $(not run) ${NOR_THIS} \\ and \\n stays""",
    "HTML": "<script>alert('&amp;')</script> & <b>bold</b>",
    "PERCENT": "100%25 %2F %zz + %",
    "SPACES": "   leading, trailing, and\ta tab   ",
    "TRAILING_NEWLINE": "value\n",
    "NUL": "before\0after\0",
    "CONTROLS": "".join(map(chr, range(32))) + "\x7f\x80\x9f",
    "EMPTY": "",
    "ONE_SPACE": " ",
    "NULL_WORD": "null",
    "TWENTY_KILOBYTES": ("0123456789 fake ünïcödé " * 1000)[:20_000],
    "name with spaces, ünïcödé & /slashes?=#+%20~*'()": "found by its name all the same",
}

assert len(ENTRIES) == 40, len(ENTRIES)
