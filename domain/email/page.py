"""The HTML of an invoice's email: tables and inline styles, since mail programs know little else.

Phones get the whole width. Mail programs that show dark pages get dark colours (`dark-…`), others
ignore that. Outlook draws the button from its own markup (VML), others from a padded link.
Sources: caniemail.com; Campaign Monitor, "Bulletproof buttons"; WCAG 2.2, 1.4.3 and 1.4.11.
"""

from string import Template

CARD_LIGHT, CARD_DARK = "#ffffff", "#1f2430"
"""What the button lies on."""

PAGE = Template("""\
<!DOCTYPE html>
<html lang="en" xmlns:v="urn:schemas-microsoft-com:vml"
 xmlns:o="urn:schemas-microsoft-com:office:office">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="x-apple-disable-message-reformatting">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>$subject</title>
<!--[if mso]><xml><o:OfficeDocumentSettings><o:PixelsPerInch>96</o:PixelsPerInch>
</o:OfficeDocumentSettings></xml><![endif]-->
<style>
:root { color-scheme: light dark; supported-color-schemes: light dark; }
body { margin: 0; padding: 0; width: 100%; -webkit-text-size-adjust: 100%; }
table { border-collapse: collapse; mso-table-lspace: 0; mso-table-rspace: 0; }
a { color: inherit; }
@media (max-width: 600px) {
 .edge { padding: 0 !important; }
 .card { border-radius: 0 !important; border-left: 0 !important; border-right: 0 !important; }
 .inside { padding-left: 24px !important; padding-right: 24px !important; }
 .button, .button a { display: block !important; width: auto !important; }
 .button-table { width: 100% !important; }
 .amount { font-size: 34px !important; line-height: 42px !important; }
}
@media (prefers-color-scheme: dark) {
 .dark-page { background: #12151c !important; }
 .dark-card { background: $card_dark !important; border-color: #343b4a !important; }
 .dark-text { color: #f3f4f6 !important; }
 .dark-soft { color: #aeb6c4 !important; }
 .dark-line { border-color: #343b4a !important; }
 .dark-button { border-color: $border_dark !important; }
 .dark-logo { background: #ffffff !important; padding: 8px !important; }
}
</style>
</head>
<body class="dark-page" style="margin:0;padding:0;background:#f3f4f6;">
<div style="display:none;max-height:0;overflow:hidden;mso-hide:all;font-size:1px;color:#f3f4f6;">
$preheader$padding</div>
<table role="presentation" class="dark-page" width="100%" cellpadding="0" cellspacing="0"
 border="0" style="background:#f3f4f6;"><tr>
<td class="edge" align="center" style="padding:32px 16px;">
<!--[if mso]><table role="presentation" width="560" cellpadding="0" cellspacing="0"><tr><td>
<![endif]-->
<table role="presentation" class="card dark-card" width="100%" cellpadding="0" cellspacing="0"
 border="0" style="max-width:560px;background:$card_light;border:1px solid #e5e7eb;
border-radius:12px;border-collapse:separate;overflow:hidden;table-layout:fixed;
font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;">
<tr><td bgcolor="$brand" style="height:6px;line-height:6px;font-size:0;background:$brand;">
&nbsp;</td></tr>
<tr><td class="inside" style="padding:32px 40px 0;">$letterhead</td></tr>
<tr><td class="inside" style="padding:28px 40px 0;">
<p class="dark-soft" style="margin:0;font-size:14px;line-height:20px;color:#5b6472;">
Amount due</p>
<p class="amount dark-text" style="margin:4px 0 6px;font-size:40px;line-height:48px;
font-weight:700;letter-spacing:-0.5px;color:#111827;overflow-wrap:anywhere;">$amount</p>
<p class="dark-text" style="margin:0;font-size:16px;line-height:24px;color:#111827;">
<strong>$due</strong></p>
<p class="dark-soft" style="margin:0;font-size:14px;line-height:22px;color:#5b6472;
overflow-wrap:anywhere;">$about</p>
</td></tr>
$button
<tr><td class="inside" style="padding:28px 40px 0;">
<div class="dark-line" style="border-top:1px solid #e5e7eb;font-size:0;line-height:0;">&nbsp;</div>
</td></tr>
<tr><td class="inside" style="padding:12px 40px 28px;">
$paragraphs
</td></tr>
$footer
</table>
<!--[if mso]></td></tr></table><![endif]-->
</td></tr></table>
</body>
</html>
""")

LOGO = Template("""\
<img class="dark-logo" src="$url" alt="$company" height="48" style="display:block;height:48px;
width:auto;max-width:240px;border:0;border-radius:6px;font-size:20px;line-height:48px;
font-weight:700;color:#111827;">""")

NAME = Template("""\
<p class="dark-text" style="margin:0;font-size:20px;line-height:28px;font-weight:700;
color:#111827;overflow-wrap:anywhere;">$company</p>""")

BUTTON = Template("""\
<tr><td class="inside" style="padding:24px 40px 0;">
<!--[if mso]>
<v:roundrect xmlns:w="urn:schemas-microsoft-com:office:word" href="$url" arcsize="17%"
 style="height:48px;v-text-anchor:middle;width:240px;" strokecolor="$border" fillcolor="$brand">
<w:anchorlock/><center style="color:$on_brand;font-family:Arial,sans-serif;font-size:17px;
font-weight:bold;">$label</center></v:roundrect>
<![endif]--><!--[if !mso]><!-->
<table role="presentation" class="button-table" cellpadding="0" cellspacing="0" border="0"
 style="border-collapse:separate;"><tr>
<td class="button dark-button" align="center" bgcolor="$brand" style="border-radius:8px;
background:$brand;border:1px solid $border;">
<a id="pay" href="$url" target="_blank" rel="noopener" style="display:inline-block;min-width:176px;
padding:14px 32px;font-size:17px;line-height:20px;font-weight:700;text-align:center;
text-decoration:none;color:$on_brand;border-radius:8px;">$label</a></td>
</tr></table><!--<![endif]-->
</td></tr>""")

PARAGRAPH = Template("""\
<p class="dark-text" style="margin:16px 0 0;font-size:16px;line-height:25px;color:#1f2937;
overflow-wrap:anywhere;">$text</p>""")

FOOTER = Template("""\
<tr><td class="inside dark-line dark-soft" style="padding:20px 40px 24px;border-top:1px solid
#e5e7eb;font-size:13px;line-height:20px;color:#5b6472;overflow-wrap:anywhere;">$text</td></tr>""")

# Keeps mail programs from filling the preview line with what follows.
PREVIEW_PADDING = "&#847;&zwnj;&nbsp;" * 60
