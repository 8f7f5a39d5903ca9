"""Tokens that are known by their own shape, whatever stands around them. Data: kind, and an RE2 expression over bytes.

Sources: the vendors' documents on token formats, and the public rule sets of gitleaks and GitHub secret scanning (2026).
Bodies are shorter here than the full tokens, so that a token cut by the end of a line is found too. Identifiers that are no
secrets stay: ``pk_live_``, ``pi_``, ``cus_``, ``evt_``, Twilio's ``AC…``, Slack's channel ids, public Sentry keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .expressions import compile_re2
from .marks import Span
from .values import looks_random

AWS_ID = r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,16}"
_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"

# Prefixes that no ordinary word has: found anywhere, also glued to something else.
_PREFIXED: tuple[tuple[str, str], ...] = (
    ("heroku-token", r"HRKU-[\w\-]{6,}"),
    ("aws-key", r"(?:bedrock-api-key-|ABSK)[A-Za-z0-9+/=]{30,}|amzn\.mws\." + _UUID),
    ("vendor-token", r"(?:sk|rk)_(?:live|test|prod)_[A-Za-z0-9]{6,}|whsec_[A-Za-z0-9+/=]{8,}|sk_org_[A-Za-z0-9]{8,}"),  # Stripe
    ("vendor-token", r"gh[opsur]_[A-Za-z0-9]{16,}|github_pat_\w{10,}"),
    ("vendor-token", r"gl(?:pat|ptt|dt|rt|cbt|agent|oas|ft|imt|soat|ffct|wt)-[\w\-.]{10,}|GR1348941[\w\-]{10,}"),  # GitLab
    ("vendor-token", r"xox[abceoprs](?:\.xox[bp])?-[\w\-]{8,}|xapp-\d-[\w\-]{8,}"),  # Slack
    ("vendor-token", r"hooks\.slack\.com/(?:services|workflows|triggers)/[\w/\-]{8,}"),
    ("vendor-token", r"discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d{10,}/[\w\-]{8,}"),
    ("vendor-token", r"webhook\.office\.com/webhookb2/[\w@\-/]{20,}|hooks\.zapier\.com/hooks/catch/\w+/\w{5,}"),
    ("vendor-token", r"api\.telegram\.org/(?:file/)?bot\d{6,}:[\w\-]{8,}|maker\.ifttt\.com/trigger/\w+/(?:json/)?with/key/[\w\-]{10,}"),
    ("vendor-token", r"GOCSPX-[\w\-]{8,}|AIza[\w\-]{16,}|ya29\.[\w\-.]{10,}|apps\.googleusercontent\.com-secret-[\w\-]{8,}"),
    ("vendor-token", r"sk-(?:proj|svcacct|admin|None|ant|or|lf|kimi)-[\w\-]{8,}|T3BlbkFJ[\w\-]{8,}"),  # OpenAI, Anthropic, …
    ("vendor-token", r"nvapi-[\w\-]{16,}|pplx-[A-Za-z0-9]{16,}|lsv2_(?:pt|sk)_\w{10,}|tvly-[\w\-]{10,}|pcsk_\w{10,}|xai-\w{20,}"),
    ("vendor-token", r"dckr_(?:pat|oat)_[\w\-]{8,}|pypi-AgE[\w\-]{10,}|rubygems_[0-9a-f]{10,}|CLOJARS_[a-z0-9]{20,}"),
    ("vendor-token", r"do[opr]_v1_[0-9a-f]{10,}|FlyV1 fm\d[\w,+/=]{10,}|fm[12][ar]?_[\w+/=]{30,}|sbp_[0-9a-f]{20,}|sb_secret_[\w\-]{8,}"),
    ("vendor-token", r"pscale_(?:tkn|pw|oauth|otkn)_[\w.\-=]{10,}|mdb_sa_(?:sk|id)_[\w\-]{10,}|nfp_[A-Za-z0-9]{20,}"),
    ("vendor-token", r"\.atlasv1\.[\w\-]{20,}|hv[sbr]\.[\w\-]{10,}|dp\.(?:pt|st|ct|sa|scim|audit|said)\.[\w.\-]{10,}"),
    ("vendor-token", r"AGE-SECRET-KEY-1[A-Z0-9]{8,}|ops_eyJ[\w\-+/=]{10,}|A3-[A-Z0-9]{6}-[A-Z0-9\-]{20,}"),
    ("vendor-token", r"glsa_\w{20,}|glc_[\w+/=]{20,}|NR(?:AK|II|RA|IQ|AA)-[\w\-]{10,}|NRJS-[0-9a-f]{10,}|sntry[sua]_[\w+/=.\-]{10,}"),
    ("vendor-token", r"hc[abx]ik_\w{16,}|phx_\w{16,}|hb[pa]_\w{20,}|ddapp?_\w{20,}|dt0[a-z]\d\d\.[A-Z0-9]{10,}\.?[A-Z0-9]*"),
    ("vendor-token", r"shp(?:at|ca|pa|ss|ua|tka)_[0-9a-fA-F]{10,}|sq0(?:atp|csp|idp)-[\w\-]{10,}|access_token\$\w+\$\w{8,}\$\w{10,}"),
    ("vendor-token", r"FLWSECK(?:_TEST)?-\w{10,}|EZ[AT]K[a-zA-Z0-9]{30,}|shippo_(?:live|test)_\w{10,}|duffel_(?:live|test)_[\w\-=]{10,}"),
    ("vendor-token", r"lin_(?:api|oauth|wh)_\w{10,}|ntn_[A-Za-z0-9]{20,}|figd[rh]?_[\w\-]{10,}|CFPAT-[\w\-]{10,}|PMAK-[0-9a-f]{10,}[\w\-]*"),
    ("vendor-token", r"ATATT3[\w\-=]{20,}|ATCTT3[\w\-=]{20,}|ATBB[A-Za-z0-9]{20,}|CCIP(?:AT|RJ)_\w{10,}|bk[uc][at]_\w{20,}"),
    ("vendor-token", r"tskey-(?:auth|api|client|scim|webhook)-[\w\-]{8,}|xkeysib-[\w\-]{10,}|xsmtpsib-[\w\-]{10,}|pul-[0-9a-f]{20,}"),
    ("vendor-token", r"FCM[A-Za-z]*:APA91[\w\-]{20,}|AAAA[\w\-]{7}:[\w\-]{80,}|rdme_\w{30,}|pnu_\w{30,}|sha256~[\w\-]{40,}|shpss_\w{10,}"),
    ("vendor-token", r"cmVmdGtu[A-Za-z0-9]{20,}|AKCp[A-Za-z0-9]{30,}|oy2[a-z0-9]{43}|dop_v1_\w{10,}|ico-[A-Za-z0-9]{32}"),
    ("vendor-token", r"SWMTKN-1-[\w\-]{20,}|K10[0-9a-f]{30,}::server:\w+|vault:v\d:[A-Za-z0-9+/=]{20,}|EAACEdEose0cBA\w+"),
    ("jwt", r"eyJ[\w\-]{6,}\.[\w\-]{2,}(?:\.[\w\-]*){0,4}"),
    ("vendor-token", r"http-intake\.logs\.[\w.\-]+/(?:api/)?v\d/input/[0-9a-f]{20,}|sumologic\.com/receiver/v\d/http/[\w+/=\-]{20,}"),
    ("vendor-token", r"loggly\.com/(?:inputs|bulk)/[\w\-]{20,}|hc-ping\.com/[\w\-]{20,}|nosnch\.in/[0-9a-f]{8,}|api\.netlify\.com/build_hooks/[0-9a-f]{16,}"),
    ("vendor-token", r"events\.pagerduty\.com/integration/[0-9a-f]{20,}|hook\.(?:[a-z0-9]+\.)?(?:make|integromat)\.com/[a-z0-9]{20,}"),
    ("vendor-token", r"tgp_v1_[\w\-]{20,}|A21AA[\w\-]{40,}|os_v2_(?:app|org)_[a-z0-9]{30,}|sec-c-[A-Za-z0-9+/=]{30,}|klarna_(?:live|test)_api_[\w\-+/=]{10,}"),
    ("vendor-token", r"s-s4t2(?:ud|af)-[0-9a-f]{20,}|sm_(?:aat|pat|sat)_\w{10,}|ATTA[0-9a-f]{30,}|p8e-[A-Za-z0-9]{32}|secret-token:[\w%.\-]{8,}"),
    ("vendor-token", r"v[1-4]\.(?:local|public)\.[\w\-]{40,}|CfDJ8[\w\-]{40,}|eyJrIjoi[A-Za-z0-9+/=]{40,}|eyJpdiI6[A-Za-z0-9+/=]{40,}"),
    ("private-key", r"MII[A-Za-z0-9+/]{3}IBA[AD][A-Za-z0-9+/=\\nr]{24,}|MHcCAQEEI[A-Za-z0-9+/=\\nr]{24,}|MIG[A-Za-z0-9]AgEAM[A-Za-z0-9+/=\\nr]{24,}"),
    ("private-key", r"b3BlbnNzaC1rZXktdjE[A-Za-z0-9+/=\\nr]{24,}|MC4CAQAwBQYDK2Vw[A-Za-z0-9+/=\\nr]{20,}"),
    ("password", r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{20,}|\$argon2[id]{1,2}\$[\w=,$+/.\-]{30,}|pbkdf2(?:_sha|:sha)(?:256|512|1)(?::\d+)?\$(?:\d+\$)?[\w+/=$]{20,}"),
    ("password", r"\$[156y]\$(?:rounds=\d+\$)?[./A-Za-z0-9]{4,16}\$[./A-Za-z0-9]{22,}|scrypt:\d+:\d+:\d+\$\w+\$[0-9a-f]{32,}"),
)  # fmt: skip

# Short or ordinary prefixes: only at the edge of a word, and with more behind them.
_EDGED: tuple[tuple[str, str], ...] = (
    ("aws-key", AWS_ID),
    ("heroku-token", r"[dt]\." + _UUID),
    ("vendor-token", r"sk-[A-Za-z0-9]{20,}|sk-[0-9a-f]{20,}|sess-[A-Za-z0-9]{40}|gsk_[A-Za-z0-9]{20,}|csk-[a-z0-9]{30,}|sk_[0-9a-f]{40,}"),
    ("vendor-token", r"hf_[A-Za-z0-9]{20,}|api_org_[A-Za-z0-9]{20,}|r8_[A-Za-z0-9]{20,}|npm_[A-Za-z0-9]{20,}|fc-[0-9a-f]{32}"),
    ("vendor-token", r"SG\.[\w\-]{10,}(?:\.[\w\-]+)?|key-[0-9a-f]{20,}|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}|[0-9a-f]{32}-us\d{1,2}|md-[\w\-]{22}"),
    ("vendor-token", r"re_[A-Za-z0-9]{6,}_[A-Za-z0-9]{16,}|1//0[\w\-]{20,}|4/0A[\w\-]{20,}|AQ\.[A-Za-z0-9_\-]{40,}"),
    ("vendor-token", r"dapi[0-9a-f]{16,}(?:-\d)?|d(?:kea|ose)[0-9a-f]{32}|dbt[cus]_[\w\-=]{20,}|rnd_[A-Za-z0-9]{24,}|vc[piark]_[A-Za-z0-9]{20,}"),
    ("vendor-token", r"[0-9a-f]{36}NRAL|(?:sdk|mob|api)-" + _UUID ),
    ("vendor-token", r"\d{6,10}:AA[\w\-]{20,}|[MNO][A-Za-z0-9_\-]{22,27}\.[\w\-]{6}\.[\w\-]{20,}|mfa\.[\w\-]{60,}"),
    ("vendor-token", r"EAA[A-Za-z0-9_\-]{40,}|EAAA[\w\-]{40,}|IG(?:QV|AA)[\w\-]{40,}|AAAAAAAAAAAAAAAAAAAA[\w%\-]{30,}|SK[0-9a-f]{32}"),
    ("vendor-token", r"secret_[A-Za-z0-9]{40,}|pat[A-Za-z0-9]{14}\.[0-9a-f]{20,}|pat-(?:na|eu|ap)\d-" + _UUID + r"|tfp_[\w\-]{30,}|sl\.[\w\-]{60,}"),
    ("vendor-token", r"sq[apu]_[0-9a-f]{40}|sk\.eyJ[\w\-.]{20,}|access-(?:sandbox|development|production)-" + _UUID + r"|sgp_\w{30,}"),
    ("vendor-token", r"(?:live|test)_[A-Za-z0-9]{30,}|LTAI[A-Za-z0-9]{12,24}|AKID[A-Za-z0-9]{32}|AQVN[\w\-]{30,}|y0_[\w\-]{30,}|t1\.[\w\-]{60,}"),
    ("vendor-token", r"v1\.0-[0-9a-f]{24}-[0-9a-f]{60,}|cf[ua]t_\w{30,}|aio_[A-Za-z0-9]{28}|API-[A-Z0-9]{26}|tk-us-[\w\-]{40,}|fio-u-[\w\-=]{40,}"),
    ("vendor-token", r"[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.\-]{20,}|00D[A-Za-z0-9]{12,15}![\w.]{20,}|[A-Za-z0-9]{14}\.atlasv1\.[\w\-]{20,}"),
    ("vendor-token", r"fw_[A-Za-z0-9]{20,}|live_[A-Za-z0-9_\-]{38,}|sk_(?:sbox_|test_)?(?:" + _UUID + r"|[a-z0-9]{26})|pk_[0-9a-f]{34}|4b1d[A-Za-z0-9]{38}"),
    ("vendor-token", r"[ps]at\.[\w\-]{22}\.[0-9a-f]{24}\.[A-Za-z0-9]{16,}|[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk|YC[A-Za-z0-9_\-]{38}|xata_\w{20,}"),
    ("vendor-token", r"u\d{6,9}-[0-9a-f]{24}|oauth:[a-z0-9]{30}"),
    ("vendor-token", r"\d/\d{10,}(?:/\d{10,})?:[0-9a-f]{32}|u\+[\w\-]{18}|dnkey-[\w\-=]{20,}|napi_[a-z0-9]{40,}|rzp_(?:live|test)_[A-Za-z0-9]{10,}"),
)  # fmt: skip

# What a token looks like that the end of its line has cut.
_CUT: tuple[tuple[str, str], ...] = (
    ("aws-key", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{4,}"),
    ("heroku-token", r"HRKU-[\w\-]+|\b[dt]\.[0-9a-f]{8}-[0-9a-f\-]*"),
    ("jwt", r"eyJ[\w\-]{6,}[.\w\-]*"),
    ("password", r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]*"),
    (
        "vendor-token",
        r"(?:(?:sk|rk)_(?:live|test)_|whsec_|gh[opsur]_|github_pat_|gl(?:pat|ptt|dt|rt)-|xox[abceoprs]-|xapp-|AIza|ya29\.|GOCSPX-|"
        r"sk-(?:proj|ant|svcacct|or|admin)-|pypi-A|rubygems_|do[opr]_v1_|NRAK-|shp(?:at|ca|pa|ss)_|sq0(?:atp|csp|idp)-|hv[sbr]\.|"
        r"dp\.(?:pt|st|ct|sa)\.|lin_api_|gls[ac]_|sntry[su]_|xkeysib-|tskey-|ATATT|PMAK-|ntn_|figd_|pscale_|sbp_|dckr_[po]at_|"
        r"AGE-SECRET-KEY-)[\w\-+/=.]+|"
        r"\b(?:(?:SG\.|key-|sk-|npm_|hf_|dapi|gsk_|EAA|1//0|sdk-|pat|\d{8,10}:AA)[\w\-./]{8,})",
    ),
)  # fmt: skip

_ALL = (
    [(kind, f"(?:{shape})") for kind, shape in _PREFIXED]
    + [(kind, rf"\b(?:{shape})") for kind, shape in _EDGED]
    + [(kind, rf"(?:{shape})\Z") for kind, shape in _CUT]
)
_ALL.sort(key=lambda entry: (entry[1].endswith("Z"), entry[0] == "vendor-token"))  # the most telling kind first
_EXACT = re.compile("|".join(f"({shape})" for _, shape in _ALL).encode())


def _roughly(shape: str) -> str:
    """The shape with short repeats only, which finds more and keeps RE2's automaton small."""
    return re.sub(r"\{(\d+)(,?)\d*\}", lambda n: n[0] if int(n[1]) <= _ROUGH_REPEAT else f"{{{_ROUGH_REPEAT},}}", shape)


_ROUGH_REPEAT = 6
TRIGGER = "|".join(
    [_roughly(shape) for _, shape in _PREFIXED]
    + [rf"(?:\b|\\[nrt])(?:{_roughly(shape)})" for _, shape in _EDGED]
    + [rf"(?:{_roughly(shape)})(?m:$)" for _, shape in _CUT]
)
"""Every vendor's shape, for the engine's first look over a text; an edge may also be an escaped line end."""

_ROUGH = compile_re2("|".join(_roughly(shape).replace(r"\Z", "$") for _, shape in _ALL).encode())
_REST = re.compile(rb"[\w\-]{0,8192}+")
_SLACK = re.compile(
    rb"(?:services|workflows|triggers|webhooks/\d+|webhookb2|catch|key|bot|input|http|inputs|bulk|hc-ping\.com|nosnch\.in|build_hooks|integration|(?:make|integromat)\.com)/?"
)

_AWS_SECRET = re.compile(rb"(?<![A-Za-z0-9/+=_.\-])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+_\-])")
_AWS_BESIDE = re.compile(AWS_ID.encode() + rb"[ \t:,;|/]{1,3}([A-Za-z0-9/+]{12,40}+)\Z")  # cut by the end of the line
_AWS_NEAR = re.compile(AWS_ID.encode())
_TWILIO_PAIR = re.compile(rb"\bAC[0-9a-f]{32}[:/, \"'\\]{1,8}([0-9a-f]{32})\b")
_VAULT = re.compile(rb"(?<![\w.\-/])[sb]\.([A-Za-z0-9]{24})(?![\w.(\-])")
_VAULT_ROUGH = compile_re2(rb"\b[sb]\.[A-Za-z0-9]{24}")
_SIGNED = re.compile(rb"(?<![\w+/=%\-])((?:eyJ|BAh)[\w+/=%]{16,8192}+--[0-9a-f]{40,128}+)(?!\w)")  # Rails' signed ids
_JWK = re.compile(rb"\\{0,7}\"(?:d|p|q|dp|dq|qi|k)\\{0,7}\"\s{0,2}:\s{0,2}\\{0,7}\"([\w\-=]{20,2048}+)")
_RSA_XML = re.compile(rb"<(?:P|Q|DP|DQ|InverseQ|D)>([A-Za-z0-9+/=]{20,2048}+)<")
_WEBHOOK_SIGNATURE = re.compile(rb"\bv[01]=([0-9a-f]{32,128}+)\b")
_PAYMENT_SECRET = re.compile(rb"\b(?:pi|seti|src|cs|ephkey)_[A-Za-z0-9]{8,64}_secret_([A-Za-z0-9]{6,128}+)")


def find(text: bytes) -> Iterator[Span]:
    """Tokens known by their shape."""
    at = 0
    while rough := _ROUGH.search(text, at):
        match = _EXACT.match(text, rough.start())
        if match is None:
            at = rough.start() + 1
            continue
        start, at = match.span()
        kind = _ALL[(match.lastindex or 1) - 1][0]
        if kind == "vendor-token":
            if b"/" in match[0] and (where := _SLACK.search(match[0])):
                start += where.end()
            if not looks_random(text[start:at], 6, uuid_counts=True) and at < len(text):
                continue
        if kind == "jwt" and text[start - 3 : start] == b"pk.":  # a public key of Mapbox
            continue
        rest = _REST.match(text, at)
        at = rest.end() if rest else at
        yield Span(start, at, kind)
    if _AWS_NEAR.search(text):
        for match in _AWS_SECRET.finditer(text):
            if looks_random(match[0], 12):
                yield Span(match.start(), match.end(), "aws-key")
        if (beside := _AWS_BESIDE.search(text)) and looks_random(beside[1], 12):
            yield Span(beside.start(1), beside.end(1), "aws-key")
    if b"AC" in text:
        for match in _TWILIO_PAIR.finditer(text):
            yield Span(match.start(1), match.end(1), "vendor-token")
    if b"ignature" in text:
        for match in _WEBHOOK_SIGNATURE.finditer(text):
            yield Span(match.start(1), match.end(1), "signature")
    if b"s." in text or b"b." in text:
        for match in _VAULT.finditer(text) if _VAULT_ROUGH.search(text) else ():
            if sum(48 <= byte <= 57 for byte in match[1]) > 1 and looks_random(match[1], 20):
                yield Span(match.start(), match.end(), "vendor-token")
    if b"--" in text:
        for match in _SIGNED.finditer(text):
            yield Span(match.start(1), match.end(1), "signature")
    if b"kty" in text:
        for match in _JWK.finditer(text):
            yield Span(match.start(1), match.end(1), "private-key")
    if b"RSAKeyValue" in text:
        for match in _RSA_XML.finditer(text):
            yield Span(match.start(1), match.end(1), "private-key")
    if b"_secret_" in text:
        for match in _PAYMENT_SECRET.finditer(text):
            yield Span(match.start(1), match.end(1), "vendor-token")
