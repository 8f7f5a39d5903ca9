"""Settings of accounts and mail, which `triage.settings` takes over whole.

============================  ==========================================================
TRIAGE_SIGNUP                 ``invitation`` (default): accounts are made by who was invited; ``open``: by anyone
MAIL_URL                      ``smtp://user:password@host:587`` (STARTTLS) or ``smtps://…:465``; empty: no mail is sent
MAIL_FROM                     sender of mails
OIDC_ISSUER                   address of a company's OpenID Connect provider, for single sign-on
OIDC_CLIENT_ID, _SECRET       as the provider gave them
OIDC_NAME                     what the button says; default: the host of the issuer
OIDC_DOMAINS                  domains of mail addresses that are admitted, by commas; default: all that the provider has
OIDC_TRUST_EMAIL              1 takes all addresses of the provider as confirmed; for those that never say so (Entra ID)
OIDC_TEAM                     slug of the team that people who get an account so join at once, as members
OIDC_FORM_ORIGINS             further origins that the provider's sign-in redirects to, for the content policy
TRIAGE_SESSION_HOURS          hours without a request after which a session ends; default 12, on one machine 336
============================  ==========================================================
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from triage import env

SIGNUP = env.text("TRIAGE_SIGNUP") or "invitation"
if SIGNUP not in ("invitation", "open"):
    raise ImproperlyConfigured(f"TRIAGE_SIGNUP is {SIGNUP!r}; write invitation or open.")

# -- mail -------------------------------------------------------------------------------------------------------------
MAIL_URL = env.text("MAIL_URL")
MAIL_IS_ON = bool(MAIL_URL)
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
EMAIL_TIMEOUT = 5
if MAIL_IS_ON:
    _mail = urlsplit(MAIL_URL)
    if _mail.scheme not in ("smtp", "smtps") or not _mail.hostname:
        raise ImproperlyConfigured("MAIL_URL must look like smtp://user:password@host:587 or smtps://…:465.")
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST, EMAIL_PORT = _mail.hostname, _mail.port or (465 if _mail.scheme == "smtps" else 587)
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_mail.username or ""), unquote(_mail.password or "")
    EMAIL_USE_SSL = _mail.scheme == "smtps"
    EMAIL_USE_TLS = _mail.scheme == "smtp" and _mail.hostname not in ("localhost", "127.0.0.1")
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("MAIL_FROM") or "triage@localhost"

# -- accounts ---------------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "django.contrib.auth.backends.ModelBackend",  # of sessions that one-time links began
]
ACCOUNT_ADAPTER = "incidents.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if MAIL_IS_ON else "none"
ACCOUNT_EMAIL_NOTIFICATIONS = MAIL_IS_ON
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Triage] "
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 2
ACCOUNT_CONFIRM_EMAIL_ON_GET = False  # mail scanners open links
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False  # the session at hand stays; `incidents.accounts` ends all others
ACCOUNT_LOGOUT_REDIRECT_URL = "/signin/"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True  # the way in for who is refused after too many attempts of others
ACCOUNT_MAX_EMAIL_ADDRESSES = 5
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # for addresses and second factors
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_USERNAME_BLACKLIST = ["owner", "admin", "all", "everyone", "here", "team", "triage"]  # else mentions confuse
ACCOUNT_RATE_LIMITS = {
    # What an account sees is limited by device in `incidents.accounts`, so that nobody can lock another person out.
    "login_failed": "20/m/ip,100/h/ip",
    "login": "60/m/ip",
    "signup": "20/h/ip",
    "reset_password": "20/h/ip,5/h/key",
    "confirm_email": "1/60s/key",
}
PASSWORD_RESET_TIMEOUT = 3600

MFA_ADAPTER = "incidents.accounts.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Triage"
MFA_ALLOW_UNVERIFIED_EMAIL = not MAIL_IS_ON
MFA_RECOVERY_CODES_SHOW_ONCE = True
USERSESSIONS_TRACK_ACTIVITY = False  # would write a row on every request

# -- single sign-on ---------------------------------------------------------------------------------------------------
OIDC_ISSUER = env.text("OIDC_ISSUER").rstrip("/")
OIDC_TEAM = env.text("OIDC_TEAM")
OIDC_DOMAINS = [domain.lower().lstrip("@") for domain in env.words("OIDC_DOMAINS")]
OIDC_ORIGINS: list[str] = []
SOCIALACCOUNT_ADAPTER = "incidents.sign_on.SocialAdapter"
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {}
SOCIALACCOUNT_APPS: list[str] = ["allauth.socialaccount"]
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_LOGIN_ON_GET = False
if OIDC_ISSUER:
    _issuer = urlsplit(OIDC_ISSUER)
    _client, _secret = env.text("OIDC_CLIENT_ID"), env.text("OIDC_CLIENT_SECRET")
    _is_here = _issuer.scheme == "http" and _issuer.hostname in ("localhost", "127.0.0.1")
    if not _issuer.hostname or not (_issuer.scheme == "https" or _is_here):
        raise ImproperlyConfigured("OIDC_ISSUER must begin with https:// (http:// only on this machine).")
    if not _client or not _secret:
        raise ImproperlyConfigured("OIDC_ISSUER is set, so OIDC_CLIENT_ID and OIDC_CLIENT_SECRET must be, too.")
    SOCIALACCOUNT_APPS.append("allauth.socialaccount.providers.openid_connect")
    OIDC_ORIGINS = [f"{_issuer.scheme}://{_issuer.netloc}", *env.words("OIDC_FORM_ORIGINS")]
    SOCIALACCOUNT_EMAIL_AUTHENTICATION = True  # the one provider that the operator trusts
    SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
    SOCIALACCOUNT_EMAIL_VERIFICATION = ACCOUNT_EMAIL_VERIFICATION
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "company",
                "name": env.text("OIDC_NAME") or _issuer.hostname,
                "client_id": _client,
                "secret": _secret,
                "settings": {
                    "server_url": OIDC_ISSUER,
                    "token_auth_method": "client_secret_basic",
                    "verified_email": env.boolean("OIDC_TRUST_EMAIL", default=False),
                },
            }
        ],
    }
