"""Pieces that a hostile line repeats: the worst that the rules of redaction can be fed."""

from __future__ import annotations

PUMPS = (
    "password=x,", "pwd=/a/b ", "password=a&", "sid=a1-", "?key=1.", "password:a ", "password=1 ", "a%40b.co ",
    "a", "A1", " ", "=", ":", "\\", '"', "'", "@", "a@", "a@b.", "://", "a://b:", "a://b:c@", "%", "%25", "%3D", "&amp;", "\\u003d",
    "eyJ", "eyJaaaaaa.", "-----BEGIN PRIVATE" + " KEY-----", "-----END PRIVATE" + " KEY-----", "AKIA", "sk-", "gh", "password=", 'password="',
    '\\"password\\":\\"', "password: ", "sessionid=", "?code=", "Cookie: ", "Cookie: a=b; ", "Bearer ", "Bearer aaaaaaaaaaaaaaa1",
    "token is ", "auth=", "auth=Bearer ", "mysql -p", "curl -u a:b1 ", "<password>", "</", "name=password,value=", "api key: ", "1.2.3.4 ",
    "2001:db8::", "4111 1111 1111 1111 ", "\x1b[0m", "\x1b[", "\u200b", "\u00a0", "[REDACTED:token]", "[REDACTED:", "password=[", "x=y,",
    "otp=", "pin=", "auth=['", "token: [",
    "digest response=aaaaaaaaaaaaaaaa1 ", "$2a$10$", "oracle:thin:a/", "sid=1.", "0f" * 20 + " ", "q1W2" * 10 + " ",
)  # fmt: skip
