"""Keys of well-known services, told by the prefixes that their issuers gave them."""

from __future__ import annotations

from assignment_actions.domain.redacting.patterns import Lazy

CLOUD_KEY = "[cloud key]"


def _alone(prefix: str) -> str:
    r"""Find the prefix where a word begins, also after \n and %20 where escaped."""
    return (
        rf"{prefix}(?:(?<![A-Za-z0-9_-]{prefix})"
        rf"|(?<=\\[nrt]{prefix})|(?<=%[0-9A-Fa-f][0-9A-Fa-f]{prefix}))"
    )


_END = r"(?![A-Za-z0-9])"
_SERVICES = (
    # what a text must hold for a look; what finds the key
    ("AKIA", _alone("AKIA") + r"[0-9A-Z]{16}" + _END),  # AWS
    ("ASIA", _alone("ASIA") + r"[0-9A-Z]{16}" + _END),
    ("AIza", _alone("AIza") + r"[\w-]{30,}+"),  # Google
    ("ya29.", _alone(r"ya29\.") + r"[\w.-]{10,}+"),
    ("GOCSPX-", r"GOCSPX-[\w-]{20,}+"),
    ("gh", r"gh[oprsu]_[A-Za-z0-9]{20,}+"),  # GitHub
    ("github_pat_", r"github_pat_\w{20,}+"),
    ("gl", r"gl(?:pat|dt|rt|ptt)-[\w.-]{20,}+"),  # GitLab
    ("xox", r"xox[abceoprs](?:\.xox[bp])?+-[\w-]{10,}+"),  # Slack
    ("xapp-", r"xapp-[\w-]{10,}+"),
    ("hooks.slack", r"(?<=hooks\.slack\.com/services/)[\w/]{10,}+"),
    ("k_live_", r"[rs]k_live_[A-Za-z0-9]{10,}+"),  # Stripe
    ("k_test_", r"[rs]k_test_[A-Za-z0-9]{10,}+"),
    ("whsec_", r"whsec_[A-Za-z0-9+/=]{16,}+"),
    ("SG.", _alone(r"SG\.") + r"[\w-]{16,}+\.[\w-]{16,}+"),  # SendGrid
    ("npm_", _alone("npm_") + r"[A-Za-z0-9]{36}" + _END),
    ("pypi-", _alone("pypi-") + r"Ag[\w-]{16,}+"),
    ("sk-", _alone("sk-") + r"(?=[A-Za-z_-]*+[0-9])[\w-]{20,}+"),  # OpenAI, Anthropic
    ("AccountKey=", r"(?<=AccountKey=)[A-Za-z0-9+/=]{20,}+"),  # Azure
    ("SK", _alone("SK") + r"[0-9a-f]{32}" + _END),  # Twilio
    ("_v1_", r"do[opr]_v1_[0-9a-f]{32,}+"),  # DigitalOcean
    ("key-", _alone("key-") + r"[0-9a-f]{32}" + _END),  # Mailgun
    (":AA", r"(?<=bot)[0-9]{6,12}+:AA[\w-]{30,}+"),  # Telegram
    ("/webhooks/", r"(?<=/api/webhooks/)[0-9]{15,20}+/[\w-]{40,}+"),  # Discord
    ("hf_", _alone("hf_") + r"[A-Za-z0-9]{30,}+"),  # Hugging Face
    ("hvs.", _alone(r"hvs\.") + r"[\w-]{20,}+"),  # Vault
    ("shp", r"shp(?:at|ca|pa|ss)_[0-9a-f]{32}"),  # Shopify
    ("dapi", _alone("dapi") + r"[0-9a-f]{32}" + _END),  # Databricks
    ("gl", r"gl(?:sa|c)_[\w+/=]{20,}+"),  # Grafana
)
_PATTERNS = tuple((hint, Lazy(source)) for hint, source in _SERVICES)
# all of them at once, in lower case, each from a letter that is rare in ordinary text
CLOUD_SCOUT = (
    r"a(?<=a[ks]ia)(?=[0-9a-z]{16})"
    r"|k(?:(?<=sk)[0-9a-f]{8}|(?<=slack)\.com/services|(?<=accountk)ey=)"
    r"|z(?<=aiz)a|9(?<=ya29)\.|x(?<=gocspx)-|xox[a-z]|xapp-|g(?<=sg)\.|:aa"
    r"|w(?<=/w)ebhooks/|v(?<=hv)s\.|p(?<=dap)i[0-9a-f]{8}"
    r"|_(?:(?<=[rs]k_)(?:live|test)_|v1_|(?<=gh[oprsu]_)|(?<=github_pat_)|(?<=whsec_)"
    r"|(?<=npm_)|(?<=hf_)|(?<=shp[a-z]{2}_)|(?<=glsa_)|(?<=glc_))"
    r"|-(?:(?<=glpat-)|(?<=gldt-)|(?<=glrt-)|(?<=glptt-)|(?<=sk-)|(?<=pypi-)ag"
    r"|(?<=key-)[0-9a-f]{8})"
)


def without_cloud_keys(text: str) -> str:
    """
    Replace keys of cloud services, wherever they stand.

    >>> without_cloud_keys("pat " + "ghp" + "_" + 36 * "a")
    'pat [cloud key]'
    """
    for hint, pattern in _PATTERNS:
        if hint in text:
            text = pattern().sub(CLOUD_KEY, text)
    return text
