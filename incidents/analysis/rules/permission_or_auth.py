"""A service, a provider or the file system refuses the app: wrong or missing credentials, or no permission.

What it means
    The app reached the other side, and was turned away: sign-in at an OAuth provider, a mail server, a storage or
    payment service, a bot's token.

Why it happens
    A key was rotated, never set, or belongs to another environment; a call-back address is not registered; a sender
    or domain is not verified; a plan does not include what is asked for.

How to tell
    The refusal in the other side's words: ``redirect_uri_mismatch``, ``535 Authentication failed``,
    ``InvalidAccessKeyId``, ``401 Unauthorized``, ``An invalid token was provided``.

What to do
    Compare the credentials and addresses registered with the provider with the app's config vars.

References
    https://devcenter.heroku.com/articles/config-vars
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.types import Facts, Finding, Remedy

from ._blame import Blame
from ._texts import by_subject, findings
from .base import Rule, hits

SIGNS = {
    "auth oauth": r"redirect_uri_mismatch|redirect_uri.{0,60}(?:does not match|mismatch|invalid|not allowed)"
    r"|invalid_client\b|invalid_grant|unauthorized_client|OAuth2?::\w*Error|OAuthException|Authentication failure! \w+"
    r"|\bTokenError|InternalOAuthError|csrf_detected|invalid_credentials|access_denied",
    "auth mail": r"SMTPAuthenticationError|SMTPSenderRefused|SMTPFatalError|(?:^|\D)(?:535|534|530|550"
    r"|553)[- ](?:5\.\d\.\d )?.{0,40}(?:[Aa]uth|[Uu]nauthenticated|credential|[Uu]sername|sender|relay|[Vv]erif)"
    r"|Invalid login: \d{3}|EAUTH|Username and Password not accepted|Sender address rejected",
    "auth service": r"InvalidAccessKeyId|SignatureDoesNotMatch|AuthorizationHeaderMalformed|AccessDenied\b"
    r"|NoCredentialsError|Unable to locate credentials|CredentialsProviderError|InvalidClientTokenId|ExpiredToken"
    r"|The AWS Access Key Id|Invalid API [Kk]ey|Incorrect API key|invalid[_ ]api[_ ]key|API key (?:is )?(?:invalid"
    r"|expired|not valid)|AuthenticationError: |Stripe::AuthenticationError"
    r"|An invalid token was provided|TOKEN_INVALID|Improper token has been passed|LoginFailure|disallowed intents"
    r"|DISALLOWED_INTENTS|TokenInvalid|PrivilegedIntentsRequired|Unauthorized: (?:invalid|bot)|401: Unauthorized|ETELEGRAM: 40[14]|ApiIdInvalid"
    r"|AUTH_KEY_|not_authed|invalid_auth|UNAUTHENTICATED|PERMISSION_DENIED|TwilioRestException.{0,80}401|Error 401\b"
    r"|HTTP 401\b|status(?: code)?:? 401 .{0,20}(?:from|api)|Request failed with status code 40[13]",
    "auth file": r"EACCES: permission denied, (?:open|mkdir|unlink|scandir|access|rename|copyfile|rmdir|chmod)"
    r"|EROFS: read-only|PermissionError: \[Errno 13\]|Errno::EACCES|Permission denied @ "
    r"|java\.nio\.file\.AccessDeniedException|failed to open stream: Permission denied",
    "auth app": r"InvalidAuthenticityToken|CSRF verification failed|Forbidden \(CSRF"
    r"|Forbidden \(Origin checking failed|invalid csrf token|EBADCSRFTOKEN|CSRF token (?:mismatch|missing)"
    r"|TokenMismatchException|JsonWebTokenError|jwt (?:expired|malformed)|invalid signature",
}  # fmt: skip
_NAMES = (
    re.compile(
        r"(redirect_uri_mismatch|invalid_client|invalid_grant|unauthorized_client|csrf_detected|SMTP\w+Error|EAUTH"
        r"|InvalidAccessKeyId|SignatureDoesNotMatch|AccessDenied\b|AuthenticationError|LoginFailure|disallowed intents"
        r"|[Ii]nvalid token|InvalidAuthenticityToken|CSRF)"
    ),
)


def check(facts: Facts) -> Iterator[Finding]:
    told: set[int] = set()
    for sign, sure, harm in (
        ("auth oauth", 0.88, False),
        ("auth mail", 0.95, False),
        ("auth service", 0.92, False),
        ("auth file", 0.9, True),
        ("auth app", 0.72, True),
    ):
        notes = [note for note in hits(facts, sign) if id(note) not in told and "pg_hba.conf" not in note.text]
        told |= {id(note) for note in notes}
        yield from findings(
            facts,
            "permission-or-auth",
            by_subject(notes, _NAMES),
            _describe,
            sure=sure,
            needs_harm=harm,
            worst="high",
            explains=("app-exception",),
        )


def _describe(name: str, found: Blame) -> tuple[str, tuple[Remedy, ...]]:
    text = found.notes[0].text.strip()
    if name == "redirect_uri_mismatch":
        return "The sign-in provider refuses the app's call-back address (redirect_uri_mismatch)", (
            Remedy("Register this app's call-back address, with https and its exact host name, at the provider."),
        )
    if re.search(SIGNS["auth mail"], text):
        return f"The mail server refuses the app (`{text[:160]}`)", (
            Remedy("Set the mail provider's user name and key again, and verify the sender.", "heroku config --json"),
        )
    if re.search(SIGNS["auth file"], text):
        return f"The file system refuses the app (`{text[:160]}`)", (
            Remedy("Write to /tmp only, and keep what must last in S3 or the database."),
        )
    return f"Access was refused (`{text[:160]}`)", (
        Remedy("Compare the names of the credentials that are set with those the code reads.", "heroku config --json"),
    )


RULE = Rule(
    slugs=("permission-or-auth",),
    check=check,
    signs=SIGNS,
    catches=(
        """2026-03-14T09:00:03.000000+00:00 app[web.1]: Net::SMTPAuthenticationError (535 Authentication failed: Bad username / password
2026-03-14T09:00:03.100000+00:00 heroku[router]: at=info method=POST path="/contacts" host=shop.example.com request_id=1f0e4f6f-8d8d-4b2c-9d4e-5f601f0e4f6f fwd="192.0.2.7" dyno=web.1 connect=0ms service=40ms status=500 bytes=141 protocol=https
""",
    ),
    ignores=(
        """2026-03-14T09:00:03.000000+00:00 app[web.1]: auth --> JsonWebTokenError: jwt malformed
""",
    ),
)
