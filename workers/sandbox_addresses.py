"""Where every platform is while the sandbox stands for them all."""


def sandbox_addresses(url: str) -> dict[str, str]:
    """Return the variables that send every platform's calls to a sandbox."""
    return {
        "SANDBOX_URL": url,
        "FLEET_DELIVER_TO_PRIVATE_ADDRESSES": "1",  # webhooks of ours to this machine
        "XERO_API_URL": f"{url}/xero",
        "XERO_IDENTITY_URL": f"{url}/xero",
        "XERO_LOGIN_URL": f"{url}/xero/identity",
        "SLACK_API_URL": f"{url}/slack/api",
        "POSTMARK_API_URL": f"{url}/postmark",
        "FACEBOOK_API_URL": f"{url}/facebook",
        "CALCOM_API_URL": f"{url}/calcom",
        "ZOOM_API_URL": f"{url}/zoom/v2",
        "ZOOM_OAUTH_URL": f"{url}/zoom/oauth",
    }
