"""A small valid PDF of an invoice: one page, its number, contact and total."""

from infra.sandbox.wire import Document

_FONTS = b"/Resources << /Font << /F1 5 0 R >> >>"


def pdf(invoice: Document) -> bytes:
    """Return the document for a rendered invoice."""
    lines = (
        f"Invoice {invoice.get('InvoiceNumber', '')}",
        str(invoice.get("Contact", {}).get("Name", "")),
        f"Total {invoice['CurrencyCode']} {invoice['Total']}",
    )
    text = " T* ".join(f"({_escape(line)}) Tj" for line in lines)
    content = f"BT /F1 14 Tf 18 TL 72 770 Td {text} ET".encode("latin-1", "replace")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R %s >>" % _FONTS,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
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


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
