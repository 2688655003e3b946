"""A small valid PDF of an invoice: one page, its number, contact, dates, lines and total."""

from infra.sandbox.wire import Document

_LINES = 30  # what one page holds
_FONTS = b"/Resources << /Font << /F1 5 0 R >> >>"


def pdf(invoice: Document) -> bytes:
    """Return the document for a rendered invoice."""
    text = " T* ".join(f"({_escape(line)}) Tj" for line in _lines(invoice))
    content = f"BT /F1 12 Tf 18 TL 72 770 Td {text} ET".encode("cp1252", "replace")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R %s >>" % _FONTS,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    )
    document = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(document)
    document += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for offset in offsets:
        document += b"%010d 00000 n \n" % offset
    document += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    document += b"startxref\n%d\n%%%%EOF\n" % start
    return bytes(document)


def _lines(invoice: Document) -> list[str]:
    money = invoice["CurrencyCode"]
    heading = [
        f"Invoice {invoice.get('InvoiceNumber', '')}",
        str(invoice.get("Contact", {}).get("Name", "")),
        f"Due {str(invoice.get('DueDateString', ''))[:10]}",
    ]
    billed = [
        f"{' '.join(line.get('Description', '').split())[:60]}  {money} {line['LineAmount']}"
        for line in invoice["LineItems"][:_LINES]
    ]
    return [*heading, *billed, f"Total {money} {invoice['Total']}"]


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
